"""What can go wrong between the server and its database.

Temporary errors may be gone at the next try; permanent ones stay until somebody does something.
"""

from ripieno.model.errors import RipienoError


class StoreError(RipienoError):
    """The database did not do what it was asked for."""


class TemporaryStoreError(StoreError):
    """The same may work later."""


class PermanentStoreError(StoreError):
    """The same will fail again until somebody does what the message says."""


class StoreUnavailable(TemporaryStoreError):
    """The database could not be reached for a while.

    What was to be stored may have been stored, if it went away at the very end: read again.
    """


class DiskFull(TemporaryStoreError):
    """There is no room for what is to be stored; nothing was changed."""


class CannotOpen(PermanentStoreError):
    """The database cannot be used; the message says what to do about it."""


class Damaged(PermanentStoreError):
    """What the database holds cannot be read any more."""


class StaleWriter(StoreError):
    """Another writer has added events to the deployment; this one must read it again."""


class NameTaken(StoreError):
    """Another deployment took the name first."""


class VersionTaken(StoreError):
    """The version of the application is published, with another document, and cannot change."""


class PersonTaken(StoreError):
    """There is a user or group of that name, or another user is that person at the provider."""


class NoSuchPerson(StoreError):
    """A membership or token is for a user or group that is not there."""


class LastAdministrator(StoreError):
    """Without this user, nobody would be an administrator."""


class RuleBroken(PermanentStoreError):
    """What is to be stored contradicts what is; `rule` is the database's word for how."""

    def __init__(self, text: str, *, rule: str) -> None:
        super().__init__(text)
        self.rule = rule


class UnknownSecret(StoreError):
    """A secret is asked for that nobody has set."""


class BrokenSeal(PermanentStoreError):
    """A secret cannot be opened: the key is another one, or somebody has changed what is stored."""


class InvalidCursor(StoreError):
    """A place to go on from that was never handed out."""
