"""What a server stands on: a folder to itself, an address to listen on, and files to keep in it."""

import contextlib
import fcntl
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

from ripieno.model.errors import RipienoError


class CannotStart(RipienoError):
    """The server cannot start here; the message says what is in the way."""


def allow_many_files() -> None:
    """Every process that is watched takes a file descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def write(path: Path, text: str) -> None:
    """Write a file that only its owner reads, at once."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


@contextlib.contextmanager
def home_of(home: Path) -> Iterator[None]:
    """Have the state directory to oneself. Raises: `CannotStart`."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open(home / "server.lock", "w")  # noqa: SIM115  # held until the end
    except OSError as problem:
        raise CannotStart(f"{home} cannot be used: {problem}; give another --home") from problem
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise CannotStart(
                f"another server uses {home}; stop it, or give this one another --home"
            ) from problem
        yield


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket. Raises: `CannotStart`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol stated: what answers in two writes would wait for 40 ms in between else,
    # since asyncio does not know it for tcp.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as problem:
        listener.close()
        raise CannotStart(
            f"{host}:{port} cannot be listened on: {problem.strerror}; give another --listen"
        ) from problem
    with listener:
        yield listener


def bracketed(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
