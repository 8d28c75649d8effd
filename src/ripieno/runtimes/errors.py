"""What a host or runtime cannot do, one type an error, temporary apart from permanent.

Raised by every driver in place of its library's errors; read by whoever decides on a retry. A
message names the host, the thing on it and the remedy.
"""

from ripieno.model.errors import RipienoError


class RuntimeDriverError(RipienoError):
    """Something asked of a host or runtime was not done."""

    def __init__(self, what: str, *, host: str = "", remedy: str = "") -> None:
        """`what` names the thing and its state; `remedy` says what a person can do about it."""
        self.what, self.host, self.remedy = what, host, remedy
        named = f"host {host}: {what}" if host else what
        super().__init__(f"{named}; {remedy}" if remedy else named)


class TemporaryFailure(RuntimeDriverError):
    """It may work when asked again, with nothing changed."""


class HostUnreachable(TemporaryFailure):
    """The host does not answer, or did not for as long as the operation may take."""


class LinkLost(TemporaryFailure):
    """The link to the host broke in the middle of something that cannot be done twice."""


class TooSlow(TemporaryFailure):
    """A command took longer than it was given, and was killed."""


class PortClosed(TemporaryFailure):
    """Nothing answers on a port of the host."""


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


class PortTaken(PermanentFailure):
    """Another process listens on a port that is wanted."""


class ProcessDied(PermanentFailure):
    """A process ended that should run."""


class NotReady(PermanentFailure):
    """A process runs and did not become ready in the time it was given."""
