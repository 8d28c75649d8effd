"""What the use cases refuse, one type an error; the API has the one table to HTTP."""

from ripieno.model.errors import RipienoError


class ControlError(RipienoError):
    """Something that was asked for cannot be done."""


class NotFound(ControlError):
    """There is no such deployment, component, reconfiguration, host, secret or application."""


class Conflict(ControlError):
    """It cannot be done in the state that the thing is in."""


class NameInUse(Conflict):
    """Another one has this name."""


class Held(Conflict):
    """A reconfiguration holds the deployment; the message names it."""


class RevisionMismatch(ControlError):
    """The deployment has changed since the caller looked."""


class Unauthenticated(ControlError):
    """No token, or one that is not known, expired or revoked."""


class Forbidden(ControlError):
    """Who asks is known, and may not do this; the message says what it takes."""


class InvalidRequest(ControlError):
    """What was asked for makes no sense, and the message says why."""


class ShuttingDown(ControlError):
    """The server is going down; ask again when it is back."""
