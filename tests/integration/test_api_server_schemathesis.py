"""Requests that nobody thought of, put to a real server: no answer is a 500 or one unannounced."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from schemathesis import Case

from ripieno.api.app import create_app
from ripieno.testing.servers import ServerProcess
from ripieno.wire.deployment import DeployRequest
from tests.conformance import BOUNDED, conforms, schema_of
from tests.fake_control import FakeControl

schema = schema_of(create_app(FakeControl())).exclude(operation_id="logs")

DOCUMENT = """
name: sleepers
version: 1.0.0
components:
  one: {type: service, command: [sleep, '1000']}
  two: {type: service, command: [sleep, '1000'], replicas: 2}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a deployment, so that some of the requests mean something."""
    started = ServerProcess(tmp_path_factory.mktemp("server"))
    started.start()

    async def deploy() -> None:
        async with await started.ready() as client:
            await client.deploy(DeployRequest(document=DOCUMENT, name="x"))

    async def clean_up() -> None:
        async with await started.ready() as client:
            for each in (await client.deployments()).items:
                await client.remove(each.name, queue=True)
            async with asyncio.timeout(60):
                while True:
                    if not (await client.deployments()).items:
                        return
                    await asyncio.sleep(0.1)

    asyncio.run(deploy())
    try:
        yield started
        assert "Traceback" not in started.log()
        asyncio.run(clean_up())
    finally:
        started.stop()


@schema.parametrize()
@BOUNDED
def test_server_answers_as_announced(case: Case[Any], server: ServerProcess) -> None:
    token = Path(server.home, "admin.token").read_text().strip()
    conforms(case, token, url=server.url)
