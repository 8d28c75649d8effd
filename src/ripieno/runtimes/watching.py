"""Watching processes that should run: their ends, and their health checks."""

import asyncio

from ripieno.model.workload import Workload
from ripieno.runtimes import containers, ending
from ripieno.runtimes import health as healths
from ripieno.runtimes.base import Ended, Replica
from ripieno.runtimes.errors import RuntimeDriverError
from ripieno.runtimes.host import Condition, Host, Process

ANSWER_S = 10.0
"""How long a host may take to answer before its processes are not judged."""

AWAY_S = 1.0
"""Time between two checks of a process whose host cannot be reached."""


async def watch_end(
    host: Host, replica: Replica, process: Process, found: asyncio.Queue[Ended]
) -> None:
    """Put the end of a replica's process into the queue, whenever it comes."""
    while True:
        try:
            status = await host.wait(process)
        except RuntimeDriverError:  # Also what people have to mend: by then it is watched again.
            await asyncio.sleep(AWAY_S)
            continue
        await containers.clear(host, replica)
        await found.put(
            Ended(
                slot=replica.slot,
                key=replica.key,
                condition=status.condition,
                exit_code=status.exit_code,
            )
        )
        return


async def _answers(host: Host) -> bool:
    """Whether the host itself can be talked to."""
    try:
        await host.run(["true"], timeout_s=ANSWER_S)
    except RuntimeDriverError:
        return False
    return True


async def watch_health(
    host: Host, replica: Replica, workload: Workload, found: asyncio.Queue[Ended]
) -> None:
    """Put it into the queue when a replica has failed its checks too often, and stop it.

    After a crash of the server in between it fails them again, so it is stopped in any case.
    """
    check, process = workload.health, replica.process
    assert check is not None and process is not None
    await asyncio.sleep(check.grace_s)
    failures = 0
    while True:
        await asyncio.sleep(check.interval_s)
        try:
            problem = await healths.probe(host, check, replica)
        except RuntimeDriverError:
            continue
        failures = failures + 1 if problem else 0
        if problem and failures >= check.failures:
            if not await _answers(host):  # It is the way there that is broken, as far as we know.
                failures = 0
                continue
            await found.put(
                Ended(
                    slot=replica.slot,
                    key=replica.key,
                    condition=Condition.RUNNING,
                    problem=f"{failures} health checks failed: {problem}",
                )
            )
            try:
                await ending.end(host, replica, process, workload)
            except RuntimeDriverError:
                failures = 0  # Once it can be reached again, it is asked and stopped again.
                continue
            return
