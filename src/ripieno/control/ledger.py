"""Who has how much running, and who may have how much: quotas, kept without gaps.

To look at what is used and to take from what is left happens without anything in between: two who
ask at the same time cannot both get the last of it. What was taken stays reserved until the
deployment itself shows it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from ripieno.control import usage
from ripieno.control.errors import QuotaExceeded
from ripieno.control.leading import Leading
from ripieno.control.usage import Use
from ripieno.model.access import EVERYONE, GROUP, USER
from ripieno.store.records import QuotaRecord
from ripieno.store.store import Store

T = TypeVar("T")

_SAID = {
    "deployments": ("running deployment", "running deployments"),
    "cpus": ("CPU", "CPUs"),
    "memory_mib": ("MiB of memory", "MiB of memory"),
}
"""What is counted, of one and of more."""

_SLACK = 1e-9
"""Sums of fractions of cpus are not exact."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """What some users together may have at most; None: as much as they like."""

    subject: str
    users: frozenset[str]
    deployments: int | None = None
    cpus: float | None = None
    memory_mib: int | None = None

    def limits(self) -> Mapping[str, float]:
        """The limits that there are."""
        given = {name: getattr(self, name) for name in _SAID}
        return {name: limit for name, limit in given.items() if limit is not None}


class Ledger:
    """What all deployments use, and what is reserved for those that are about to."""

    def __init__(self, store: Store, leading: Leading) -> None:
        self._store = store
        self._leading = leading
        self._reserved: dict[object, tuple[str, str, Use]] = {}

    async def quotas_of(self, user: str) -> list[Quota]:
        """The quotas that count what a user has: theirs, and those of their groups.

        What their own quota says nothing of is as for everyone.
        """
        records = {each.subject: each for each in await self._store.quotas()}
        found = []
        own, general = records.get(USER + user), records.get(EVERYONE)
        if own is not None or general is not None:
            limits = [each for each in (own, general) if each is not None]
            quota = Quota(
                subject=USER + user,
                users=frozenset({user}),
                deployments=_first(each.deployments for each in limits),
                cpus=_first(each.cpus for each in limits),
                memory_mib=_first(each.memory_mib for each in limits),
            )
            found.append(quota)
        for member in await self._store.members(user=user):
            record = records.get(GROUP + member.group)
            if record is not None:
                found.append(await self._of_group(record))
        return found

    async def all(self) -> list[Quota]:
        """All quotas that are set."""
        return [await self._quota(each) for each in await self._store.quotas()]

    def used(self, users: Iterable[str]) -> Use:
        """What the deployments of some users use together."""
        owners = frozenset(users)
        uses: dict[str, Use] = {}
        for supervisor in self._leading.all:
            if supervisor.state.record.owner in owners:
                uses[supervisor.state.id] = usage.of_state(supervisor.state)
        for deployment, owner, reserved in self._reserved.values():
            if owner in owners:
                uses[deployment] = uses.get(deployment, Use()) | reserved
        return usage.total(uses.values())

    @contextmanager
    def reserve(
        self, deployment: str, *, name: str, owner: str, use: Use, quotas: Iterable[Quota]
    ) -> Iterator[None]:
        """Let a deployment use so much, until the block is left. Raises: `QuotaExceeded`."""
        key = object()
        before = {each.subject: self.used(each.users) for each in quotas}
        self._reserved[key] = (deployment, owner, use)
        try:
            for quota in quotas:
                _check(quota, name, before[quota.subject], self.used(quota.users))
            yield
        finally:
            del self._reserved[key]

    async def _quota(self, record: QuotaRecord) -> Quota:
        if record.subject.startswith(GROUP):
            return await self._of_group(record)
        users = {record.subject.removeprefix(USER)} if record.subject != EVERYONE else set()
        return _quota(record, frozenset(users))

    async def _of_group(self, record: QuotaRecord) -> Quota:
        members = await self._store.members(group=record.subject.removeprefix(GROUP))
        return _quota(record, frozenset(each.user for each in members))


def _check(quota: Quota, name: str, before: Use, after: Use) -> None:
    for dimension, limit in quota.limits().items():
        used, then = getattr(before, dimension), getattr(after, dimension)
        if then > limit + _SLACK and then > used + _SLACK:
            raise QuotaExceeded(
                f"the quota of {quota.subject} is {_number(limit)} {_unit(dimension, limit)}, with "
                f"{_number(used)} in use; {name} would take {_number(then - used)} more: stop or "
                "remove something, or ask an administrator for more"
            )


def _unit(dimension: str, amount: float) -> str:
    one, more = _SAID[dimension]
    return one if amount == 1 else more


def _number(amount: float) -> str:
    """Without the noise of sums, and never as a power of ten."""
    return f"{amount:.12g}"


def _quota(record: QuotaRecord, users: frozenset[str]) -> Quota:
    return Quota(
        subject=record.subject,
        users=users,
        deployments=record.deployments,
        cpus=record.cpus,
        memory_mib=record.memory_mib,
    )


def _first(limits: Iterable[T | None]) -> T | None:
    return next((each for each in limits if each is not None), None)
