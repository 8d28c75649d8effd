"""Servers that are forked from an interpreter which has loaded all of one, for tests with many.

To load a server takes ten times as long as to start it. `WarmServers.start` asks that interpreter
for one more process; it is then what `python -m ripieno` is with the same words, environment and
folder. `python -m ripieno.testing.warm_servers NUMBER` is the interpreter itself, which ends with
whoever holds the other end of the socket of that number.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import IO

LOADED = ("ripieno.bootstrap", "ripieno.ui.site", "ripieno.ui.session", "ripieno.ui.door.edge")
"""What a server has loaded once it was asked for a page."""

_LONGEST = 1 << 20
_LINES = (signal.SIGCHLD,)


class ForkedServer:
    """A process that is no child of ours, held by a descriptor that names no other, ever."""

    def __init__(self, pid: int, held: int) -> None:
        self.pid = pid
        self._held = held

    def __del__(self) -> None:
        os.close(self._held)

    def poll(self) -> int | None:
        """None while it runs; with what it has ended is not known."""
        return 0 if self._is_over(0.0) else None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._held, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended. Raises: `TimeoutError`."""
        if not self._is_over(timeout):
            raise TimeoutError(f"process {self.pid} has not ended within {timeout} s")
        return 0

    def _is_over(self, within_s: float | None) -> bool:
        return bool(select.select([self._held], [], [], within_s)[0])


class WarmServers:
    """The interpreter that has loaded a server."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for the tests, which then end their servers.
        )
        theirs.close()

    def start(self, words: Sequence[str], said: IO[bytes]) -> ForkedServer:
        """Run `ripieno` with these words; what it says goes to a file."""
        asked = json.dumps([list(words), os.getcwd(), dict(os.environ)]).encode()
        socket.send_fds(self._ours, [asked], [said.fileno()])
        answer, (held,), _, _ = socket.recv_fds(self._ours, _LONGEST, 1)
        return ForkedServer(int(answer), held)

    def close(self) -> None:
        """End the interpreter; the servers go on."""
        self._ours.close()
        self._process.wait()


@functools.cache
def of_this_process() -> WarmServers:
    """The one that all tests of a worker share; it ends with the worker."""
    warm = WarmServers()
    atexit.register(warm.close)
    return warm


def _fork_until_left(asking: socket.socket) -> None:
    """Answer each wish with a process and what holds it, until nobody is left to ask."""
    for each in LOADED:
        importlib.import_module(each)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        asked, descriptors, _, _ = socket.recv_fds(asking, _LONGEST, 1)
        if not asked:
            return
        # One that ends at once is not to be forgotten before it is held.
        signal.pthread_sigmask(signal.SIG_BLOCK, _LINES)
        pid = os.fork()
        if pid == 0:
            asking.close()
            _become(*json.loads(asked), said=descriptors[0])
        held = os.pidfd_open(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _LINES)
        socket.send_fds(asking, [str(pid).encode()], [held])
        for number in (held, *descriptors):
            os.close(number)


def _reap(number: int, frame: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(words: list[str], folder: str, environment: dict[str, str], *, said: int) -> None:
    """Be the command with these words; the process ends with it."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _LINES)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.close(said)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["ripieno", *words]
    runpy.run_module("ripieno", run_name="__main__")


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as ours:
        _fork_until_left(ours)
