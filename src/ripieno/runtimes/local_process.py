"""What became of a process on this machine, waiting for its end, and ending it.

Used by the local host. A process is only ever signalled when its pid, start time and boot are
those of its identity, a process group only when it is certain whose it is.
"""

import asyncio
import contextlib
import os
import signal as signals

from ripieno.runtimes import keeper, proc
from ripieno.runtimes.errors import PermanentFailure, TemporaryFailure
from ripieno.runtimes.host import Condition, Process, ProcessStatus
from ripieno.runtimes.local_folder import Folder
from ripieno.runtimes.proc import EndWatcher

KILL_S = 10.0
"""How long a killed process may take to be gone."""


def signal_number(signal: str, host: str) -> int:
    """The number of a signal named `TERM` or `SIGTERM`.

    Raises: PermanentFailure.
    """
    try:
        return signals.Signals[f"SIG{signal.upper().removeprefix('SIG')}"]
    except KeyError:
        raise PermanentFailure(
            f"there is no signal {signal!r}", host=host, remedy="write TERM, INT, QUIT, HUP ..."
        ) from None


async def status(folder: Folder, process: Process, ends: EndWatcher) -> ProcessStatus:
    """What became of a process."""
    return _look(folder, process) or await _after_end(folder, process, ends)


async def wait(folder: Folder, process: Process, ends: EndWatcher) -> ProcessStatus:
    """What became of a process, when it has ended."""
    while True:
        seen = await status(folder, process, ends)
        if seen.condition is not Condition.RUNNING:
            return seen
        await _end(folder, process, ends)


async def _end(folder: Folder, process: Process, ends: EndWatcher) -> None:
    """Wait for the end of a process through its keeper, whose descriptor there is anyway."""
    run = folder.run_of(process)
    if run is not None:
        await asyncio.shield(ends.watch(run.keeper_pid, run.keeper_start))
    await asyncio.shield(ends.watch(process.pid, process.start_time))


def _look(folder: Folder, process: Process) -> ProcessStatus | None:
    """What became of a process; None while it has ended and its keeper lives to note it."""
    code = folder.exit_code(process)
    if code is not None:
        return ProcessStatus(condition=Condition.EXITED, exit_code=code)
    if process.boot_id != proc.boot_id():
        return ProcessStatus(condition=Condition.LOST)
    if proc.is_alive(process.pid, process.start_time):
        return ProcessStatus(condition=Condition.RUNNING)
    run = folder.run_of(process)
    if run is not None and proc.is_alive(run.keeper_pid, run.keeper_start):
        return None
    code = folder.exit_code(process)  # It may have been noted between the looks.
    if code is not None:
        return ProcessStatus(condition=Condition.EXITED, exit_code=code)
    return ProcessStatus(condition=Condition.LOST)


async def _after_end(folder: Folder, process: Process, ends: EndWatcher) -> ProcessStatus:
    """What the keeper of a process that has ended notes."""
    run = folder.run_of(process)
    if run is not None:
        await asyncio.shield(ends.watch(run.keeper_pid, run.keeper_start))
    return _look(folder, process) or ProcessStatus(condition=Condition.LOST)


async def stop(
    folder: Folder, process: Process, *, number: int, grace_s: float, ends: EndWatcher, host: str
) -> None:
    """Signal a process and its group, wait until they are gone, kill what is left.

    Raises: TemporaryFailure if even that does not end it.
    """
    if process.boot_id != proc.boot_id():
        return
    _signal(process, number)
    if await _is_gone_within(folder, process, grace_s, ends):
        return
    _signal(process, signals.SIGKILL)
    if not await _is_gone_within(folder, process, KILL_S, ends):
        raise TemporaryFailure(
            f"{process.name} (pid {process.pid}) does not end though it was killed",
            host=host,
            remedy="see what it waits for (a disk or network file system?)",
        )


def _signal(process: Process, number: int) -> None:
    """Signal what is left of a process and its group."""
    if proc.is_alive(process.pid, process.start_time):
        # As long as it lives nobody else can have its group's number.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.group, number)
        return
    for pid, start_time in _left_over(process):
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                if proc.is_alive(pid, start_time):
                    signals.pidfd_send_signal(descriptor, number)
            finally:
                os.close(descriptor)


def _left_over(process: Process) -> list[tuple[int, int]]:
    """Living children of a process that has ended, pid and start time, still in its group.

    The number of a group may be somebody else's by now: it is if its leader is another process,
    and otherwise only those with the mark count.
    """
    if not proc.group_exists(process.group):
        return []
    seen = proc.stat(process.pid)
    if seen is not None and seen.start_time != process.start_time:
        return []
    value = keeper.mark(process.name, keeper.quoted_key(process.key, ""))
    return proc.marked_in_group(process.group, keeper.MARK, value)


async def _is_gone_within(
    folder: Folder, process: Process, grace_s: float, ends: EndWatcher
) -> bool:
    """Wait for a process and its group; False if something of it is left after that time."""
    try:
        async with asyncio.timeout(grace_s):
            await _end(folder, process, ends)
            while left_over := _left_over(process):
                for pid, start_time in left_over:
                    await asyncio.shield(ends.watch(pid, start_time))
    except TimeoutError:
        return False
    return True
