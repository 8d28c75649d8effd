"""What cannot be imported, one type an error."""

from ripieno.model.errors import RipienoError


class ImporterError(RipienoError):
    """A description cannot be made an application; the message says what is in the way."""


class UnreadableDescription(ImporterError):
    """What was given is not of the format that it should be in."""


class NothingToRun(ImporterError):
    """A description has nothing in it that could be a component."""
