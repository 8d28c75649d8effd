"""Why a command was not run on a host behind SSH, out of the words of the script that refused it.

Used by the SSH host; the words are those of `ssh_scripts` and `ssh_process_scripts`.
"""

from collections.abc import Sequence

from ripieno.runtimes.errors import (
    CommandNotFound,
    FileMissing,
    PermissionDenied,
    RuntimeDriverError,
    TemporaryFailure,
)


def refusal(
    host: str, attempt: str, *, program: str, cwd: str, words: Sequence[str]
) -> RuntimeDriverError:
    """The error for what a script has said instead of running a program in a folder."""
    match list(words):
        case ["cwd-missing"]:
            return FileMissing(
                f"the working folder {cwd} does not exist",
                host=host,
                remedy="create it, or name another",
            )
        case ["cwd-denied"]:
            return PermissionDenied(
                f"the working folder {cwd} may not be entered",
                host=host,
                remedy="give its user the right to",
            )
        case ["command-missing"]:
            return CommandNotFound(
                f"there is no command {program}",
                host=host,
                remedy="install it there, or correct the name",
            )
        case ["command-denied", *path]:
            return PermissionDenied(
                f"{' '.join(path)} may not be executed",
                host=host,
                remedy="make it executable for its user (chmod +x)",
            )
        case ["busy"]:
            return TemporaryFailure(
                f"{attempt}: another start or removal of it does not end",
                host=host,
                remedy="see whether the machine is overloaded",
            )
    return TemporaryFailure(
        f"{attempt} cannot be started: its keeper ended early ({' '.join(words)})",
        host=host,
        remedy="try again",
    )
