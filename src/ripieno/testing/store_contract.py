"""What every store must do, written once: subclass `StoreContract` and give it a `rig` fixture.

Here is what one caller stores; `store_finding_contract` has how it is found again,
`store_commit_contract` what many at a time do. Needs
pytest-asyncio in auto mode.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import dataclasses
from pathlib import Path

import pytest

from ripieno.store.errors import (
    BrokenSeal,
    NameTaken,
    StaleWriter,
    StoreError,
    UnknownSecret,
)
from ripieno.store.idempotency import REMEMBERED
from ripieno.store.records import Batch, HostRecord, IdempotencyRecord
from ripieno.store.registered import Search
from ripieno.store.store import Store, open_store
from ripieno.testing import store_records as some
from ripieno.testing.store_records import Kept, differences
from ripieno.testing.store_rig import ODD_TEXTS, StoreRig


class StoreContract:
    """Subclasses have an async fixture `rig`."""

    @pytest.fixture
    async def store(self, rig: StoreRig) -> Store:
        return await rig.open()

    async def test_new_store_has_nothing(self, store: Store) -> None:
        assert await store.deployments(after=None, limit=10) == ([], None)
        assert (await store.search(Search(sees_all=True))).items == []
        assert await differences(store, "d-1", Kept()) == []
        assert await store.last_event_id() == 0
        assert await store.events_after(0, 10) == []
        assert await store.reconfiguration("r-1") is None
        assert await store.deployment_named("shop") is None
        assert await store.durations("d-1") == {}
        assert await store.application_version("shop") is None
        assert (await store.hosts(), await store.tokens(), await store.secret_names()) == ([],) * 3

    async def test_all_that_is_committed_is_there_for_the_next_server(self, rig: StoreRig) -> None:
        batch = Batch(
            expected_seq=0,
            deployment=some.deployment(),
            reconfigurations=(
                some.reconfiguration("r-1", state="running", started_at=some.at(1), plan={"a": []}),
                some.reconfiguration("r-2", document="name: x", reason="why not"),
            ),
            commands=(some.command(1), some.command(2, state="held"), some.command(3, attempt=2)),
            timers=(some.timer(2), some.timer(1)),
            handles=(some.handle("web"), some.handle("store")),
            marking=some.marking(3),
            events=some.events(3),
        )
        stored = await (await rig.open()).commit("d-1", batch)
        kept = Kept()
        kept.commit("d-1", batch, stored[0].id)
        assert stored == kept.events
        assert [each.seq for each in stored] == [1, 2, 3]
        assert await differences(await rig.open(), "d-1", kept) == []

    async def test_later_batches_change_what_earlier_ones_stored(self, store: Store) -> None:
        first = Batch(
            expected_seq=0,
            deployment=some.deployment(),
            reconfigurations=(some.reconfiguration(),),
            commands=(some.command(1), some.command(2)),
            timers=(some.timer(1), some.timer(2)),
            handles=(some.handle("web"), some.handle("store")),
            marking=some.marking(2),
            events=some.events(2),
        )
        second = Batch(
            expected_seq=2,
            deployment=some.deployment(revision=2, updated_at=some.at(9)),
            reconfigurations=(some.reconfiguration(state="completed", ended_at=some.at(9)),),
            commands=(
                some.command(1, state="done", ended_at=some.at(5)),
                some.command(2, state="failed", ended_at=some.at(5), cause="it broke"),
                some.command(2, attempt=2),
            ),
            timers=(some.timer(2, due_s=120), some.timer(3)),
            timer_stops=(1, 77),
            handles=(some.handle("web", pid=2),),
            handle_removals=("store", "unheard-of"),
            marking=some.marking(3, snapshot="{}"),
            events=some.events(1, first=3),
        )
        kept = Kept()
        for batch in (first, second):
            stored = await store.commit("d-1", batch)
            kept.commit("d-1", batch, stored[0].id)
        assert await differences(store, "d-1", kept) == []

    async def test_batch_without_events_is_stored(self, store: Store) -> None:
        kept = Kept()
        for batch in (
            Batch(expected_seq=0, deployment=some.deployment()),
            Batch(expected_seq=0, handles=(some.handle(),), timers=(some.timer(),)),
            Batch(expected_seq=0),
        ):
            assert await store.commit("d-1", batch) == []
            kept.commit("d-1", batch, 0)
        assert await differences(store, "d-1", kept) == []

    @pytest.mark.parametrize("text", ODD_TEXTS)
    async def test_texts_come_back_as_they_were(self, store: Store, text: str) -> None:
        record = some.deployment(document=text, parameters={text: [text, {"b": 1, "a": 2}]})
        new = some.event(component=text, data={"text": text})
        await store.commit("d-1", Batch(expected_seq=0, deployment=record, events=(new,)))
        found = await store.deployment("d-1")
        assert found == record
        assert found is not None and list(found.parameters[text][1]) == ["b", "a"]
        (stored,) = await store.journal("d-1", after=0)
        assert (stored.component, stored.data) == (text, {"text": text})

    async def test_what_no_database_can_keep_is_replaced(self, store: Store) -> None:
        batch = Batch(
            expected_seq=0,
            deployment=some.deployment(),
            commands=(some.command(cause="a\0b\ud800c"),),
            events=(some.event(data={"said": "a\0b\ud800c"}),),
        )
        await store.commit("d-1", batch)
        (known,) = await store.open_commands("d-1")
        assert known.cause == "a\ufffdb\ufffdc"
        assert [each.data for each in await store.journal("d-1", after=0)] == [
            {"said": "a\0b\ud800c"}
        ]

    async def test_batch_is_stored_whole_or_not_at_all(self, store: Store) -> None:
        await store.commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))
        broken = dataclasses.replace(some.event(3), data={"what": object()})
        with pytest.raises((StoreError, TypeError)):
            await store.commit(
                "d-1",
                Batch(
                    expected_seq=0,
                    deployment=some.deployment(revision=2),
                    commands=(some.command(),),
                    timers=(some.timer(),),
                    handles=(some.handle(),),
                    marking=some.marking(3),
                    reconfigurations=(some.reconfiguration(),),
                    events=(*some.events(2), broken),
                ),
            )
        assert await differences(store, "d-1", Kept(deployment=some.deployment())) == []
        assert len(await store.commit("d-1", Batch(expected_seq=0, events=some.events(2)))) == 2

    async def test_second_writer_is_kept_out(self, rig: StoreRig) -> None:
        first, second = await rig.open(), await rig.open()
        await first.commit(
            "d-1", Batch(expected_seq=0, deployment=some.deployment(), events=some.events(2))
        )
        for late in (
            Batch(expected_seq=0, events=some.events(1), handles=(some.handle(),)),
            Batch(expected_seq=1, events=some.events(1), timers=(some.timer(),)),
            Batch(expected_seq=3, events=some.events(1), marking=some.marking(4)),
        ):
            with pytest.raises(StaleWriter, match="d-1"):
                await second.commit("d-1", late)
        assert (await second.handles("d-1"), await second.timers("d-1")) == ([], [])
        assert await second.marking("d-1") is None
        (stored,) = await second.commit("d-1", Batch(expected_seq=2, events=some.events(1)))
        assert stored.seq == 3

    async def test_name_belongs_to_one_deployment_until_it_is_removed(self, store: Store) -> None:
        mine = some.deployment("d-1", name="shop")
        other = some.deployment("d-2", name="shop")
        await store.commit("d-1", Batch(expected_seq=0, deployment=mine))
        with pytest.raises(NameTaken, match="shop"):
            await store.commit(
                "d-2", Batch(expected_seq=0, deployment=other, events=some.events(1))
            )
        assert await store.journal("d-2", after=0) == []
        assert await store.deployment_named("shop") == mine
        removed = dataclasses.replace(mine, state="removed")
        await store.commit("d-1", Batch(expected_seq=0, deployment=removed))
        await store.commit("d-2", Batch(expected_seq=0, deployment=other))
        assert await store.deployment_named("shop") == other
        assert await store.deployment("d-1") == removed

    async def test_of_a_removed_deployment_the_history_stays(self, store: Store) -> None:
        first = Batch(
            expected_seq=0,
            deployment=some.deployment(),
            reconfigurations=(some.reconfiguration(),),
            commands=(some.command(1, state="done", ended_at=some.at(2)), some.command(2)),
            timers=(some.timer(),),
            handles=(some.handle(),),
            marking=some.marking(2),
            events=some.events(2),
        )
        other = Batch(
            expected_seq=0,
            deployment=some.deployment("d-2"),
            commands=(some.command(1, of="d-2", reconfiguration=None),),
            timers=(some.timer(of="d-2"),),
            handles=(some.handle(of="d-2"),),
            marking=some.marking(0, of="d-2"),
        )
        await store.commit("d-1", first)
        await store.commit("d-2", other)
        last = Batch(
            expected_seq=2,
            deployment=some.deployment(state="removed"),
            events=some.events(1, first=3),
            handles=(some.handle("late"),),
            marking=some.marking(3),
        )
        await store.commit("d-1", last)
        assert (await store.handles("d-1"), await store.timers("d-1")) == ([], [])
        assert (await store.open_commands("d-1"), await store.marking("d-1")) == ([], None)
        assert [each.seq for each in await store.journal("d-1", after=0)] == [1, 2, 3]
        assert await store.reconfiguration("r-1") == some.reconfiguration()
        assert [each.state for each in await store.commands_of("r-1")] == ["done", "dropped"]
        assert await store.deployments(after=None, limit=9) == ([some.deployment("d-2")], None)
        kept = Kept()
        kept.commit("d-2", other, 0)
        assert await differences(store, "d-2", kept) == []

    async def test_hosts_are_kept_by_name(self, store: Store) -> None:
        old = HostRecord(name="lab", config={"port": 22}, created_at=some.START, revision=1)
        new = dataclasses.replace(old, config={"port": 2222}, revision=2)
        other = dataclasses.replace(old, name="a")
        for each in (old, new, other):
            await store.put_host(each)
        assert await store.hosts() == [other, new]
        assert await store.remove_host("lab")
        assert not await store.remove_host("lab")
        assert await store.hosts() == [other]

    async def test_secrets_are_sealed_by_the_key(self, rig: StoreRig, tmp_path: Path) -> None:
        store = await rig.open()
        await store.put_secret("password", "old")
        await store.put_secret("password", "pässword 🎻")
        assert await (await rig.open()).secret("password") == "pässword 🎻"
        assert await store.secret_names() == ["password"]
        with pytest.raises(UnknownSecret, match="other"):
            await store.secret("other")
        stranger = await open_store(rig.url, tmp_path / "other.key")
        try:
            with pytest.raises(BrokenSeal, match="password"):
                await stranger.secret("password")
        finally:
            await stranger.close()
        assert await store.remove_secret("password")
        assert not await store.remove_secret("password")

    async def test_answers_are_remembered_for_a_while(self, store: Store) -> None:
        def answer(key: str, token: str, seconds: float) -> IdempotencyRecord:
            return IdempotencyRecord(
                key=key, token=token, fingerprint="f", status=201, body="{}", at=some.at(seconds)
            )

        first, same = answer("k", "t-1", 0), answer("k", "t-2", 10)
        await store.remember(first)
        await store.remember(same)
        assert await store.recall("k", "t-1", now=some.at(20)) == first
        assert await store.recall("k", "t-2", now=some.at(20)) == same
        assert await store.recall("k", "t-3", now=some.at(20)) is None
        day = REMEMBERED.total_seconds()
        assert await store.recall("k", "t-1", now=some.at(day + 1)) is None
        await store.remember(answer("l", "t-1", day + 1))
        assert await store.recall("k", "t-1", now=some.at(0)) is None
        assert await store.recall("k", "t-2", now=some.at(20)) == same
