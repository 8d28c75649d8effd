"""Whatever is killed, nothing is lost: the server, services, the way to a host, the database.

Bounded versions of what `benchmarks/chaos.py` does for as long as one likes.
"""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ripieno.testing import control_rig
from ripieno.testing.chaos import Chaos
from ripieno.testing.control_rig import component
from ripieno.testing.postgres import PostgresServer
from ripieno.testing.postgres import Unavailable as NoPostgres
from ripieno.testing.servers import marked_processes
from ripieno.testing.ssh_servers import Network
from ripieno.testing.ssh_servers import Unavailable as NoNetwork

PAIR = """
name: pair
version: 1.0.0
components:
  store:
    type: service
    command: [sh, -c, 'exec sleep 1000']
    tcp_ports: {db: 0}
    health: {command: ['true']}
    provides: {db: store}
    restart: {condition: always, backoff_s: 0.05, limit: 4}
  user:
    type: service
    command: [sleep, '1000']
    env: {DB: '${db.url}'}
    uses: {db: store}
"""


@pytest.mark.long
@pytest.mark.parametrize("seed", [11, 12, 13])
async def test_killed_server_goes_on_where_it_was(seed: int, tmp_path: Path) -> None:
    chaos = Chaos(seed, directory=tmp_path)
    await chaos.run(rounds=2, kills=2)
    assert chaos.tally.outcomes


async def test_killed_service_comes_back_at_its_address_until_its_limit(tmp_path: Path) -> None:
    async with control_rig.open_rig(tmp_path) as rig:
        deployment = await rig.deploy(PAIR)
        store, user = component(deployment, "store"), component(deployment, "user")
        addresses, users_pid = store.addresses, user.replicas[0].pid
        pid = store.replicas[0].pid
        for count in range(1, 5):
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            told = await rig.until_told(
                deployment.id, "component.provider_lost", component="user", count=count
            )
            assert told[-1].data["provider"] == "store"
            seen = await rig.settled(deployment.id)
            store = component(seen, "store")
            assert store.addresses == addresses
            assert store.restarts == count
            pid = store.replicas[0].pid
            assert marked_processes(deployment.id) == {
                f"{deployment.id}/store/0": [pid],
                f"{deployment.id}/user/0": [users_pid],
            }
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        given_up = await rig.until_told(deployment.id, "component.given_up", component="store")
        assert given_up[0].data["limit"] == 4
        seen = await rig.control.deployment(deployment.id)
        assert (seen.state, component(seen, "user").lost) == ("degraded", ("store",))
        await rig.change(deployment.id, "start")
        await rig.settled(deployment.id)
        await rig.change(deployment.id, "remove")


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    try:
        network = Network()
    except NoNetwork as reason:
        pytest.skip(str(reason))
    with network:
        yield network


ABROAD = """
name: abroad
version: 1.0.0
components:
  one:
    type: service
    host: near
    command: [sh, -c, 'sleep 0.2; exec sleep 1000']
    tcp_ports: {db: 0}
    health: {command: ['true'], interval_s: 0.2}
    provides: {db: store}
    files: [{target: note.txt, content: 'NUMBER'}]
  two:
    type: service
    host: far
    command: [sleep, '1000']
    env: {DB: '${db.url}', MARK: 'NUMBER'}
    uses: {db: store}
  three: {type: service, host: far, command: [sleep, '1000'], env: {MARK: 'NUMBER'}}
"""


@pytest.mark.long
async def test_link_that_is_cut_neither_ends_nor_doubles_anything(
    network: Network, tmp_path: Path
) -> None:
    draw = random.Random(5)
    servers = {"near": network.server(), "far": network.server()}
    async with control_rig.open_rig(tmp_path / "home") as rig:
        for name, server in servers.items():
            server.trust()
            config = server.config(tmp_path / name, name=name)
            await rig.control.add_host(config, trust=None, caller="tester")
        _, asked = await rig.begin(ABROAD.replace("NUMBER", "0"))
        id = asked.deployment
        for number in range(1, 5):
            cut = servers[draw.choice(("near", "far"))]
            await asyncio.sleep(draw.uniform(0, 0.3))
            cut.cut()
            await asyncio.sleep(draw.uniform(0, 1.5))
            cut.mend()
            await rig.ended(asked.id)
            seen = await rig.settled(id)
            expected = {
                f"{id}/{each.name}/{replica.index}": [replica.pid]
                for each in seen.components
                for replica in each.replicas
            }
            assert marked_processes(id) == expected
            assert len(expected) == 3
            assert not await rig.events(id, "component.crashed")
            if number < 4:
                text = ABROAD.replace("NUMBER", str(number))
                asked = await rig.ask(id, "apply", document=text)
        await rig.change(id, "remove")
        assert not marked_processes(id)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    with server:
        yield server


@pytest.mark.long
async def test_restarted_database_loses_and_doubles_nothing(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    def disturb(draw: random.Random) -> None:
        if draw.random() < 0.5:
            postgres.restart()
        else:
            postgres.kill()
            postgres.start()

    chaos = Chaos(21, directory=tmp_path, database_url=postgres.new_database(), disturb=disturb)
    await chaos.run(rounds=2, kills=2)
    assert chaos.tally.outcomes
