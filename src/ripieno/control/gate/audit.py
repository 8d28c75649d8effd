"""The gate's part about the audit trail, which all others write."""

from collections.abc import Sequence

from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.store.records import AuditQuery, AuditRecord


class AuditGate(Entry):
    """The audit trail, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def audit(
        self, query: AuditQuery, *, after: str | None, limit: int
    ) -> tuple[Sequence[AuditRecord], str | None]:
        """A page of what was done or refused, the latest first, and the cursor of the next."""
        self._check(Action.READ_AUDIT)
        return await self._control.audit(query, after=after, limit=limit)
