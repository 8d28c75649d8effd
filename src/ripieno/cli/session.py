"""Asking the server: the one place where a command goes from sync to async and from client errors
to exit codes.

Called by every command that needs the server.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ripieno import settings
from ripieno.cli.exits import CommandError, ExitCode
from ripieno.client import Client, errors

Answer = TypeVar("Answer")
Work = Callable[[Client], Awaitable[Answer]]

_CODES: dict[type[errors.ClientError], ExitCode] = {
    errors.ServerUnreachable: ExitCode.UNREACHABLE,
    errors.UnexpectedAnswer: ExitCode.UNREACHABLE,
    errors.Unauthenticated: ExitCode.UNAUTHORISED,
    errors.Forbidden: ExitCode.UNAUTHORISED,
    errors.NotFound: ExitCode.NOT_FOUND,
    errors.Conflict: ExitCode.CONFLICT,
    errors.RevisionMismatch: ExitCode.CONFLICT,
    errors.InvalidRequest: ExitCode.USAGE,
    errors.TooLarge: ExitCode.USAGE,
    errors.Unavailable: ExitCode.UNREACHABLE,
    errors.ClientError: ExitCode.FAILED,
}

_BY_SLUG = {
    # Nothing is wrong with how it was asked for: the world does not allow it.
    "no-plan": ExitCode.FAILED,
    "host-refused": ExitCode.FAILED,
    "host-failure": ExitCode.FAILED,
    "host-unavailable": ExitCode.FAILED,
}


def run(work: Work[Answer], *, timeout_s: float = 60.0, file: str | None = None) -> Answer:
    """Do something with the server that is meant.

    `file` is where a document comes from that is sent, for messages. Raises: `CommandError`, and
    `KeyboardInterrupt` once the work, which is cancelled by it, has ended.
    """
    found = find()

    async def session() -> Answer:
        _hear_interrupts()
        async with Client(found.url, found.token, timeout_s=timeout_s) as client:
            return await work(client)

    try:
        return asyncio.run(session())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except errors.ClientError as problem:
        raise failure(problem, file=file) from problem


def _hear_interrupts() -> None:
    """Cancel this task at an interrupt, between two callbacks of the loop.

    `asyncio.run` does it within one. A callback that has just seen that somebody waits then fails
    to wake them, and says so with a traceback.
    """
    task = asyncio.current_task()
    is_main = threading.current_thread() is threading.main_thread()
    if task is not None and is_main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)


def find() -> settings.ClientSettings:
    """The server that is meant. Raises: `CommandError`."""
    try:
        return settings.find()
    except settings.NoServer as problem:
        raise CommandError(str(problem), ExitCode.UNREACHABLE) from problem
    except settings.NoToken as problem:
        raise CommandError(str(problem), ExitCode.UNAUTHORISED) from problem
    except settings.SettingsError as problem:
        raise CommandError(str(problem), ExitCode.USAGE) from problem


def failure(problem: errors.ClientError, *, file: str | None = None) -> CommandError:
    """An error of the client, as a command ends with it."""
    code = next(_CODES[each] for each in type(problem).__mro__ if each in _CODES)
    message = str(problem)
    if isinstance(problem, errors.Refused):
        code = _BY_SLUG.get(problem.problem.slug, code)
        if problem.problem.line and file:
            message = f"{file}:{message}"
    if isinstance(problem, errors.Held):
        message = f"{message} (--queue)"
    if isinstance(problem, errors.Unauthenticated):
        message = f"{message}; set {settings.TOKEN} to one that is good"
    return CommandError(message, code)
