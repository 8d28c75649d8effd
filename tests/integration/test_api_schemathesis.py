"""Over requests that nobody thought of, the API answers as its OpenAPI document says.

They are put to a fake that has a bit of everything, and to a real server.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest
from schemathesis import BaseSchema

from ripieno.api.app import create_app
from ripieno.control.views import LogLine
from ripieno.testing.servers import ServerProcess
from ripieno.wire.deployment import DeployRequest
from tests.conformance import conform, operations, schema_of
from tests.fake_control import TOKEN, FakeControl


class Ending(FakeControl):
    """One whose logs end even for those who follow them."""

    def logs(
        self,
        deployment: str,
        *,
        component: str | None,
        replica: int | None,
        follow: bool,
        since: datetime | None,
        tail: int | None,
    ) -> AsyncIterator[LogLine]:
        return super().logs(
            deployment,
            component=component,
            replica=replica,
            follow=False,
            since=since,
            tail=tail,
        )


APP = create_app(Ending())
NOT_REAL = {"logs", "import_image"}
"""What goes on for as long as a process does, and what asks registries of the Internet."""

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


@pytest.fixture(scope="module")
def schema() -> BaseSchema:
    return schema_of(APP)


@pytest.mark.parametrize("operation", operations())
def test_every_answer_is_one_that_is_announced(
    operation: str, schema: BaseSchema, server: ServerProcess
) -> None:
    conform(schema, operation, TOKEN, server=None if operation in NOT_REAL else server)
