"""Deployments and reconfigurations under a server that is killed again and again. For tests.

One `Chaos` makes random applications from a seed, asks a real server for random changes, kills it
with SIGKILL at random moments, and checks what must hold afterwards: no process doubled, none
orphaned, none lost, the reconfiguration ended, the events complete and in order.
"""

import asyncio
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ripieno.client.client import Client
from ripieno.client.errors import ServerUnreachable
from ripieno.testing.servers import ServerProcess, marked_processes
from ripieno.wire.deployment import Deployment, DeployRequest
from ripieno.wire.reconfiguration import ChangeRequest, Reconfiguration

OVER = ("completed", "failed", "cancelled", "refused")
END_S = 60.0
LONGEST_LIFE_S = 0.6
"""How long the server lives at most between two kills."""


class Broken(AssertionError):
    """Something that must hold does not."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """What has happened so far."""

    kills: int = 0
    reconfigurations: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)


class Chaos:
    """One random run."""

    def __init__(
        self,
        seed: int,
        *,
        directory: Path | None = None,
        database_url: str | None = None,
        disturb: Callable[[random.Random], None] | None = None,
    ) -> None:
        self._random = random.Random(seed)
        self._home = directory or Path(tempfile.mkdtemp(prefix="ripieno-chaos-"))
        self._server = ServerProcess(self._home, database_url=database_url)
        self._disturb = disturb
        self._name = f"chaos-{seed}"
        self.tally = Tally()

    async def run(self, *, rounds: int, kills: int) -> None:
        """Deploy, change `rounds` times with up to `kills` kills in each, remove. Raises: `Broken`."""
        server = self._server
        server.start()
        try:
            client = await server.ready()
            wanted = self._application()
            deployed = await client.deploy(
                DeployRequest(document=wanted, name=self._name)
            )
            id = deployed.deployment.id
            client = await self._see_through(client, deployed.reconfiguration.id, kills)
            await self._check(client, id)
            for _ in range(rounds):
                change = self._change()
                asked = await client.change(self._name, change)
                client = await self._see_through(client, asked.id, kills)
                await self._check(client, id)
            asked = await client.change(self._name, ChangeRequest(kind="remove"))
            client = await self._see_through(client, asked.id, kills)
            left = marked_processes(id)
            if left:
                raise Broken(f"after the removal of {id} these run on: {left}")
            await client.close()
        finally:
            server.kill()

    async def _see_through(self, client: Client, reconfiguration: str, kills: int) -> Client:
        """Kill the server some times, then wait until the reconfiguration has ended."""
        for _ in range(self._random.randint(0, kills)):
            await asyncio.sleep(self._random.uniform(0, LONGEST_LIFE_S))
            if self._disturb is not None:
                self._disturb(self._random)
            self._server.kill()
            self.tally.kills += 1
            await client.close()
            self._server.start()
            client = await self._server.ready()
        record = await self._ended(client, reconfiguration)
        self.tally.reconfigurations += 1
        state = str(record.state)
        self.tally.outcomes[state] = self.tally.outcomes.get(state, 0) + 1
        if state != "completed":
            raise Broken(f"reconfiguration {record.id} ({record.kind}) {state}: {record.reason}")
        return client

    async def _ended(self, client: Client, reconfiguration: str) -> Reconfiguration:
        async with asyncio.timeout(END_S):
            while True:
                try:
                    record = await client.reconfiguration(reconfiguration)
                except ServerUnreachable:
                    await asyncio.sleep(0.05)
                    continue
                if record.state in OVER:
                    return record
                await asyncio.sleep(0.02)

    async def _check(self, client: Client, id: str) -> None:
        deployment = await client.deployment(id)
        for _ in range(50):
            if deployment.state == "running":
                break
            await asyncio.sleep(0.1)
            deployment = await client.deployment(id)
        if deployment.state != "running":
            raise Broken(f"{id} is {deployment.state}: {deployment.reason}")
        check_processes(deployment)
        await check_events(client, id)

    def _application(self) -> str:
        """A random application: services that start at once or slowly, layered uses, own types."""
        draw = self._random
        count = draw.randint(3, 7)
        lines = [
            f"name: {self._name}",
            f"version: 1.0.{draw.randint(0, 10**6)}",
            "component_types:",
            "  Step:",
            "    initial: off",
            "    places: [off, on]",
            "    transitions:",
            "      rise: {from: off, to: on, behavior: deploy, "
            "action: {run: [sleep, '0.1']}}",
            "      fall: {from: on, to: off, behavior: remove, action: {run: [sleep, '0.05']}}",
            "components:",
        ]
        services: list[int] = []
        env_at: list[int] = []
        for number in range(count):
            name = f"c{number}"
            if draw.random() < 0.2:
                lines += [f"  {name}: {{type: Step}}"]
                continue
            env_at.append(len(lines) + 3)
            lines += [
                f"  {name}:",
                "    type: service",
                f"    command: [sh, -c, 'sleep {draw.choice((0, 0.05, 0.2))}; exec sleep 100000']",
                f"    env: {{VERSION: '{draw.randint(0, 2)}'}}",
                f"    replicas: {draw.choice((1, 1, 1, 2, 3))}",
                f"    update: {draw.choice(('recreate', 'rolling'))}",
                "    stop: {grace_s: 2}",
                "    health: {command: ['true']}",
                "    tcp_ports: {out: 0}",
                f"    provides: {{out: out-{number}}}",
            ]
            services.append(number)
            if number and services[:-1] and draw.random() < 0.6:
                used = draw.choice(services[:-1])
                hold = draw.choice(("running", "starting"))
                lines += [f"    uses: {{need: {{interface: out-{used}, hold: {hold}}}}}"]
                lines[env_at[-1]] = lines[env_at[-1]][:-1] + ", NEED: '${need.url}'}"
        return "\n".join(lines) + "\n"

    def _change(self) -> ChangeRequest:
        kind = self._random.choice(("apply", "apply", "apply", "restart"))
        if kind == "apply":
            return ChangeRequest(kind="apply", document=self._application())
        return ChangeRequest(kind="restart")


def check_processes(deployment: Deployment) -> None:
    """Every process that should run does, once, and no other does. Raises: `Broken`."""
    expected: dict[str, int] = {}
    for component in deployment.components:
        for replica in component.replicas:
            if "ready" in component.places and replica.pid is not None:
                expected[f"{deployment.id}/{component.name}/{replica.index}"] = replica.pid
        if component.kind == "service" and len(component.replicas) != component.wanted_replicas:
            raise Broken(
                f"{component.name} has {len(component.replicas)} replicas instead of "
                f"{component.wanted_replicas}"
            )
    found = marked_processes(deployment.id)
    for name, pids in found.items():
        if name not in expected:
            raise Broken(f"{name} runs as {pids} and should not")
        if expected[name] not in pids or len(pids) != 1:
            raise Broken(f"{name} should run as {expected[name]} and runs as {pids}")
    for name, pid in expected.items():
        if name not in found:
            raise Broken(f"{name} should run as {pid} and does not")


async def check_events(client: Client, deployment: str) -> None:
    """The events are there from the first on, in order, none twice. Raises: `Broken`."""
    after, expected = 0, 1
    while True:
        page = await client.events(deployment=deployment, after=after, limit=500)
        for event in page.items:
            if event.seq != expected:
                raise Broken(f"event {expected} of {deployment} is missing: {event.seq} follows")
            expected += 1
        if not page.items:
            return
        after = page.items[-1].id
