"""Running a command on this machine to its end. Used by the local host.

Input and output are files in memory rather than pipes: then the end of the command is the end,
whatever children it has left behind, which are killed with its group.
"""

import asyncio
import contextlib
import os
import signal as signals
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from ripieno.runtimes.errors import TooSlow
from ripieno.runtimes.host import Completed
from ripieno.runtimes.proc import EndWatcher


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str,
    stdin: bytes,
    timeout_s: float,
    ends: EndWatcher,
    host: str,
) -> Completed:
    """Run a command; `ends` reaps it where nobody waits for it any more.

    Raises: TooSlow, OSError.
    """
    with _file("stdin", stdin) as given, _file("stdout") as out, _file("stderr") as err:
        # Blocks for the millisecond that a vfork and exec take, and cannot be cancelled halfway.
        process = subprocess.Popen(  # noqa: ASYNC220
            argv, stdin=given, stdout=out, stderr=err, env=env, cwd=cwd, start_new_session=True
        )
        try:
            async with asyncio.timeout(timeout_s):
                await _end(process.pid)
        except TimeoutError as late:
            raise TooSlow(
                f"{argv[0]} did not end within {timeout_s:g} s and was killed",
                host=host,
                remedy="give it more time, or see why it hangs",
            ) from late
        finally:
            # It is not reaped yet, so the number of its group is still its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signals.SIGKILL)
            if process.poll() is None:
                process.returncode = -signals.SIGKILL
                ends.watch(process.pid)
        code = process.returncode
        return Completed(
            exit_code=128 - code if code < 0 else code, stdout=_content(out), stderr=_content(err)
        )


async def _end(pid: int) -> None:
    """Wait until a child has ended; it is not reaped."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    descriptor = os.pidfd_open(pid)
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


@contextlib.contextmanager
def _file(name: str, content: bytes = b"") -> Iterator[int]:
    """A file in memory, open at its beginning."""
    descriptor = os.memfd_create(name)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, "rb", closefd=False) as file:
        return file.read()
