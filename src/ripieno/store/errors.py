"""What can go wrong between the server and its database."""

from ripieno.model.errors import RipienoError


class StoreError(RipienoError):
    """The database did not do what it was asked for."""


class StoreUnavailable(StoreError):
    """The database cannot be reached at the moment; nothing was changed."""


class CannotOpen(StoreError):
    """The database cannot be used; the message says what to do about it."""


class StaleWriter(StoreError):
    """Another writer has added events to the deployment; this one must read it again."""


class DiskFull(StoreError):
    """There is no room for what is to be stored; nothing was changed."""


class UnknownSecret(StoreError):
    """A secret is asked for that nobody has set."""


class BrokenSeal(StoreError):
    """A secret cannot be opened: the key is another one, or somebody has changed what is stored."""


class InvalidCursor(StoreError):
    """A place to go on from that was never handed out."""
