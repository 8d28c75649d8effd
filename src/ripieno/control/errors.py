"""What the use cases refuse, one type an error; the API has the one table to HTTP."""

import math

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


class QuotaExceeded(Conflict):
    """More would run than somebody may have; the message names the quota and what is used."""


class RevisionMismatch(ControlError):
    """The deployment has changed since the caller looked."""


class Unauthenticated(ControlError):
    """No token, or one that is not known, expired or revoked."""


class SignInRefused(ControlError):
    """Somebody is not let in; the message tells them no more than they may know."""


class LinkRefused(SignInRefused):
    """A one-time link was used, has expired, or never was one."""


class TooManyAttempts(ControlError):
    """Somebody tries to sign in too often; `retry_after_s` is how long to wait."""

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(retry_after_s))
        super().__init__(f"too many attempts; wait {self.retry_after_s} s, then try again")


class Forbidden(ControlError):
    """Who asks is known, and may not do this; the message says what it takes."""


class InvalidRequest(ControlError):
    """What was asked for makes no sense, and the message says why."""


class ShuttingDown(ControlError):
    """The server is going down; ask again when it is back."""
