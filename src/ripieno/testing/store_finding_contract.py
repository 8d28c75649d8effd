"""What every store must find again, and in which order: subclass it as `StoreContract`."""
# ruff: noqa: D102  # A test's name is its sentence.

import dataclasses

import pytest

from ripieno.model.access import Caller, Role
from ripieno.store.errors import (
    InvalidCursor,
)
from ripieno.store.records import Batch
from ripieno.store.store import Store
from ripieno.testing import store_records as some
from ripieno.testing.store_rig import StoreRig


class StoreFindingContract:
    """Pages, journals and events; needs an async fixture `rig`."""

    @pytest.fixture
    async def store(self, rig: StoreRig) -> Store:
        return await rig.open()

    async def test_deployments_come_by_name_and_a_page_at_a_time(self, store: Store) -> None:
        names = ["b", "Z", "a", "a-b", "a.b", "é", "a1"]
        for number, name in enumerate(names):
            record = some.deployment(f"d-{number}", name=name)
            await store.commit(record.id, Batch(expected_seq=0, deployment=record))
        found: list[str] = []
        cursor: str | None = None
        while True:
            page, cursor = await store.deployments(after=cursor, limit=2)
            found += [each.name for each in page]
            assert len(page) == 2 or cursor is None
            if cursor is None:
                break
        assert found == sorted(names)
        assert [each.name for each in (await store.deployments(after="b", limit=9))[0]] == ["é"]

    async def test_reconfigurations_come_newest_first_also_those_of_one_moment(
        self, store: Store
    ) -> None:
        moments = {"r-1": 0.0, "r-2": 2.0, "r-3": 2.0, "r-4": 2.000001, "r-5": 1.0}
        made = tuple(
            some.reconfiguration(id, created_at=some.at(each)) for id, each in moments.items()
        )
        batch = Batch(expected_seq=0, deployment=some.deployment(), reconfigurations=made)
        await store.commit("d-1", batch)
        found: list[str] = []
        cursor: str | None = None
        for _ in range(len(made)):
            page, cursor = await store.reconfigurations("d-1", after=cursor, limit=1)
            found += [each.id for each in page]
        assert cursor is None
        assert found == ["r-4", "r-3", "r-2", "r-5", "r-1"]
        assert await store.reconfigurations("d-2", after=None, limit=5) == ([], None)

    @pytest.mark.parametrize("text", ["", "x", "1", "1.", ".r-1", "-1.r", "9" * 30 + ".r", "1e3.r"])
    async def test_cursor_that_was_never_handed_out_is_refused(
        self, store: Store, text: str
    ) -> None:
        with pytest.raises(InvalidCursor):
            await store.reconfigurations("d-1", after=text, limit=5)

    async def test_durations_are_those_of_the_last_success(self, store: Store) -> None:
        done = {"state": "done", "transition": "start"}
        commands = (
            some.command(1, **done, issued_at=some.at(0), ended_at=some.at(9)),
            some.command(2, **done, issued_at=some.at(10), ended_at=some.at(12.5)),
            some.command(3, state="failed", issued_at=some.at(20), ended_at=some.at(90)),
            some.command(4, **done, component="store", issued_at=some.at(0), ended_at=some.at(1)),
            some.command(5),
        )
        batch = Batch(expected_seq=0, deployment=some.deployment(), commands=commands)
        await store.commit("d-1", batch)
        assert await store.durations("d-1") == {("web", "start"): 2.5, ("store", "start"): 1.0}
        assert await store.durations("d-2") == {}

    async def test_events_are_found_by_what_they_are_about(self, store: Store) -> None:
        new = tuple(
            some.event(number, component=component, kind=kind)
            for number, (component, kind) in enumerate(
                [("web", "a"), ("store", "a"), (None, "b"), ("web", "b")], 1
            )
        )
        for id in ("d-1", "d-2"):
            batch = Batch(expected_seq=0, deployment=some.deployment(id), events=new)
            await store.commit(id, batch)

        async def found(
            deployment: str | None = None, component: str | None = None, kind: str | None = None
        ) -> list[tuple[str | None, int]]:
            events = await store.events(
                deployment=deployment, after=0, limit=100, component=component, kind=kind
            )
            return [(each.deployment, each.seq) for each in events]

        assert await found("d-2") == [("d-2", seq) for seq in (1, 2, 3, 4)]
        assert await found("d-1", component="web") == [("d-1", 1), ("d-1", 4)]
        assert await found(kind="b", component="web") == [("d-1", 4), ("d-2", 4)]
        assert await found("d-3") == []
        everything = await store.events_after(0, 100)
        assert everything[-1].id == await store.last_event_id()
        assert await store.events_after(everything[2].id, 3) == everything[3:6]
        assert await store.events_after(everything[-1].id, 3) == []
        for far in (2**31, 2**63 - 1, 2**63, 2**80):
            assert await store.events_after(far, 3) == []

    async def test_long_journal_comes_whole_and_in_order(self, store: Store) -> None:
        count, a_batch = 2500, 500
        await store.commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))
        for seq in range(0, count, a_batch):
            batch = Batch(expected_seq=seq, events=some.events(a_batch, first=seq + 1))
            await store.commit("d-1", batch)
        for after in (0, 1, 999, 1000, 1001, 2499, 2500, 9999):
            found = [each.seq for each in await store.journal("d-1", after=after)]
            assert found == list(range(after + 1, count + 1))

    async def test_deployments_are_listed_for_their_owner_and_readers(self, store: Store) -> None:
        readers = {
            "a": (),
            "b": ("group:neuro", "user:bob"),
            "c": ("everyone",),
            "d": ("group:neuro-lab", "user:adam"),
            "e": ("user:eve", "group:neuro"),
        }
        for name, each in readers.items():
            owner = "ada" if name == "a" else "eve"
            await store.commit(
                name,
                Batch(
                    expected_seq=0,
                    deployment=some.deployment(name, owner=owner, readers=each),
                    events=some.events(2),
                ),
            )
        assert (await store.deployment("b")) == some.deployment(
            "b", owner="eve", readers=("group:neuro", "user:bob")
        )

        async def listed(caller: Caller) -> str:
            first, cursor = await store.deployments(after=None, limit=2, seen_by=caller)
            rest, _ = await store.deployments(after=cursor, limit=9, seen_by=caller)
            found = first if cursor is None else first + rest
            return "".join(each.name for each in found)

        ada = Caller(user="ada", role=Role.VIEWER)
        assert await listed(ada) == "ac"
        assert await listed(dataclasses.replace(ada, groups=frozenset({"neuro"}))) == "abce"
        assert await listed(Caller(user="bob", role=Role.VIEWER)) == "bc"
        assert await listed(Caller(user="neuro", role=Role.VIEWER)) == "c"
        found, _ = await store.deployments(after=None, limit=9, owner="eve")
        assert [each.name for each in found] == ["b", "c", "d", "e"]
        told = await store.events(deployment=None, after=0, limit=99, owner="eve")
        assert [each.deployment for each in told] == [*"bbccddee"]
        assert await store.events(deployment="a", after=0, limit=99, owner="eve") == []
