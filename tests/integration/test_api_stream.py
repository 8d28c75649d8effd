"""Streams over plain sockets: slow clients, clients that leave, and bytes that are no HTTP."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator

import httpx
import pytest

from ripieno.api.app import create_app
from ripieno.api.feed import Feed
from tests.fake_control import TOKEN, FakeControl
from tests.serving import serving

MOST_S = 60.0
WINDOW = 50


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def feed(control: FakeControl) -> Feed:
    return Feed(control, window=WINDOW, pause_s=0.001, heartbeat_s=0.05)


@pytest.fixture
async def port(control: FakeControl, feed: Feed) -> AsyncGenerator[int]:
    async with serving(create_app(control, feed=feed)) as url:
        yield int(url.rpartition(":")[2])


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that takes only little ahead."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=plain, limit=4096)


async def ids(reader: asyncio.StreamReader, last: int) -> list[int]:
    """The ids of the events that come, up to the last one."""
    found: list[int] = []
    rest = b""
    async with asyncio.timeout(MOST_S):
        while not found or found[-1] < last:
            data = rest + await reader.read(65536)
            end = data.rfind(b"\n\n") + 2
            found += map(int, re.findall(rb"id: (\d+)\nevent: ", data[:end]))
            rest = data[end:]
    return found


async def gone(feed: Feed, left: int) -> None:
    """Wait until no more than some watchers are left: each is told when it is written to."""
    async with asyncio.timeout(MOST_S):
        while feed.watching > left:  # noqa: ASYNC110  # nothing tells when a client has gone
            await asyncio.sleep(0.01)


async def test_a_client_that_does_not_read_costs_no_memory_and_misses_nothing(
    control: FakeControl, feed: Feed, port: int
) -> None:
    slow, slow_writer = await connect(port)
    fast, fast_writer = await connect(port)
    for writer in (slow_writer, fast_writer):
        writer.write(request("/api/v1/events/stream?after=0"))
        await writer.drain()

    async def happen() -> None:
        for _ in range(400):
            control.record(data={"text": "x" * 2000}, count=10)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(ids(fast, 4000))
        group.create_task(happen())
    assert reading.result() == list(range(1, 4001))
    assert feed.size <= 3 * WINDOW
    assert await ids(slow, 4000) == list(range(1, 4001))
    for writer in (slow_writer, fast_writer):
        writer.close()


async def test_a_client_that_leaves_is_forgotten(
    control: FakeControl, feed: Feed, port: int
) -> None:
    reader, writer = await connect(port)
    writer.write(request("/api/v1/events/stream?after=0"))
    control.record()
    assert await ids(reader, 1) == [1]
    assert feed.watching == 1
    writer.close()
    await gone(feed, 0)


async def test_a_reading_of_logs_ends_when_the_client_leaves(
    control: FakeControl, port: int
) -> None:
    await control.deploy_hello("shop")
    control.print("hello")
    reader, writer = await connect(port)
    writer.write(request("/api/v1/deployments/shop/logs?follow=true"))
    async with asyncio.timeout(MOST_S):
        await reader.readuntil(b'"text":"hello"')
        writer.close()
        await control.logs_ended.wait()


async def test_a_client_that_does_not_read_logs_is_waited_for(
    control: FakeControl, port: int
) -> None:
    await control.deploy_hello("shop")
    for _ in range(20_000):
        control.print("x" * 500)
    reader, writer = await connect(port)
    writer.write(request("/api/v1/deployments/shop/logs"))
    async with asyncio.timeout(MOST_S):
        await reader.readuntil(b"text")
        await asyncio.sleep(0.2)  # as much time as the server needs to read too much
        assert control.lines_told < 20_000
        told = 1
        while not (chunk := await reader.read(65536)).endswith(b"0\r\n\r\n"):
            told += chunk.count(b'"component"')
    writer.close()
    assert control.lines_told == 20_000


GET = b"GET /api/v1/deployments HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/v1/deployments HTTP/1.1\r\nHost: x\r\nContent-Length: "
HARDLY_HTTP = {
    "path not UTF-8": GET.replace(b" HTTP", b"/\xff\xfe HTTP"),
    "path with zero": GET.replace(b" HTTP", b"/%00 HTTP"),
    "query not UTF-8": GET.replace(b" HTTP", b"?after=\xff HTTP"),
    "two slashes": GET.replace(b"/api", b"//api"),
    "whole address": GET.replace(b"/api", b"http://other/api"),
    "no path": GET.replace(b"/api/v1/deployments", b"*"),
    "endless length": POST + b"99999999999999999999\r\n",
    "negative length": POST + b"-1\r\n",
    "length no number": POST + b"x\r\n",
    "two lengths": POST + b"1\r\nContent-Length: 2\r\n",
    "etag not UTF-8": GET + b"If-None-Match: \xff\r\n",
    "event id not UTF-8": GET.replace(b"deployments", b"events/stream")
    + b"Last-Event-ID: \xff\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("head", HARDLY_HTTP.values(), ids=HARDLY_HTTP)
async def test_bytes_that_are_hardly_http_are_no_fault_of_the_server(
    port: int, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(MOST_S):
        answer = await reader.read(100_000)
    writer.close()
    match = re.match(rb"HTTP/1.1 (\d+)", answer)
    assert match is None or int(match[1]) < 500
    assert not [each for each in caplog.records if each.name.startswith("ripieno")]
    async with httpx.AsyncClient(timeout=60) as http:
        assert (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
