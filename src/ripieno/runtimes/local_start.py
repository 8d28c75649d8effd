"""Starting a process on this machine so that it outlives the server, and exactly once a key.

Used by the local host; `keeper` has the script and says why it is exactly once.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ripieno.runtimes import errors, keeper, logs
from ripieno.runtimes.errors import (
    CommandNotFound,
    FileMissing,
    PermissionDenied,
    TemporaryFailure,
)
from ripieno.runtimes.host import Command
from ripieno.runtimes.keeper import Run
from ripieno.runtimes.local_folder import Folder
from ripieno.runtimes.proc import EndWatcher, is_alive

START_S = 30.0
"""How long a keeper may take until the record is there."""


async def start(
    folder: Folder,
    key: str,
    command: Command,
    *,
    log_limit_bytes: int,
    ends: EndWatcher,
    host: str,
) -> Run:
    """The process of a key, which is started if there is none.

    Raises: RuntimeDriverError, OSError.
    """
    written_key = keeper.quoted_key(key, host)
    run = folder.run(written_key)
    if run is not None:
        return run
    keeper.check_data(command.argv, command.env, host)
    marked = {**command.env, keeper.MARK: keeper.mark(folder.name, written_key)}
    variables = keeper.environment(os.environ, marked)
    try:
        async with folder.locked() as lock:
            run = folder.run(written_key)
            if run is not None:
                return run
            folder.drop_run(written_key)  # Of a shell that died before it became the command.
            cwd = working_folder(
                command.cwd, folder.directory, host, default=f"{folder.path}/{keeper.CWD}"
            )
            program(command.argv[0], variables["PATH"], cwd, host)
            earlier = folder.runs()
            _prune(folder, earlier, host)
            for stream in keeper.STREAMS:
                logs.sample(f"{folder.path}/{stream}", time.time(), logs.size(folder.path, stream))
            number = earlier[-1].number + 1 if earlier else 1
            arguments = [written_key, str(number), str(log_limit_bytes), folder.path, cwd, ""]
            said = await _keep(
                [script(folder.directory), "keep", *arguments, folder.name, *command.argv],
                variables,
                lock,
                ends,
            )
            run = folder.run(written_key)
            if run is None:
                folder.drop_run(written_key)
                raise _refusal(folder, said, cwd, host)
            return run
    except TimeoutError as late:
        raise TemporaryFailure(
            f"{folder.name} was not started within {START_S:g} s",
            host=host,
            remedy="see whether the machine is overloaded",
        ) from late


async def _keep(
    arguments: Sequence[str], variables: Mapping[str, str], lock: int, ends: EndWatcher
) -> str:
    """Start a keeper, with the lock in hand; what it says when the start is over."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        # Blocks for the millisecond that a vfork and exec take. The keeper stays a child of this
        # process as long as that lives, so somebody has to reap it: the watcher does.
        spawned = subprocess.Popen(  # noqa: ASYNC220
            ["/bin/sh", *arguments],
            stdin=lock,
            stdout=writing,
            stderr=subprocess.DEVNULL,
            env=variables,
            cwd="/",
            start_new_session=True,
        )
        spawned.returncode = 0  # So that this object neither reaps nor warns.
        ends.watch(spawned.pid)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return await _read_line(reading)


async def _read_line(descriptor: int) -> str:
    """The first line that comes from a pipe, or what comes before its end."""
    loop = asyncio.get_running_loop()
    said = bytearray()
    ended: asyncio.Future[None] = loop.create_future()

    def read() -> None:
        piece = os.read(descriptor, 1024)
        said.extend(piece)
        if (not piece or piece.endswith(b"\n")) and not ended.done():
            ended.set_result(None)

    loop.add_reader(descriptor, read)
    try:
        async with asyncio.timeout(START_S):
            await ended
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return said.decode(errors="replace").strip()


def _refusal(folder: Folder, said: str, cwd: str, host: str) -> errors.RuntimeDriverError:
    """Why a keeper could not start the command, found out by trying what it tried."""
    attempt = f"{folder.name} cannot be started"
    try:
        if said == "cwd":
            os.stat(f"{cwd}/.")
        probe = Path(folder.path, ".probe")
        probe.write_bytes(b"probe" * 1024)
        probe.unlink()
    except OSError as problem:
        return errors.of_os_error(problem, attempt, host=host)
    return TemporaryFailure(
        f"{attempt}: its keeper ended early ({said or 'without a word'})",
        host=host,
        remedy="try again",
    )


def _prune(folder: Folder, runs: Sequence[Run], host: str) -> None:
    for run in runs[: -keeper.KEPT_RUNS]:
        if not is_alive(run.process.pid, run.process.start_time):
            folder.drop_run(keeper.quoted_key(run.process.key, host))


def script(directory: str) -> str:
    """The path of the keeper's script, which is put there if it is not."""
    path = f"{directory}/{keeper.SCRIPT_NAME}"
    if not os.path.exists(path):
        written = Path(f"{path}.{os.getpid()}")
        written.write_text(keeper.SCRIPT, encoding="ascii")
        written.replace(path)
    return path


def working_folder(cwd: str | None, directory: str, host: str, *, default: str) -> str:
    """The absolute path of a working folder that was found to exist.

    Raises: FileMissing, PermissionDenied.
    """
    if cwd is None:
        return default
    path = os.path.join(directory, cwd)
    if "\0" in path or not os.path.isdir(path):
        raise FileMissing(
            f"the working folder {path} does not exist",
            host=host,
            remedy="create it, or name another",
        )
    if not os.access(path, os.X_OK):
        raise PermissionDenied(
            f"the working folder {path} may not be entered",
            host=host,
            remedy="give the server's user the right to",
        )
    return path


def program(name: str, path: str, cwd: str, host: str) -> str:
    """Where a command's program is, `path` being its PATH.

    Raises: CommandNotFound, PermissionDenied.
    """
    if "/" in name:
        candidates = [os.path.join(cwd, name)]
    else:
        candidates = [os.path.join(cwd, folder, name) for folder in path.split(":")]
    files = [each for each in candidates if os.path.isfile(each)]
    for each in files:
        if os.access(each, os.X_OK):
            return each
    if files:
        raise PermissionDenied(
            f"{files[0]} may not be executed",
            host=host,
            remedy="make it executable for the server's user (chmod +x)",
        )
    raise CommandNotFound(
        f"there is no command {name}",
        host=host,
        remedy="install it there or correct the name"
        + ("" if "/" in name else f"; PATH is {path}"),
    )
