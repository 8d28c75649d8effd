"""A feed tells each event once to everybody who watches, and keeps no more than its window."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest

from ripieno.api import feed as feeds
from ripieno.api.feed import Feed
from ripieno.control.requests import Source
from ripieno.control.sight import Sight
from ripieno.model.access import Caller, Role
from ripieno.store.records import EventRecord
from tests.fake_control import FakeControl

MOST_S = 60.0


def ids(chunk: bytes) -> list[int]:
    """The ids of the events in a chunk; messages without data are none."""
    found = []
    for message in chunk.decode().split("\n\n"):
        lines = message.split("\n")
        data = [each for each in lines if each.startswith("data: ")]
        if data:
            found.append(json.loads(data[0][6:])["id"])
            assert f"id: {found[-1]}" in lines
    return found


def everything(control: FakeControl, deployment: str | None = None) -> Sight:
    """What an administrator may watch."""
    admin = Caller(user="alice", role=Role.ADMIN)
    return Sight(admin, deployment=deployment, renew=control.renewed, owned=control.owned)


async def take(chunks: AsyncGenerator[bytes], count: int) -> list[int]:
    """The ids of the next events."""
    found: list[int] = []
    async with asyncio.timeout(MOST_S):
        while len(found) < count:
            found += ids(await anext(chunks))
    return found


async def happened(control: FakeControl, feed: Feed, count: int) -> None:
    """Let events happen, and the feed hear of them."""
    async with aclosing(feed.chunks(sight=everything(control), after=0)) as chunks:
        control.record(count=count)
        await take(chunks, count)


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
async def feed(control: FakeControl) -> AsyncGenerator[Feed]:
    feed = Feed(control, window=10, pause_s=0.001, heartbeat_s=0.05)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(feed.run())
        yield feed
        feed.close()
        reading.cancel()


async def test_the_first_chunk_says_where_the_stream_begins(
    control: FakeControl, feed: Feed
) -> None:
    await happened(control, feed, 3)
    async with aclosing(feed.chunks(sight=everything(control), after=None)) as chunks:
        assert await anext(chunks) == b"retry: 1000\nid: 3\n\n"


async def test_events_from_now_on_are_told_in_order(control: FakeControl, feed: Feed) -> None:
    await happened(control, feed, 3)
    async with aclosing(feed.chunks(sight=everything(control), after=None)) as chunks:
        await anext(chunks)
        control.record(count=2)
        control.record()
        assert await take(chunks, 3) == [4, 5, 6]


async def test_a_batch_is_told_as_one_chunk(control: FakeControl, feed: Feed) -> None:
    async with aclosing(feed.chunks(sight=everything(control), after=0)) as chunks:
        await anext(chunks)
        control.record(count=5)
        async with asyncio.timeout(MOST_S):
            while not (found := ids(await anext(chunks))):
                pass
        assert found == [1, 2, 3, 4, 5]


async def test_a_stream_resumes_after_the_event_that_was_told_last(
    control: FakeControl, feed: Feed
) -> None:
    control.record(count=5)
    async with aclosing(feed.chunks(sight=everything(control), after=2)) as chunks:
        assert await take(chunks, 3) == [3, 4, 5]
        control.record()
        assert await take(chunks, 1) == [6]


async def test_only_events_of_the_deployment_are_told(control: FakeControl, feed: Feed) -> None:
    view, _ = await control.deploy_hello("shop")
    async with aclosing(feed.chunks(sight=everything(control, view.id), after=0)) as chunks:
        assert await take(chunks, 1) == [1]
        control.record(count=3)
        control.record(deployment=view.id)
        assert await take(chunks, 1) == [5]


async def test_a_watcher_that_fell_behind_reads_from_the_store(
    control: FakeControl, feed: Feed
) -> None:
    async with aclosing(feed.chunks(sight=everything(control), after=0)) as chunks:
        await anext(chunks)
        for _ in range(10):
            control.record(count=10)
            await asyncio.sleep(0)
        reads = control.reads_of_events
        assert await take(chunks, 100) == list(range(1, 101))
        assert control.reads_of_events > reads


async def test_one_that_fell_behind_misses_nothing_while_events_go_on(
    control: FakeControl, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "CATCH_UP", 7)
    control.record(count=60)

    async def go_on() -> None:
        for _ in range(50):
            control.record(count=4)
            await asyncio.sleep(0.0005)

    async with (
        aclosing(feed.chunks(sight=everything(control), after=0)) as chunks,
        asyncio.TaskGroup() as g,
    ):
        g.create_task(go_on())
        assert await take(chunks, 260) == list(range(1, 261))


async def test_the_window_does_not_grow_with_the_events(control: FakeControl, feed: Feed) -> None:
    async with aclosing(feed.chunks(sight=everything(control), after=None)) as chunks:
        await anext(chunks)
        for _ in range(100):
            control.record(count=10)
            await asyncio.sleep(0)
        await take(chunks, 1000)
    assert feed.size <= 3 * 10


async def test_an_event_becomes_bytes_once_for_all_watchers(
    control: FakeControl, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode = feeds.encode

    def count(record: EventRecord) -> bytes:
        encoded.append(record.id)
        return encode(record)

    monkeypatch.setattr(feeds, "encode", count)
    watchers = [feed.chunks(sight=everything(control), after=None) for _ in range(20)]
    for each in watchers:
        await anext(each)
    control.record(count=8)
    for each in watchers:
        assert await take(each, 8) == list(range(1, 9))
        await each.aclose()
    assert sorted(encoded) == list(range(1, 9))


async def test_an_idle_watcher_is_told_that_the_server_is_there(
    control: FakeControl, feed: Feed
) -> None:
    await happened(control, feed, 7)
    async with aclosing(feed.chunks(sight=everything(control), after=None)) as chunks:
        await anext(chunks)
        async with asyncio.timeout(MOST_S):
            assert await anext(chunks) == b": still here\nid: 7\n\n"


async def test_a_watcher_of_another_deployment_is_told_that_the_server_is_there(
    control: FakeControl, feed: Feed
) -> None:
    async def go_on() -> None:
        while True:
            control.record()
            await asyncio.sleep(0.002)

    async with (
        aclosing(feed.chunks(sight=everything(control, "other"), after=None)) as chunks,
        asyncio.TaskGroup() as group,
    ):
        await anext(chunks)
        going_on = group.create_task(go_on())
        async with asyncio.timeout(MOST_S):
            assert (await anext(chunks)).startswith(b": still here\nid: ")
        going_on.cancel()


async def test_a_failure_of_the_stream_loses_no_event(control: FakeControl, feed: Feed) -> None:
    async with aclosing(feed.chunks(sight=everything(control), after=None)) as chunks:
        await anext(chunks)
        control.record()
        assert await take(chunks, 1) == [1]
        control.error = OSError("the database is away")
        control.record(count=2)
        control.record(count=2)
        assert await take(chunks, 4) == [2, 3, 4, 5]


async def test_closing_ends_streams_that_wait(control: FakeControl, feed: Feed) -> None:
    async with aclosing(feed.chunks(sight=everything(control), after=None)) as chunks:
        await anext(chunks)
        asyncio.get_running_loop().call_soon(feed.close)
        async with asyncio.timeout(MOST_S):
            assert [chunk async for chunk in chunks] == []


async def test_closing_ends_streams_of_a_feed_that_never_began(control: FakeControl) -> None:
    feed = Feed(control)
    asyncio.get_running_loop().call_soon(feed.close)
    async with (
        asyncio.timeout(MOST_S),
        aclosing(feed.chunks(sight=everything(control), after=None)) as all,
    ):
        assert all is not None
        assert sum([len(ids(chunk)) async for chunk in all]) == 0


async def test_a_text_that_is_no_utf_8_is_told_escaped(control: FakeControl) -> None:
    [record] = control.record(data={"text": "\ud800", "number": float("nan")})
    message = feeds.encode(record)
    data = message.split(b"data: ")[1]
    assert json.loads(data)["data"] == {"text": "\ud800", "number": None}
    assert message.count(b"\n") == 4


async def test_a_user_is_told_what_happens_to_their_own_only(
    control: FakeControl, feed: Feed
) -> None:
    mine, _ = await control.deploy(Source(), name="mine", on_failure=None, caller="bob")
    other, _ = await control.deploy_hello("other")
    bob = sight_of(control, "bob")
    expected = [each.id for each in control.records if each.deployment == mine.id]
    async with aclosing(feed.chunks(sight=bob, after=0)) as chunks:
        assert await take(chunks, len(expected)) == expected
        for _ in range(3):
            control.record(deployment=other.id)
            expected = [control.record(deployment=mine.id)[0].id]
            assert await take(chunks, 1) == expected
    await happened(control, feed, 30)  # so that what is older is not in the window any more
    last = control.record(deployment=mine.id)[0].id
    every = [each.id for each in control.records if each.deployment == mine.id]
    async with aclosing(feed.chunks(sight=bob, after=0)) as chunks:
        assert await take(chunks, len(every)) == every
    assert every[-1] == last


async def test_a_stream_ends_when_its_user_is_let_in_no_more(
    control: FakeControl, feed: Feed
) -> None:
    mine, _ = await control.deploy(Source(), name="mine", on_failure=None, caller="bob")
    bob = sight_of(control, "bob")
    async with asyncio.timeout(MOST_S), aclosing(feed.chunks(sight=bob, after=None)) as chunks:
        await anext(chunks)
        control.letting_in = {}
        control.record(deployment=mine.id)
        assert [chunk async for chunk in chunks if ids(chunk)] == []
    assert feed.watching == 0


async def test_who_was_given_a_deployment_is_told_what_happens_to_it_from_then_on(
    control: FakeControl, feed: Feed
) -> None:
    given, _ = await control.deploy_hello("given")
    bob = sight_of(control, "bob")
    async with aclosing(feed.chunks(sight=bob, after=control.records[-1].id)) as chunks:
        await anext(chunks)
        control.names["given"] = replace(given, owner="bob")
        told = control.record(deployment=given.id)[0].id
        assert await take(chunks, 1) == [told]


def sight_of(control: FakeControl, user: str) -> Sight:
    """What a user may watch of what happens."""
    control.admit(user, Role.DEPLOYER)
    caller = control.letting_in[f"token-of-{user}"]
    return Sight(caller, deployment=None, renew=control.renewed, owned=control.owned)
