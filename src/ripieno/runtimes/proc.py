"""What this machine's /proc says about processes, and being told of their ends without polling.

Used by the local host. A process is meant by its pid and start time, so that a later process with
the same pid is never taken for it.
"""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ripieno.runtimes.errors import TemporaryFailure


@dataclass(frozen=True, kw_only=True, slots=True)
class Stat:
    """One line of /proc/PID/stat; `start_time` in ticks since boot."""

    state: str
    group: int
    start_time: int


@cache
def boot_id() -> str:
    """Identity of the time since this machine was started."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def stat(pid: int) -> Stat | None:
    """What is known of a pid, if there is a process with it (maybe one that waits to be reaped)."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            line = file.read(1024)
    except OSError:
        return None
    # The name in parentheses may hold anything, so the fields are counted from its end.
    fields = line[line.rindex(b")") + 2 :].split()
    return Stat(state=fields[0].decode(), group=int(fields[2]), start_time=int(fields[19]))


def is_alive(pid: int, start_time: int) -> bool:
    """Whether that very process has not ended; one that waits to be reaped has."""
    found = stat(pid)
    return found is not None and found.start_time == start_time and found.state not in "ZX"


def group_exists(group: int) -> bool:
    """Whether any process, maybe one that waits to be reaped, is in a process group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def marked_in_group(group: int, variable: str, value: str) -> list[tuple[int, int]]:
    """Pid and start time of the living processes of a group whose environment holds a variable."""
    wanted = f"{variable}={value}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        pid = int(entry)
        seen = stat(pid)
        if seen is None or seen.group != group or seen.state in "ZX":
            continue
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in variables:
            found.append((pid, seen.start_time))
    return found


class EndWatcher:
    """Tells of the ends of processes by the event loop alone, and reaps those that are children.

    One file descriptor a process that is watched; no thread, no polling.
    """

    def __init__(self) -> None:
        self._watched: dict[tuple[int, int], tuple[int, asyncio.Future[None]]] = {}

    def watch(self, pid: int, start_time: int | None = None) -> asyncio.Future[None]:
        """Done when the process has ended, at once if it has. Shield it: it is shared.

        Without `start_time` whichever process has the pid now is meant: for one's own child.
        Raises: OSError where no file descriptor is left.
        """
        loop = asyncio.get_running_loop()
        if start_time is None:
            seen = stat(pid)
            start_time = seen.start_time if seen is not None else -1
        key = (pid, start_time)
        if key in self._watched:
            return self._watched[key][1]
        ended: asyncio.Future[None] = loop.create_future()
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            ended.set_result(None)
            return ended
        seen = stat(pid)
        if seen is None or seen.start_time != start_time:
            os.close(descriptor)
            ended.set_result(None)
            return ended
        self._watched[key] = (descriptor, ended)
        loop.add_reader(descriptor, self._end, key)
        return ended

    def _end(self, key: tuple[int, int]) -> None:
        descriptor, ended = self._watched.pop(key)
        asyncio.get_running_loop().remove_reader(descriptor)
        with suppress(ChildProcessError):  # Started by another server: not ours to reap.
            os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOHANG)
        os.close(descriptor)
        if not ended.done():
            ended.set_result(None)

    def close(self) -> None:
        """Stop watching; whoever still waits gets a TemporaryFailure."""
        loop = asyncio.get_running_loop()
        for descriptor, ended in self._watched.values():
            loop.remove_reader(descriptor)
            os.close(descriptor)
            if not ended.done():
                ended.set_exception(TemporaryFailure("the host was closed"))
                ended.exception()  # Nobody has to be waiting.
        self._watched.clear()
