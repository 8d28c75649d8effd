"""Use cases about the audit trail: the gate writes it, administrators look things up in it."""

from collections.abc import Sequence

from ripieno.control.trail import Trail
from ripieno.store.records import AuditQuery, AuditRecord
from ripieno.store.store import Store


class Audit:
    """The part of the use cases that is about who did what."""

    _store: Store
    _trail: Trail

    def note_audit(self, record: AuditRecord) -> None:
        """Have it stored soon that something was refused or failed."""
        self._trail.note(record)

    async def add_audit(self, record: AuditRecord) -> None:
        """Store what was done. Raises: a `StoreError`."""
        await self._trail.add(record)

    async def audit(
        self, query: AuditQuery, *, after: str | None, limit: int
    ) -> tuple[Sequence[AuditRecord], str | None]:
        """What was done or refused, the latest first, and the cursor to go on with."""
        await self._trail.flush()
        return await self._store.audit(query, after=after, limit=limit)
