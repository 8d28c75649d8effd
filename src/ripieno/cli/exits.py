"""Exit codes, and the errors that carry one.

Scripts rely on the codes: they are in the reference, and do not change.
"""

from enum import IntEnum

from ripieno.model.errors import RipienoError


class ExitCode(IntEnum):
    """What the exit code of a command says."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNREACHABLE = 5
    UNAUTHORISED = 6
    DETACHED = 130


MEANINGS = {
    ExitCode.OK: "It went well.",
    ExitCode.FAILED: "It went to its end, and the answer is no: a reconfiguration failed or was "
    "refused, there is no plan, something is not well.",
    ExitCode.USAGE: "It could not begin: wrong arguments, a file that cannot be read, a document "
    "that is not legal.",
    ExitCode.NOT_FOUND: "There is no such deployment, component, reconfiguration, host, …",
    ExitCode.CONFLICT: "Not in the present state: another reconfiguration holds the deployment, "
    "the name is in use, the deployment has changed meanwhile.",
    ExitCode.UNREACHABLE: "The server cannot be reached, or goes down.",
    ExitCode.UNAUTHORISED: "The server does not let in: no token, or not a good one; or who "
    "asks may not do this.",
    ExitCode.DETACHED: "Ctrl-C. What the server was asked for goes on.",
}


class CommandError(RipienoError):
    """A command cannot do what it was asked, and the message says why."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def usage(message: str) -> CommandError:
    """The error for what was written wrongly on the command line."""
    return CommandError(message, ExitCode.USAGE)
