"""A real PostgreSQL on a free loopback port, to be stopped, killed and started again. For tests.

`with PostgresServer() as server: url = server.new_database()`. `Unavailable` says what is missing.
It runs as the user `postgres` where we are root, since it refuses root.
"""

import contextlib
import itertools
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ripieno.testing.ports import free_port

START_S = 60.0
USER = "ripieno"
_OTHER_USER = "postgres"

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # What a killed server has written is in the kernel, so only a machine's end could lose it.
    "fsync": "off",
    "full_page_writes": "off",
}

_numbers = itertools.count()


class Unavailable(Exception):
    """This machine has no PostgreSQL server to start."""


class PostgresServer:
    """A server with a user and a password; leaving the block ends it and removes its files."""

    def __init__(self, *, shared_buffers: str = "32MB") -> None:
        self._tools = _tools()
        self._shared_buffers = shared_buffers
        self._as_other = os.geteuid() == 0
        self.password = secrets.token_urlsafe(12)
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="ripieno-postgres-"))
        self._data = self.folder / "data"
        self._log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._create()
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def url(self, database: str, *, user: str = USER, password: str | None = None) -> str:
        """The URL of a database of this server."""
        given = self.password if password is None else password
        return f"postgresql+asyncpg://{user}:{given}@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, like: str | None = None) -> str:
        """The URL of a new database: an empty one, or a copy of one that nobody uses now."""
        name = f"ripieno_{next(_numbers)}"
        copied = "" if like is None else f" TEMPLATE {like.rpartition('/')[2]}"
        self.query(f"CREATE DATABASE {name}{copied}", database="postgres")
        return self.url(name)

    def query(self, statement: str, *, database: str) -> str:
        """What psql answers, without decoration."""
        where = f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"
        command: list[str | Path] = [
            self._tools / "psql",
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
        ]
        return self._run([*command, "-c", statement, where]).strip()

    def start(self) -> None:
        """Start it; returns when it answers. Raises: `RuntimeError` with its last words."""
        settings = {
            **_SETTINGS,
            "port": str(self.port),
            "shared_buffers": self._shared_buffers,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [self._tools / "postgres", "-D", self._data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._who(),
            )
        give_up_at = time.monotonic() + START_S
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"PostgreSQL does not start: {self._last_words()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop it in order: what is under way is rolled back, connections are closed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_S)
            self._process = None

    def restart(self) -> None:
        """Stop it in order and start it again."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End all its processes at once (SIGKILL), as a machine that loses its power does."""
        if self._process is None:
            return
        keeper = self._process.pid
        self._process.send_signal(signal.SIGSTOP)  # So that it neither notices nor starts others.
        others = {pid: _born(pid) for pid in _children(keeper)}
        for pid in (*others, keeper):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(START_S)
        self._process = None
        give_up_at = time.monotonic() + START_S
        while any(born and _born(pid) == born for pid, born in others.items()):
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"PostgreSQL does not end: {self._last_words()}")
            time.sleep(0.005)

    def close(self) -> None:
        """End it and remove its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        """Whether it has written that it takes connections, see miscadmin.h of PostgreSQL."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        assert self._process is not None
        return lines[:1] == [str(self._process.pid)] and lines[7:8] == ["ready   "]

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""

    def _create(self) -> None:
        password = self.folder / "password"
        password.write_text(self.password)
        if self._as_other:
            for path in (self.folder, password):
                shutil.chown(path, _OTHER_USER, _OTHER_USER)
        command: list[str | Path] = [
            self._tools / "initdb",
            "-D",
            self._data,
            "-U",
            USER,
            "--pwfile",
            password,
        ]
        command += ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run(command)

    def _run(self, command: Sequence[str | Path]) -> str:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self._who(),
        )
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
        said: str = done.stdout
        return said

    def _who(self) -> Any:
        """Options of a subprocess: its user, and no more of our environment than it needs."""
        options: dict[str, Any] = {
            "cwd": self.folder,
            "env": {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": self.password},
        }
        if self._as_other:
            options |= {"user": _OTHER_USER, "group": _OTHER_USER, "extra_groups": ()}
        return options


def _tools() -> Path:
    """The folder of the newest PostgreSQL server's programs. Raises: `Unavailable`."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).parent)
    if not found:
        raise Unavailable("needs a PostgreSQL server: install the package postgresql")
    if os.geteuid() == 0:
        import pwd  # Not everywhere, and needed by root only.

        try:
            pwd.getpwnam(_OTHER_USER)
        except KeyError:
            raise Unavailable(f"PostgreSQL refuses root, and there is no {_OTHER_USER}") from None
    return max(found, key=lambda path: [int(each) for each in re.findall(r"\d+", str(path))])


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def _born(pid: int) -> str | None:
    """When a process was started, None if it has ended; numbers are given again to others."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
