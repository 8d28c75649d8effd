"""Fifty clients watch while a thousand events a second are written: none misses or reorders one."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from ripieno.client.client import Client
from ripieno.testing.servers import ServerProcess, ended
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest
from tests.chatter import TELLINGS

WATCHERS = 50
DOCUMENT = """
name: chatter
version: 1.0.0
component_types:
  Chatter:
    initial: quiet
    places: [quiet, done]
    transitions:
      talk: {from: quiet, to: done, behavior: deploy, action: {call: tests.chatter}}
components:
  one: {type: Chatter}
"""


async def watch(url: str, token: str, *, last: asyncio.Future[int]) -> list[int]:
    """The ids that one client hears until it has heard the last; it reads as fast as it can."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        b"GET /api/v1/events/stream?after=0 HTTP/1.1\r\nHost: x\r\n"
        b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
    )
    heard: list[int] = []
    rest, told = b"", 0
    try:
        while not (last.done() and heard and heard[-1] >= last.result()):
            rest += await asyncio.wait_for(reader.read(1 << 16), 30)
            *lines, rest = rest.split(b"\n")
            for each in lines:
                if each.startswith(b"id: "):
                    told = int(each[4:])
                elif each.startswith(b"data: "):
                    heard.append(told)
    finally:
        writer.close()
    return heard


async def test_fifty_watchers_hear_every_event_once_and_in_order(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, options=["--actions", "tests.chatter"])
    server.start()
    try:
        client = await server.ready()
        async with client:
            last: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            token = (tmp_path / "admin.token").read_text().strip()
            async with asyncio.TaskGroup() as group:
                watchers = [
                    group.create_task(watch(server.url, token, last=last)) for _ in range(WATCHERS)
                ]
                asked = await client.deploy(DeployRequest(document=DOCUMENT))
                await ended(client, asked.reconfiguration.id)
                stored = await _ids(client)
                last.set_result(stored[-1])
                # What follows wakes those that have heard the last one already.
                removal = await client.change("chatter", ChangeRequest(kind=ChangeKind.REMOVE))
                await ended(client, removal.id)
            assert len(stored) >= TELLINGS
            for each in watchers:
                assert each.result()[: len(stored)] == stored
    finally:
        server.stop()


async def _ids(client: Client) -> list[int]:
    found: list[int] = []
    while page := (await client.events(after=found[-1] if found else 0, limit=1000)).items:
        found += [each.id for each in page]
    return found
