"""A Prometheus finds the replicas of a deployment by itself, with the configuration shipped."""

import asyncio
import sys
from pathlib import Path

import pytest

from apps.tweetoscope.tests.prometheus_server import (
    Prometheus,
    PrometheusAbsent,
    program,
    prometheus_running,
)
from ripieno.model.access import Scope
from ripieno.testing.servers import ServerProcess, ended
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest

# It stands in for one that takes longer to start, and says the same.
DOCUMENT = f"""
name: tweetoscope
version: 1.0.0
components:
  estimator:
    type: service
    command: [{sys.executable}, -m, http.server, "${{ports.metrics}}", --bind, 127.0.0.1]
    tcp_ports: {{metrics: auto}}
    replicas: 2
    files: [{{target: metrics, content: "tweetoscope_info{{service='estimator'}} 1\\n"}}]
""".replace("'", '\\"')


async def test_a_prometheus_follows_the_replicas_of_tweetoscope(tmp_path: Path) -> None:
    try:
        program()
    except PrometheusAbsent as reason:
        pytest.skip(str(reason))
    server = ServerProcess(tmp_path / "home")
    server.start()
    try:
        async with await server.ready() as client:
            token = await client.create_token("prometheus", scopes=[Scope.READ])
            asked = await client.deploy(DeployRequest(document=DOCUMENT, name="scope"))
            await ended(client, asked.reconfiguration.id)
            try:
                with prometheus_running(
                    tmp_path / "prometheus",
                    "prometheus.yml",
                    {"ripieno.token": token.token},
                    ripieno=server.url,
                ) as prometheus:
                    await asyncio.to_thread(follow, prometheus, {"0", "1"})
                    fewer = ChangeRequest(kind=ChangeKind.SCALE, replicas={"estimator": 1})
                    await ended(client, (await client.change("scope", fewer)).id)
                    await asyncio.to_thread(follow, prometheus, {"0"})
            finally:
                await ended(client, (await client.remove("scope")).id)
    finally:
        server.stop()


def follow(prometheus: Prometheus, replicas: set[str]) -> None:
    """Wait until these replicas, and no others, have said which service they are."""

    def found() -> set[str]:
        said = prometheus.series('tweetoscope_info{service="estimator", deployment="scope"}')
        return {labels["instance"] for labels in said}

    wanted = {f"scope/estimator/{replica}" for replica in replicas}
    prometheus.until(lambda: found() == wanted, lambda: f"{found()} are there, not {wanted}")
