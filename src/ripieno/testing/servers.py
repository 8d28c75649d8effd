"""A real server in a process of its own, to be used, killed and started again. For tests."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ripieno.client.client import Client
from ripieno.testing import warm_servers
from ripieno.testing.warm_servers import ForkedServer
from ripieno.wire.reconfiguration import Reconfiguration

START_S = 60.0

WARM = "RIPIENO_WARM_SERVERS"
"""The environment variable by which servers are forked rather than loaded anew each time."""


class ServerProcess:
    """`ripieno serve` on a state directory; what it has deployed outlives it.

    Without `door` nothing is opened, so that tests do not take each other's ports.
    """

    def __init__(
        self,
        home: Path,
        *,
        database_url: str | None = None,
        options: Sequence[str] = (),
        door: Sequence[str] = ("--no-door",),
    ) -> None:
        self.home = home
        self._options = list(options)
        self.door = list(door)
        if database_url is not None:
            self._options += ["--database", database_url]
        self._process: subprocess.Popen[bytes] | ForkedServer | None = None

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it answers, once it does."""
        return str(json.loads((self.home / "server.json").read_text())["url"])

    def start(self) -> None:
        """Start the server; it answers a moment later, see `ready`."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "server.json").unlink(missing_ok=True)
        words = ["serve", "--home", str(self.home), "--listen", "127.0.0.1:0"]
        words += [*self._options, *self.door]
        with open(self.home / "server.log", "ab") as log:
            if os.environ.get(WARM) == "1":
                self._process = warm_servers.of_this_process().start(words, log)
                return
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ripieno", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self) -> Client:
        """A client of the server, once it answers. Raises: `RuntimeError` with its last words."""
        give_up_at = time.monotonic() + START_S
        while time.monotonic() < give_up_at:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if (self.home / "server.json").exists():
                url = json.loads((self.home / "server.json").read_text())["url"]
                token = (self.home / "admin.token").read_text().strip()
                return Client(url, token)
            await asyncio.sleep(0.01)
        raise RuntimeError(f"the server did not start: {self.log()[-2000:]}")

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(START_S)
            self._process = None

    def log(self) -> str:
        """What it has said so far."""
        path = self.home / "server.log"
        return path.read_text() if path.exists() else ""


async def ended(client: Client, reconfiguration: str, *, within_s: float = 60.0) -> Reconfiguration:
    """A reconfiguration, once it is over. Raises: `TimeoutError`."""
    pauses = pauses_s()
    async with asyncio.timeout(within_s):
        while True:
            record = await client.reconfiguration(reconfiguration)
            if record.state.is_over:
                return record
            await asyncio.sleep(next(pauses))


def pauses_s() -> Iterator[float]:
    """Ever longer ones: who looks all the time takes processors from what is waited for."""
    pause_s = 0.01
    while True:
        yield pause_s
        pause_s = min(1.2 * pause_s, 0.1)


def marked_processes(deployment: str) -> dict[str, list[int]]:
    """Processes on this machine that were started for a deployment, by what they are called.

    Keepers and children of a process are left out: only those whose parent is not marked alike.
    """
    marks: dict[int, str] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            environment = Path("/proc", entry, "environ").read_bytes()
        except OSError:
            continue
        for variable in environment.split(b"\0"):
            if variable.startswith(b"RIPIENO_PROCESS="):
                mark = variable.partition(b"=")[2].decode()
                if mark.startswith(f"{deployment}/") and not _is_keeper(int(entry)):
                    marks[int(entry)] = mark
    found: dict[str, list[int]] = {}
    for pid, mark in marks.items():
        try:
            state, parent = _state_and_parent(pid)
        except OSError:
            continue
        if state != "Z" and marks.get(parent) != mark:
            found.setdefault(mark.partition(" ")[0], []).append(pid)
    return found


def _is_keeper(pid: int) -> bool:
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return len(words) > 2 and words[2] == b"keep"


def _state_and_parent(pid: int) -> tuple[str, int]:
    fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[1])
