"""The client and the API over a real connection: answers, errors, and streams that go on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import httpx
import pytest

from ripieno.api.app import create_app
from ripieno.api.feed import Feed
from ripieno.client import (
    Client,
    Conflict,
    Held,
    IllegalName,
    InvalidDocument,
    InvalidRequest,
    NameInUse,
    NotFound,
    RevisionMismatch,
    ServerFault,
    ServerUnreachable,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
    every,
)
from ripieno.control.errors import ShuttingDown
from ripieno.runtimes.errors import HostUnreachable
from ripieno.testing.ports import free_port
from ripieno.wire.application import VersionEntry
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.event import Event
from ripieno.wire.host import AddHostRequest, HostRequest
from ripieno.wire.log import LogLine
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest, Decision, ReconfigurationState
from tests.fake_control import NOW, TOKEN, FakeControl
from tests.serving import serving

MOST_S = 60.0
HELLO = DeployRequest(document="name: hello", name="shop")
HELLO_FILE = """\
name: hello
version: 1.0.0
title: Hello
components: {web: {type: service, command: [sleep, "100"]}}
"""


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@asynccontextmanager
async def server(control: FakeControl, *, port: int = 0) -> AsyncIterator[str]:
    feed = Feed(control, pause_s=0.001, heartbeat_s=0.05)
    async with serving(create_app(control, feed=feed), port=port) as url:
        yield url


@pytest.fixture
async def url(control: FakeControl) -> AsyncGenerator[str]:
    async with server(control) as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncGenerator[Client]:
    async with Client(url, TOKEN) as client:
        yield client


async def events(stream: AsyncGenerator[Event], count: int) -> list[int]:
    async with asyncio.timeout(MOST_S):
        return [(await anext(stream)).id for _ in range(count)]


async def lines(stream: AsyncGenerator[LogLine], count: int) -> list[str]:
    async with asyncio.timeout(MOST_S):
        return [(await anext(stream)).text for _ in range(count)]


async def test_a_deployment_is_made_looked_at_changed_and_removed(client: Client) -> None:
    deployed = await client.deploy(HELLO)
    assert deployed.deployment.name == "shop"
    assert deployed.reconfiguration.kind == "deploy"
    found = await client.deployment("shop")
    assert found.components[0].replicas[0].tcp_ports == {"http": 8080}
    assert found.connections == [("web.store", "store.sql")]
    change = ChangeRequest(kind=ChangeKind.SCALE, replicas={"web": 3})
    asked = await client.change("shop", change, revision=found.revision)
    assert (await client.reconfiguration(asked.id)).state is ReconfigurationState.RUNNING
    assert [each.id for each in (await client.reconfigurations("shop")).items] == ["r-1", "r-2"]
    assert (await client.pause(asked.id)).state is ReconfigurationState.PAUSED
    assert (await client.resume(asked.id)).state is ReconfigurationState.RUNNING
    assert (await client.cancel(asked.id)).state is ReconfigurationState.CANCELLED
    assert (await client.remove("shop")).kind == "remove"
    assert (await client.deployments()).items == []


async def test_a_plan_is_made_for_what_is_new_and_for_what_is_there(client: Client) -> None:
    assert (await client.plan_deployment(HELLO)).plan["empty"] is True
    await client.deploy(HELLO)
    preview = await client.plan_change("shop", ChangeRequest(kind=ChangeKind.STOP))
    assert preview.warnings == ["nothing to do"]


async def test_applications_are_published_and_found(client: Client) -> None:
    published = await client.register(HELLO_FILE)
    assert (published.application, published.version) == ("hello", "1.0.0")
    assert (await client.application("hello")).document == HELLO_FILE
    assert (await client.application_version("hello", "1.0.0")).version == "1.0.0"
    assert [each.title for each in (await client.applications()).items] == ["Hello"]


@pytest.mark.parametrize("name", ["shop/web", "..", ".", ""])
async def test_what_no_name_can_be_is_not_asked_for(client: Client, name: str) -> None:
    with pytest.raises(IllegalName, match="nothing is called"):
        await client.deployment(name)


async def test_hosts_are_scanned_added_checked_and_removed(client: Client) -> None:
    request = HostRequest(name="node-1", address="node-1.example.org", directory="/srv/ripieno")
    assert (await client.scan_host(request)).fingerprint == "SHA256:abc"
    added = await client.add_host(AddHostRequest(**request.model_dump(), trust="SHA256:abc"))
    assert added.fingerprint == "SHA256:abc"
    assert (await client.host("node-1")).state == "connected"
    assert (await client.check_host("node-1")).facts == {"cpus": 2}
    assert len((await client.hosts()).items) == 1
    await client.remove_host("node-1")
    assert (await client.hosts()).items == []


async def test_secrets_and_tokens_are_made_and_taken_back(
    client: Client, control: FakeControl
) -> None:
    await client.set_secret("store", "swordfish")
    assert control.values == {"store": "swordfish"}
    assert (await client.secrets()).items == ["store"]
    await client.remove_secret("store")
    made = await client.create_token("ci", ttl_s=60)
    assert made.token == "rip_secret" and made.expires_at is not None
    await client.revoke_token(made.id)
    assert (await client.tokens()).items[0].revoked_at is not None


async def test_the_server_tells_how_it_is(client: Client) -> None:
    assert (await client.health()).status == "ok"
    assert [each.is_well for each in (await client.doctor()).items] == [True, False]
    assert "ripieno_events_total" in await client.server_metrics()


async def test_what_a_prometheus_asks_is_told(client: Client) -> None:
    await client.deploy(DeployRequest(document="name: x", name="shop"))
    (found,) = await client.scrape_targets(tcp_port="http")
    assert found.targets == ["127.0.0.1:8080"] and found.labels["deployment"] == "shop"
    assert await client.scrape_targets() == []


async def test_all_pages_are_gone_through(client: Client) -> None:
    for number in range(5):
        await client.deploy(DeployRequest(document="name: x", name=f"d{number}"))
    page = await client.deployments(limit=2)
    assert page.next is not None
    following = await client.deployments(limit=2, after=page.next)
    assert [each.name for each in following.items] == ["d2", "d3"]
    assert [each.name async for each in every(client.deployments)] == [f"d{n}" for n in range(5)]


async def test_every_refusal_has_its_type(client: Client, control: FakeControl) -> None:
    await client.deploy(HELLO)
    with pytest.raises(NameInUse, match="there is a deployment shop"):
        await client.deploy(HELLO)
    with pytest.raises(InvalidDocument) as invalid:
        await client.deploy(DeployRequest(document="nam: hello"))
    assert (invalid.value.line, invalid.value.field) == (1, "name")
    with pytest.raises(NotFound):
        await client.deployment("other")
    with pytest.raises(Held):
        await client.change("shop", ChangeRequest(kind=ChangeKind.ROLLBACK))
    with pytest.raises(RevisionMismatch):
        await client.change("shop", ChangeRequest(kind=ChangeKind.STOP), revision=7)
    with pytest.raises(Conflict):
        await client.decide("shop", "web", "start", Decision.RETRY)
    with pytest.raises(InvalidRequest):
        await client.change("shop", ChangeRequest(kind=ChangeKind.SCALE))
    with pytest.raises(InvalidRequest):
        await client.deployment("a shop")
    with pytest.raises(TooLarge):
        await client.register("x" * 3_000_000)
    control.error = ShuttingDown("the server is going down")
    with pytest.raises(Unavailable):
        await client.deployments()
    control.error = ZeroDivisionError()
    with pytest.raises(ServerFault) as fault:
        await client.deployments()
    assert fault.value.problem.incident


async def test_one_without_a_good_token_is_told_so(url: str) -> None:
    for token in ("", "wrong"):
        async with Client(url, token) as stranger:
            with pytest.raises(Unauthenticated):
                await stranger.deployments()
            with pytest.raises(Unauthenticated):
                await anext(stranger.stream_events())
            assert (await stranger.health()).status == "ok"


async def test_where_no_server_is_that_is_said_at_once() -> None:
    async with Client(f"http://127.0.0.1:{free_port()}", TOKEN) as client:
        async with asyncio.timeout(MOST_S):
            with pytest.raises(ServerUnreachable, match="no server answers"):
                await client.deployments()
            with pytest.raises(ServerUnreachable, match="no server answers"):
                await anext(client.stream_events())
    with pytest.raises(ServerUnreachable, match="is not the address of a server"):
        Client("localhost:8000", TOKEN)


async def test_something_else_than_a_server_is_told_apart() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("hosts"):
            return httpx.Response(200, json={"greeting": "hello"})
        return httpx.Response(502, text="<html>bad gateway</html>")

    async with Client("http://test", TOKEN, http=httpx.MockTransport(answer)) as client:
        with pytest.raises(UnexpectedAnswer, match="502"):
            await client.deployments()
        with pytest.raises(UnexpectedAnswer, match="something else"):
            await client.hosts()


async def test_a_request_whose_answer_was_lost_is_sent_again_and_carried_out_once() -> None:
    keys: list[str] = []
    published = VersionEntry(
        application="hello",
        version="1.0.0",
        state="published",
        problem="",
        yanked_because="",
        created_at=NOW,
        created_by="alice",
        published_at=NOW,
    )

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ReadError("lost")
        return httpx.Response(201, json=published.model_dump(mode="json"))

    async with Client("http://test", TOKEN, http=httpx.MockTransport(answer)) as client:
        assert (await client.register(HELLO_FILE)).version == "1.0.0"
    assert len(keys) == 2 and keys[0] == keys[1]


async def test_a_request_that_could_do_harm_twice_is_not_sent_again() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        raise httpx.ReadError("lost")

    async with Client("http://test", TOKEN, http=httpx.MockTransport(answer)) as client:
        with pytest.raises(ServerUnreachable, match="is lost"):
            await client.create_token("ci")
        with pytest.raises(ServerUnreachable, match="is lost"):
            await client.remove("shop")
    assert sent == ["/api/v1/tokens", "/api/v1/deployments/shop"]


async def test_nothing_that_is_shown_of_a_client_tells_its_token(client: Client) -> None:
    assert TOKEN not in repr(client) + repr(client._transport) + repr(vars(client._transport))


async def test_past_events_are_listed(client: Client, control: FakeControl) -> None:
    control.record("began", count=3)
    control.record("ended")
    page = await client.events(after=1, limit=2)
    assert [each.id for each in page.items] == [2, 3]
    assert page.next == "3"
    assert [each.id for each in (await client.events(kind="ended")).items] == [4]


async def test_events_are_told_as_they_happen(client: Client, control: FakeControl) -> None:
    await client.deploy(HELLO)
    async with aclosing(client.stream_events(deployment="shop", after=0)) as stream:
        assert await events(stream, 1) == [1]
        control.record(count=2)
        control.record("ready", deployment="d-1", component="web", data={"é": [1]})
        async with asyncio.timeout(MOST_S):
            event = await anext(stream)
    assert (event.id, event.kind, event.component, event.data) == (4, "ready", "web", {"é": [1]})


async def test_events_of_no_deployment_cannot_be_watched(client: Client) -> None:
    with pytest.raises(NotFound):
        await anext(client.stream_events(deployment="other"))


async def test_a_stream_of_events_goes_on_when_the_server_is_back(control: FakeControl) -> None:
    port = free_port()
    async with (
        Client(f"http://127.0.0.1:{port}", TOKEN) as client,
        aclosing(client.stream_events(after=0)) as stream,
    ):
        async with server(control, port=port):
            control.record(count=3)
            assert await events(stream, 3) == [1, 2, 3]
        control.record(count=2)  # while nobody serves
        async with server(control, port=port):
            assert await events(stream, 2) == [4, 5]
            control.record()
            assert await events(stream, 1) == [6]


async def test_a_stream_that_began_now_misses_nothing_while_the_server_is_away(
    control: FakeControl,
) -> None:
    port = free_port()
    control.record(count=3)
    async with (
        Client(f"http://127.0.0.1:{port}", TOKEN) as client,
        aclosing(client.stream_events()) as stream,
    ):
        async with server(control, port=port):
            # Nothing has been told yet but where the stream begins.
            waiting = asyncio.ensure_future(anext(stream))
            await control.first_read.wait()
            await asyncio.wait({waiting}, timeout=0.3)
        control.record()
        async with server(control, port=port):
            async with asyncio.timeout(MOST_S):
                assert (await waiting).id == 4


async def test_a_stream_ends_when_the_server_stays_away(control: FakeControl) -> None:
    async with server(control) as url:
        client = Client(url, TOKEN)
        stream = client.stream_events(after=0, patience_s=0.2)
        control.record()
        assert await events(stream, 1) == [1]
    async with asyncio.timeout(MOST_S):
        with pytest.raises(ServerUnreachable):
            await anext(stream)
    await client.close()


async def test_a_thousand_events_reach_many_watchers_in_order(
    client: Client, control: FakeControl
) -> None:
    streams = [client.stream_events(after=0) for _ in range(10)]

    async def happen() -> None:
        for _ in range(100):
            control.record(count=10)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(events(each, 1000)) for each in streams]
        group.create_task(happen())
    for each in watching:
        assert each.result() == list(range(1, 1001))
    for stream in streams:
        await stream.aclose()


async def test_the_server_stops_while_clients_watch_and_read(control: FakeControl) -> None:
    async with AsyncExitStack() as clients:
        async with server(control) as url:
            client = await clients.enter_async_context(Client(url, TOKEN))
            await client.deploy(HELLO)
            control.print("hello")
            watching = [client.stream_events(after=0) for _ in range(3)]
            reading = [client.logs("shop", follow=True) for _ in range(3)]
            for watched in watching:
                await clients.enter_async_context(aclosing(watched))
                await events(watched, 1)
            for read in reading:
                await clients.enter_async_context(aclosing(read))
                assert await lines(read, 1) == ["hello"]
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 2.0


async def test_lines_of_a_log_are_read(client: Client, control: FakeControl) -> None:
    await client.deploy(HELLO)
    for number in range(5000):
        control.print(f"line {number} é")
    found = [each async for each in client.logs("shop")]
    assert [each.text for each in found] == [f"line {number} é" for number in range(5000)]
    assert (found[0].component, found[0].replica, found[0].stream) == ("web", 0, "stdout")


async def test_a_log_is_followed(client: Client, control: FakeControl) -> None:
    await client.deploy(HELLO)
    control.print("before")
    async with aclosing(client.logs("shop", follow=True)) as stream:
        assert await lines(stream, 1) == ["before"]
        control.print("after")
        assert await lines(stream, 1) == ["after"]


async def test_a_log_that_is_followed_goes_on_when_the_server_is_back(
    control: FakeControl,
) -> None:
    port = free_port()
    await control.deploy_hello("shop")
    async with (
        Client(f"http://127.0.0.1:{port}", TOKEN) as client,
        aclosing(client.logs("shop", follow=True, tail=10)) as stream,
    ):
        async with server(control, port=port):
            control.print("one")
            assert await lines(stream, 1) == ["one"]
        control.print("two")
        async with server(control, port=port):
            control.print("three")
            assert await lines(stream, 2) == ["two", "three"]


async def test_logs_of_no_deployment_are_not_found(client: Client) -> None:
    for follow in (False, True):
        with pytest.raises(NotFound):
            await anext(client.logs("other", follow=follow))


async def test_a_log_that_breaks_off_says_why(client: Client, control: FakeControl) -> None:
    await client.deploy(HELLO)
    control.print("one")
    stream = client.logs("shop", follow=True)
    assert await lines(stream, 1) == ["one"]
    control.error = HostUnreachable("it does not answer", host="node-1")
    control.print("two")
    async with asyncio.timeout(MOST_S):
        # It may come back, so the stream goes on where it broke off.
        assert await lines(stream, 1) == ["two"]
    control.error = NotImplementedError()
    control.print("three")
    assert await lines(stream, 1) == ["three"]
    await stream.aclose()


async def test_a_log_that_is_read_once_breaks_off_with_the_reason(
    client: Client, control: FakeControl
) -> None:
    await client.deploy(HELLO)
    for number in range(3):
        control.print(f"line {number}")
    control.fails_at_line = 2
    found = []
    with pytest.raises(Unavailable, match="node-1: it does not answer"):
        async with aclosing(client.logs("shop")) as stream:
            async for each in stream:
                found.append(each.text)
    assert found == ["line 0", "line 1"]
