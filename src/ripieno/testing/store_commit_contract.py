"""What every store must do when many use it at a time: subclass `StoreCommitContract`.

It needs the same `rig` fixture as `StoreContract`.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import asyncio
import dataclasses
import itertools
import random
import time
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ripieno.store.errors import StaleWriter
from ripieno.store.records import Batch, CommandRecord, EventRecord, NewEvent
from ripieno.store.store import Store
from ripieno.testing import store_records as some
from ripieno.testing.store_records import Kept, differences
from ripieno.testing.store_rig import StoreRig

PATIENCE_S = 60.0

_numbers = itertools.count(1)


async def write(store: Store, id: str, batches: int, size: int) -> None:
    """Have a deployment come to be, and then commit events and commands."""
    await store.commit(id, Batch(expected_seq=0, deployment=some.deployment(id)))
    for first in range(0, batches * size, size):
        commands = (some.command(first + 1, of=id, reconfiguration=None),)
        events = some.events(size, first=first + 1)
        await store.commit(id, Batch(expected_seq=first, events=events, commands=commands))


async def read_on(store: Store, count: int, wakened: asyncio.Condition) -> list[EventRecord]:
    """All events up to that count, each read going on from where the last one ended."""
    found: list[EventRecord] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            fresh = await store.events_after(found[-1].id if found else 0, 97)
            found += fresh
            if not fresh:
                async with wakened:
                    await wakened.wait()
    return found


def is_in_order(events: Sequence[EventRecord]) -> bool:
    """Whether ids grow, and the numbers of each deployment begin at 1 and leave out none."""
    last_id = 0
    last_seqs: dict[str | None, int] = {}
    for each in events:
        if each.id <= last_id or each.seq != last_seqs.get(each.deployment, 0) + 1:
            return False
        last_id = each.id
        last_seqs[each.deployment] = each.seq
    return True


class StoreCommitContract:
    """Subclasses have an async fixture `rig`."""

    async def test_twenty_deployments_commit_at_once(self, rig: StoreRig) -> None:
        stores = [await rig.open(), await rig.open()]
        ids = [f"d-{number}" for number in range(20)]
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            for number, id in enumerate(ids):
                group.create_task(write(stores[number % 2], id, batches=10, size=5))
        found = [
            each
            for after in range(0, 1000, 100)
            for each in await stores[0].events_after(after, 100)
        ]
        assert len(found) == 20 * 10 * 5
        assert is_in_order(found)
        for id in ids:
            assert len(await stores[1].journal(id, after=0)) == 50
            assert len(await stores[1].open_commands(id)) == 10

    async def test_readers_that_go_on_miss_nothing_of_what_is_written(self, rig: StoreRig) -> None:
        writers = [await rig.open(), await rig.open()]
        reader = await rig.open()
        wakened = asyncio.Condition()
        is_over = False

        async def wake() -> None:
            while not is_over:
                async with wakened:
                    wakened.notify_all()
                await asyncio.sleep(0.05)

        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            waker = group.create_task(wake())
            readers = [group.create_task(read_on(reader, 800, wakened)) for _ in range(20)]
            for number in range(10):
                writer = writers[number % 2]
                group.create_task(write(writer, f"d-{number}", batches=20, size=4))
            seen = [await each for each in readers]
            is_over = True
            await waker
        assert is_in_order(seen[0])
        assert len(seen[0]) == 800
        assert all(each == seen[0] for each in seen)

    async def test_of_many_writers_of_one_deployment_one_wins_each_turn(
        self, rig: StoreRig
    ) -> None:
        stores = [await rig.open() for _ in range(4)]
        await stores[0].commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))

        async def compete(store: Store, name: str) -> int:
            won = 0
            for seq in range(10):
                event = some.event(kind=name)
                try:
                    await store.commit("d-1", Batch(expected_seq=seq, events=(event,)))
                    won += 1
                except StaleWriter:
                    pass
                async with asyncio.timeout(PATIENCE_S):
                    while len(await store.journal("d-1", after=0)) <= seq:  # noqa: ASYNC110
                        await asyncio.sleep(0.001)
            return won

        won = await asyncio.gather(*(compete(each, f"w{n}") for n, each in enumerate(stores)))
        found = await stores[0].journal("d-1", after=0)
        assert sum(won) == len(found) == 10
        assert is_in_order(found)
        for number, count in enumerate(won):
            assert sum(each.kind == f"w{number}" for each in found) == count

    async def test_cancelled_commit_is_stored_whole_or_not_at_all(self, rig: StoreRig) -> None:
        store = await rig.open()
        await store.commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))
        chance = random.Random(7)
        began_at = time.perf_counter()
        await store.commit("d-1", Batch(expected_seq=0, events=some.events(20)))
        usual_s = time.perf_counter() - began_at
        seq, outcomes = 20, set[bool]()
        for number in range(60):
            handle = some.handle(pid=number)
            batch = Batch(
                expected_seq=seq,
                events=some.events(20, first=seq + 1),
                handles=(handle,),
                timers=(some.timer(number),),
            )
            task = asyncio.create_task(store.commit("d-1", batch))
            await asyncio.sleep(chance.random() * 3 * usual_s if number % 4 else 0)
            task.cancel()
            await asyncio.wait([task])
            # The next commit waits for the one that was given up, and then reading tells.
            await store.put_secret("next", str(number))
            stored = await store.journal("d-1", after=seq)
            known = await store.handles("d-1")
            assert len(stored) in (0, 20)
            assert (handle in known) == bool(stored)
            assert (some.timer(number) in await store.timers("d-1")) == bool(stored)
            seq += len(stored)
            outcomes.add(bool(stored))
        assert outcomes == {False, True}
        assert is_in_order(await store.journal("d-1", after=0))

    async def test_loop_goes_on_while_a_large_batch_is_stored(self, rig: StoreRig) -> None:
        store = await rig.open()
        await store.commit("d-1", Batch(expected_seq=0, deployment=some.deployment()))
        batch = Batch(expected_seq=0, events=some.events(3000))
        task = asyncio.create_task(store.commit("d-1", batch))
        turns = 0
        while not task.done():  # How often it can do this is what is measured.
            await asyncio.sleep(0)
            turns += 1
        assert len(await task) == 3000
        assert turns > 10

    @settings(
        max_examples=40,
        # Examples share the database, and have deployments of their own in it.
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
        ],
    )
    @given(data=st.data())
    async def test_random_batches_lead_to_what_a_model_says(
        self, rig: StoreRig, data: st.DataObject
    ) -> None:
        store = rig.first or await rig.open()
        ids = [f"x-{next(_numbers)}" for _ in range(2)]
        kept = {id: Kept() for id in ids}
        last_id = await store.last_event_id()
        for _ in range(data.draw(st.integers(1, 6))):
            id = data.draw(st.sampled_from(ids))
            batch = data.draw(batches(id, kept[id]))
            stored = await store.commit(id, batch)
            kept[id].commit(id, batch, last_id + 1)
            assert stored == kept[id].events[len(kept[id].events) - len(batch.events) :]
            last_id += len(batch.events)
        for id in ids:
            assert await differences(store, id, kept[id]) == []


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_MOMENTS = st.integers(-(10**9), 10**10).map(lambda number: some.at(number / 1000))
_DATA = st.dictionaries(
    st.text(max_size=4),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
_COMPONENTS = st.sampled_from(["web", "store", "é"])
_SMALL = st.integers(0, 5)
_EVENTS = st.builds(
    NewEvent,
    kind=_TEXTS,
    at=_MOMENTS,
    component=st.none() | _TEXTS,
    reconfiguration=st.none() | _TEXTS,
    data=_DATA,
)


def _commands(id: str) -> st.SearchStrategy[CommandRecord]:
    return st.builds(
        CommandRecord,
        deployment=st.just(id),
        id=_SMALL,
        attempt=st.integers(1, 2),
        reconfiguration=st.sampled_from([None, f"{id}-r0", f"{id}-r1"]),
        component=_COMPONENTS,
        transition=_TEXTS,
        verb=_TEXTS,
        arguments=_DATA,
        state=st.sampled_from(["issued", "held", "done", "failed", "dropped"]),
        cause=st.none() | _TEXTS,
        issued_at=_MOMENTS,
        ended_at=st.none() | _MOMENTS,
    )


@st.composite
def batches(draw: st.DrawFn, id: str, kept: Kept) -> Batch:
    """A batch that a deployment of which that is kept may commit."""
    new = tuple(draw(st.lists(_EVENTS, max_size=4)))
    seq = len(kept.events)
    record = draw(
        st.builds(
            dataclasses.replace,
            st.just(some.deployment(id)),
            state=st.sampled_from(["running", "stopped", "removed"]),
            revision=st.integers(0, 2**31 - 1),
            parameters=_DATA,
            updated_at=_MOMENTS,
        )
    )
    states = st.sampled_from(["queued", "running", "paused", "completed", "failed"])
    commands = draw(
        st.lists(_commands(id), max_size=4, unique_by=lambda each: (each.id, each.attempt))
    )
    reconfigurations = {
        which: some.reconfiguration(
            which, id, state=draw(states), plan=draw(st.none() | _DATA), created_at=draw(_MOMENTS)
        )
        for which in draw(st.sets(st.sampled_from([f"{id}-r0", f"{id}-r1"])))
    }
    return Batch(
        expected_seq=seq,
        deployment=record if kept.deployment is None or draw(st.booleans()) else None,
        events=new,
        commands=tuple(commands),
        timers=tuple(some.timer(each, id, draw(_SMALL)) for each in draw(st.sets(_SMALL))),
        timer_stops=tuple(draw(st.sets(_SMALL))),
        handles=tuple(some.handle(each, id, draw(_SMALL)) for each in draw(st.sets(_COMPONENTS))),
        handle_removals=tuple(draw(st.sets(_COMPONENTS))),
        reconfigurations=tuple(reconfigurations.values()),
        marking=some.marking(seq + len(new), id, draw(_TEXTS)) if draw(st.booleans()) else None,
    )
