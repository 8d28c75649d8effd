"""What a host or runtime cannot do, one type an error, temporary apart from permanent.

Raised by every driver in place of its library's errors; read by whoever decides on a retry. A
message names the host, the thing on it and the remedy.
"""

import contextlib
import errno
from collections.abc import Iterator
from typing import Self

from ripieno.model.errors import RipienoError


class RuntimeDriverError(RipienoError):
    """Something asked of a host or runtime was not done."""

    def __init__(self, what: str, *, host: str = "", remedy: str = "") -> None:
        """`what` names the thing and its state; `remedy` says what a person can do about it."""
        self.what, self.host, self.remedy = what, host, remedy
        named = f"host {host}: {what}" if host else what
        super().__init__(f"{named}; {remedy}" if remedy else named)

    def again(self) -> Self:
        """The same, to be raised in another place: each raise leaves its traces in an error."""
        return type(self)(self.what, host=self.host, remedy=self.remedy)


class TemporaryFailure(RuntimeDriverError):
    """It may work when asked again, with nothing changed."""


class HostUnreachable(TemporaryFailure):
    """The host does not answer, or did not for as long as the operation may take."""


class ConnectionRefused(HostUnreachable):
    """The host is there, and nothing listens where its sshd should."""


class LinkLost(TemporaryFailure):
    """The link to the host broke in the middle of something that cannot be done twice."""


class TooSlow(TemporaryFailure):
    """A command took longer than it was given, and was killed."""


class PortClosed(TemporaryFailure):
    """Nothing answers on a port of the host."""


class EngineAway(TemporaryFailure):
    """The container engine of a host does not answer."""


class PermanentFailure(RuntimeDriverError):
    """It will not work until somebody changes something."""


class InvalidHost(PermanentFailure):
    """The host is not usable as it is described: no such kind, no such key file, a tool missing."""


class AuthenticationFailed(PermanentFailure):
    """The host is there and does not let this user or key in."""


class HostKeyChanged(PermanentFailure):
    """The host shows another key than the one that is known."""


class UnknownHostKey(PermanentFailure):
    """Nobody has yet said that the key which the host shows is its own."""


class CommandNotFound(PermanentFailure):
    """The host has no such command."""


class PermissionDenied(PermanentFailure):
    """The host's user may not do this."""


class DiskFull(PermanentFailure):
    """The host has no room left."""


class FileMissing(PermanentFailure):
    """A file or folder that is needed does not exist."""


class NoEngine(PermanentFailure):
    """The host has no container engine, or its user may not use it."""


class ImageMissing(PermanentFailure):
    """The host does not have an image, and its registry does not give it."""


class PortTaken(PermanentFailure):
    """Another process listens on a port that is wanted."""


class ProcessDied(PermanentFailure):
    """A process ended that should run."""


class NotReady(PermanentFailure):
    """A process runs and did not become ready in the time it was given."""


def of_os_error(problem: OSError, what: str, *, host: str) -> RuntimeDriverError:
    """The error that stands for a failed system call; `what` says what was attempted."""
    cause = problem.strerror or str(problem) or type(problem).__name__
    path = f" ({problem.filename})" if isinstance(problem.filename, str) else ""
    said = f"{what}: {cause}{path}"
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(said, host=host, remedy="make room there, then try again")
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PermissionDenied(
            said, host=host, remedy="give its user the right to, or use another folder or user"
        )
    if problem.errno in (errno.ENOENT, errno.ENOTDIR):
        return FileMissing(said, host=host, remedy="create it, or correct the path")
    if isinstance(problem, TimeoutError):
        return TemporaryFailure(f"{what}: it took too long", host=host, remedy="try again")
    if problem.errno in (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM):
        return TemporaryFailure(said, host=host, remedy="raise the limit, or run fewer there")
    return PermanentFailure(said, host=host)


@contextlib.contextmanager
def translated(what: str, *, host: str) -> Iterator[None]:
    """Raise the error that stands for it where a system call fails in the block."""
    try:
        yield
    except OSError as problem:
        raise of_os_error(problem, what, host=host) from problem
