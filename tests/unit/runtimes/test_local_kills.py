"""A server that is killed at any instant of a start leaves nothing or one process, never two."""

import asyncio
import random
import sys
from pathlib import Path

import pytest

from ripieno.runtimes.host import Command, Condition
from ripieno.runtimes.local_host import LocalHost
from ripieno.testing import host_rigs
from ripieno.testing.host_rig import eventually

ROUNDS, PER_ROUND = 40, 3

# Forks a server a round, which starts processes over and over, and kills it after a moment.
SCRIPT = """
import asyncio, os, signal, sys, time
from ripieno.runtimes.host import Command
from ripieno.runtimes.local_host import LocalHost

directory, per_round, *moments = sys.argv[1:]

async def start_all(number):
    host = LocalHost(directory)
    command = Command(argv=("sleep", "100000"))
    while True:
        await asyncio.gather(*(
            host.start(f"round-{number}/web/{slot}", "1", command)
            for slot in range(int(per_round))
        ))
        await asyncio.sleep(0)

for number, moment_s in enumerate(moments):
    child = os.fork()
    if child == 0:
        asyncio.run(start_all(number))
    time.sleep(float(moment_s))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


async def serve_and_kill(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SCRIPT, *arguments)
    assert await process.wait() == 0


@pytest.mark.parametrize("seed", range(3))
async def test_at_most_one_process_a_key_survives_and_a_second_start_gives_exactly_one(
    tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)
    # A start takes some milliseconds, so the kills fall before, into and after it.
    moments = [f"{draw.uniform(0, 0.025):.6f}" for _ in range(ROUNDS)]
    arguments = [str(tmp_path), str(PER_ROUND), *moments]
    try:
        await serve_and_kill(*arguments)
        host = LocalHost(tmp_path)
        names = [f"round-{number}/web/{slot}" for number in range(ROUNDS) for slot in range(3)]
        found = {name: await host.find(name) for name in names}
        alive = host_rigs.commands(str(tmp_path))
        assert all(len(pids) == 1 for pids in alive.values())
        for name, process in found.items():
            assert alive.get(f"{name} 1", []) == ([] if process is None else [process.pid])
        started = [await host.start(name, "1", Command(argv=("sleep", "100000"))) for name in names]
        told = {f"{process.name} 1": [process.pid] for process in started}

        async def are_just_these() -> bool:
            return host_rigs.commands(str(tmp_path)) == told

        await eventually(are_just_these)  # The last one may still be about to become its command.
        for process in started:
            assert found[process.name] in (None, process)
            assert (await host.status(process)).condition is Condition.RUNNING
        await host.close()
    finally:
        host_rigs.kill_all(str(tmp_path))


async def test_a_stop_right_after_a_kill_leaves_no_stray(tmp_path: Path) -> None:
    draw = random.Random(7)
    try:
        for _ in range(10):
            moment = f"{draw.uniform(0, 0.012):.6f}"
            await serve_and_kill(str(tmp_path), "3", moment)
            host = LocalHost(tmp_path)
            for slot in range(3):
                name = f"round-0/web/{slot}"
                process = await host.find(name)
                if process is not None:
                    await host.stop(process)
                await host.forget(name)
            assert host_rigs.strays(str(tmp_path)) == {}
            await host.close()
    finally:
        host_rigs.kill_all(str(tmp_path))
