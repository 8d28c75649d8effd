"""Rigs for the contract of hosts: the fake, this machine. `ssh_servers` has the one over SSH.

A rig is made and closed by a fixture of whoever runs the contract; closing it ends what was
started.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ripieno.runtimes import proc
from ripieno.runtimes.fake_host import FakeHost, FakeMachine
from ripieno.runtimes.host import Host, Process, Stream
from ripieno.runtimes.keeper import MARK
from ripieno.runtimes.local_host import LocalHost
from ripieno.testing import host_programs


class FakeRig:
    """A machine in memory."""

    def __init__(self) -> None:
        self.machine = FakeMachine(host_programs.FAKE_PROGRAMS, runs_anything=False)
        self.host: Host = FakeHost(self.machine)

    async def open(self) -> Host:
        """Another host object to the same machine."""
        return FakeHost(self.machine)

    def program(self, verb: str, *arguments: str) -> tuple[str, ...]:
        """The command that does a verb."""
        return host_programs.fake(verb, *arguments)

    def is_running(self, pid: int) -> bool:
        """Whether that pid runs."""
        return pid in self.machine.runs

    async def lose(self, process: Process) -> None:
        """Kill a process so that nobody sees its exit code."""
        self.machine.lose(process)

    def disk_bytes(self, name: str, stream: Stream) -> int:
        """What is kept of a log."""
        return len(self.machine.logs[name, stream].kept)

    def file(self, target: str) -> tuple[bytes, int]:
        """Content and mode of a file."""
        found = self.machine.files[f"{self.host.directory}/{target}"]
        return found.content, found.mode

    async def close(self) -> None:
        """End everything."""
        await self.machine.close()


class LocalRig:
    """This machine, and an empty directory on it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._hosts: list[LocalHost] = []
        self.host: Host = self._open()

    def _open(self) -> LocalHost:
        host = LocalHost(self._directory, sweep_s=0.1)
        self._hosts.append(host)
        return host

    async def open(self) -> Host:
        """Another host object to the same directory."""
        return self._open()

    def program(self, verb: str, *arguments: str) -> tuple[str, ...]:
        """The command that does a verb."""
        return host_programs.shell(verb, *arguments)

    def is_running(self, pid: int) -> bool:
        """Whether that pid runs and does not only wait to be reaped."""
        return is_running(pid)

    async def lose(self, process: Process) -> None:
        """Kill a process and its keeper."""
        await lose(process)

    def disk_bytes(self, name: str, stream: Stream) -> int:
        """The blocks of a log."""
        return (self._directory / name / f"{stream}.log").stat().st_blocks * 512

    def file(self, target: str) -> tuple[bytes, int]:
        """Content and mode of a file."""
        path = self._directory / target
        return path.read_bytes(), path.stat().st_mode & 0o7777

    async def close(self) -> None:
        """End everything."""
        for host in self._hosts:
            await host.close()
        kill_all(str(self._directory))


def is_running(pid: int) -> bool:
    """Whether a pid of this machine runs and does not only wait to be reaped."""
    found = proc.stat(pid)
    return found is not None and found.state not in "ZX"


async def lose(process: Process) -> None:
    """Kill a process of this machine and its keeper, the keeper first."""
    keeper_pid = parent(process.pid)
    descriptor = os.pidfd_open(keeper_pid)
    os.kill(keeper_pid, signal.SIGKILL)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ended.set)
    await ended.wait()
    asyncio.get_running_loop().remove_reader(descriptor)
    os.close(descriptor)
    os.kill(process.pid, signal.SIGKILL)


def parent(pid: int) -> int:
    """The parent of a process of this machine."""
    line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return int(line.rpartition(")")[2].split()[1])


def strays(directory: str) -> dict[int, str]:
    """Whatever runs on this machine for processes of a host's directory: pid and mark."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            links = (entry / "cwd").readlink(), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        marks = [each.decode() for each in variables if each.startswith(f"{MARK}=".encode())]
        if marks and any(directory in str(each) for each in links):
            found[int(entry.name)] = marks[0].removeprefix(f"{MARK}=")
    return found


def commands(directory: str) -> dict[str, list[int]]:
    """The pids of what was started, keepers and children apart, by the mark they carry."""
    found: dict[str, list[int]] = {}
    for pid, mark in strays(directory).items():
        seen = proc.stat(pid)
        if seen is not None and seen.group == pid and seen.state not in "ZX":
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b".keeper-" not in line:
                found.setdefault(mark, []).append(pid)
    return found


def kill_all(directory: str) -> None:
    """Kill whatever runs on this machine for processes of a host's directory."""
    while found := {pid for pid in strays(directory) if is_running(pid)}:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def small_disk(path: Path, options: str = "size=1m") -> Iterator[Path]:
    """A file system of its own on a path, as long as the block lasts; skips without root."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    path.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", options, "ripieno-test", str(path))
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a small file system: {done.stderr.strip()}")
    try:
        yield path
    finally:
        kill_all(str(path))
        subprocess.run(("umount", str(path)), check=True)


def fill(path: Path) -> None:
    """Fill a small disk."""
    with contextlib.suppress(OSError), (path / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
