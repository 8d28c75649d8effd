"""The folder of one process name on this machine: its records, exit codes and their order.

Used by the local host; `keeper` says what the files mean. Everything here is quick and blocks.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from ripieno.runtimes import keeper
from ripieno.runtimes.host import Process
from ripieno.runtimes.keeper import Run

LOCK_S = 30.0
"""How long a start or removal of a name may keep another waiting."""

LOCK_PAUSE_S = 0.005


def make_directory(directory: str) -> None:
    """See to it that a host's directory exists, for nobody else to look into."""
    if not os.path.isdir(directory):
        os.makedirs(directory, mode=0o700, exist_ok=True)


class Folder:
    """Where the files of a process name are."""

    def __init__(self, directory: str, name: str) -> None:
        self.name = name
        self.directory = directory
        self.path = f"{directory}/{name}"

    def exists(self) -> bool:
        """Whether anything was ever put there."""
        return os.path.isdir(self.path)

    def make(self) -> None:
        """See to it that the folder and its working folder exist."""
        make_directory(self.directory)
        os.makedirs(f"{self.path}/{keeper.CWD}", exist_ok=True)

    @contextlib.asynccontextmanager
    async def locked(self, *, create: bool = True) -> AsyncIterator[int]:
        """Hold the name's lock, whose descriptor may be handed on to a keeper.

        Raises: FileNotFoundError if it is not to be created and does not exist; TimeoutError.
        """
        pause_s = LOCK_PAUSE_S
        async with asyncio.timeout(LOCK_S):
            while True:
                try:
                    if create:
                        self.make()
                    lock = self._try_lock(create=create)
                    if lock is not None:
                        break
                except FileNotFoundError:
                    if not create:
                        raise
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 1.5, 0.1)
        try:
            yield lock
        finally:
            os.close(lock)

    def _try_lock(self, *, create: bool) -> int | None:
        """A descriptor that holds the lock until it and all its copies are closed; None: taken.

        Raises: FileNotFoundError if there is no folder (or lock, unless it is to be created).
        """
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        descriptor = os.open(f"{self.path}/lock", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if os.fstat(descriptor).st_nlink == 0:  # The name was forgotten in between.
            os.close(descriptor)
            return None
        return descriptor

    def run(self, written_key: str) -> Run | None:
        """The record of a key; None if there is none, or not yet a whole one."""
        try:
            line = Path(f"{self.path}/run-{written_key}").read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return keeper.read_run(self.name, keeper.plain_key(written_key), line)

    def run_of(self, process: Process) -> Run | None:
        """The record of that very process."""
        found = self.run(keeper.quoted_key(process.key, ""))
        return found if found is not None and found.process == process else None

    def exit_code(self, process: Process) -> int | None:
        """What its keeper noted of its end, if it did."""
        if self.run_of(process) is None:
            return None
        try:
            text = Path(f"{self.path}/exit-{keeper.quoted_key(process.key, '')}").read_text("ascii")
        except FileNotFoundError:
            return None
        return int(text) if text.endswith("\n") else None

    def runs(self) -> list[Run]:
        """All records, the last process at the end."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for entry in os.listdir(self.path):
                if entry.startswith("run-"):
                    run = self.run(entry.removeprefix("run-"))
                    if run is not None:
                        found.append(run)
        found.sort(key=lambda run: (run.number, run.process.start_time))
        return found

    def drop_run(self, written_key: str) -> None:
        """Remove a record, and the exit code with it."""
        for kind in ("exit", "run"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.path}/{kind}-{written_key}")

    def remove(self) -> None:
        """Remove everything of the name, and what folders above are then empty."""
        shutil.rmtree(f"{self.path}/{keeper.CWD}", ignore_errors=True)
        for path in self._own_files():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        folder = self.path
        while folder != self.directory:
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                pass
            except OSError:
                return
            folder = os.path.dirname(folder)

    def _own_files(self) -> Iterator[str]:
        """The files of the name, the lock last; not those of names that begin with this one."""
        for entry in os.listdir(self.path):
            if entry.startswith(("run-", "exit-", "stdout.", "stderr.")):
                yield f"{self.path}/{entry}"
        yield f"{self.path}/lock"
