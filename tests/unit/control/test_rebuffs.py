"""Who was not let in is noted, and not again and again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from ripieno.control.rebuffs import MOST_KEPT, ONCE_IN_S, Rebuffs
from ripieno.control.trail import Trail
from ripieno.model.access import Caller, Role
from ripieno.store.records import AuditRecord

ADA = Caller(user="ada", role=Role.VIEWER, via="session")
BOB = Caller(user="bob", role=Role.VIEWER, via="session")


@dataclass(slots=True)
class Kept:
    """A store that keeps the audit trail and nothing else, and a clock."""

    now: float = 0.0
    records: list[AuditRecord] = field(default_factory=list)

    async def add_audit(self, records: Sequence[AuditRecord]) -> None:
        self.records += records


def noted(kept: Kept, trail: Trail) -> list[tuple[str, str, str | None]]:
    asyncio.run(trail.flush())
    return [(each.user, each.thing, each.reason) for each in kept.records]


def test_the_same_is_noted_once_in_a_while() -> None:
    kept = Kept()
    trail = Trail(kept)  # type: ignore[arg-type]  # all that it needs of a store
    rebuffs = Rebuffs(trail, lambda: kept.now)
    for _ in range(100):
        rebuffs.note(ADA, "shop", "no", address="10.0.0.1")
    assert noted(kept, trail) == [("ada", "route shop", "no")]
    assert kept.records[0].address == "10.0.0.1"
    assert (kept.records[0].action, kept.records[0].result) == ("route.reach", "refused")
    kept.now = ONCE_IN_S - 1
    rebuffs.note(ADA, "shop", "no", address="10.0.0.1")
    assert len(noted(kept, trail)) == 1
    kept.now = ONCE_IN_S
    rebuffs.note(ADA, "shop", "no", address="10.0.0.1")
    assert len(noted(kept, trail)) == 2


def test_others_are_noted_by_themselves() -> None:
    kept = Kept()
    trail = Trail(kept)  # type: ignore[arg-type]  # as above
    rebuffs = Rebuffs(trail, lambda: kept.now)
    for caller, route, reason in (
        (ADA, "shop", "no"),
        (BOB, "shop", "no"),
        (ADA, "desk", "no"),
        (ADA, "shop", "never"),
    ):
        rebuffs.note(caller, route, reason, address="")
    assert len(noted(kept, trail)) == 4


def test_what_is_remembered_does_not_fill_the_memory() -> None:
    kept = Kept()
    rebuffs = Rebuffs(Trail(kept), lambda: kept.now)  # type: ignore[arg-type]  # as above
    for number in range(MOST_KEPT + 10):
        rebuffs.note(ADA, f"route-{number}", "no", address="")
    assert len(rebuffs._noted_at) == MOST_KEPT
