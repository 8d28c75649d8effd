"""Use cases about quotas."""

from collections.abc import Sequence
from dataclasses import dataclass

from ripieno.control import principals
from ripieno.control.errors import InvalidRequest, NotFound
from ripieno.control.ledger import Ledger, Quota
from ripieno.control.usage import Use
from ripieno.store.records import QuotaRecord
from ripieno.store.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaView:
    """A quota, and what its users use of it; None: there is no limit.

    That of `everyone` holds for each user by themselves, so that nothing is used of it.
    """

    subject: str
    deployments: int | None
    cpus: float | None
    memory_mib: int | None
    used: Use


class Quotas:
    """The part of the use cases that is about how much may run."""

    _store: Store
    _ledger: Ledger

    async def quotas(self, *, user: str | None = None) -> Sequence[QuotaView]:
        """All quotas that are set, or those that count what a user has."""
        found = await (self._ledger.all() if user is None else self._ledger.quotas_of(user))
        return [self._quota_view(each) for each in found]

    async def set_quota(
        self,
        subject: str,
        *,
        deployments: int | None,
        cpus: float | None,
        memory_mib: int | None,
        caller: str,
    ) -> QuotaView:
        """Set a quota, in the place of what it was. What runs already goes on.

        Raises: `NotFound`, `InvalidRequest`, an `AccessError` for the subject.
        """
        limits = (deployments, cpus, memory_mib)
        if all(each is None for each in limits):
            raise InvalidRequest(f"the quota of {subject} limits nothing; remove it, or say what")
        if any(each is not None and not 0 <= each <= 10**9 for each in limits):
            raise InvalidRequest(f"the quota of {subject} is below 0 or endless; mend it")
        await principals.check_there(self._store, subject)
        record = QuotaRecord(
            subject=subject, deployments=deployments, cpus=cpus, memory_mib=memory_mib
        )
        await self._store.put_quota(record)
        found = {each.subject: each for each in await self._ledger.all()}
        return self._quota_view(found[subject])

    async def remove_quota(self, subject: str, *, caller: str) -> None:
        """Let a user or a group have as much as they like. Raises: `NotFound`."""
        if not await self._store.remove_quota(subject):
            raise NotFound(f"{subject} has no quota; see: ripieno quota list")

    def _quota_view(self, quota: Quota) -> QuotaView:
        return QuotaView(
            subject=quota.subject,
            deployments=quota.deployments,
            cpus=quota.cpus,
            memory_mib=quota.memory_mib,
            used=self._ledger.used(quota.users),
        )
