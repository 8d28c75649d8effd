"""The gate's part about quotas."""

from collections.abc import Sequence

from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.control.quotas import QuotaView


class QuotasGate(Entry):
    """Quotas, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def quotas(self, *, user: str | None = None) -> Sequence[QuotaView]:
        """The quotas that count what a user has; of none named all, as far as they may be seen."""
        if user is None and not self.caller.is_admin:
            user = self.caller.user
        self._check(Action.LIST_QUOTAS, f"user {user}" if user else "", owner=user)
        return await self._control.quotas(user=user)

    async def set_quota(
        self,
        subject: str,
        *,
        deployments: int | None,
        cpus: float | None,
        memory_mib: int | None,
    ) -> QuotaView:
        """Set a quota, in the place of what it was."""
        limits = {"deployments": deployments, "cpus": cpus, "memory_mib": memory_mib}
        told = ", ".join(f"{name} {limit:g}" for name, limit in limits.items() if limit is not None)
        async with self._doing(Action.CHANGE_QUOTA, f"quota {subject}: {told}") as caller:
            return await self._control.set_quota(
                subject, deployments=deployments, cpus=cpus, memory_mib=memory_mib, caller=caller
            )

    async def remove_quota(self, subject: str) -> None:
        """Let a user or a group have as much as they like."""
        async with self._doing(Action.CHANGE_QUOTA, f"quota {subject}: none") as caller:
            await self._control.remove_quota(subject, caller=caller)
