"""The `ripieno` command: its subcommands, and the one place where errors become exit codes.

No error of ours prints a traceback: it is one line on the standard error, and an exit code.
"""

import io
import os
import sys
from collections.abc import Iterable
from typing import Annotated

import typer
import typer.core
import typer.main

from ripieno import __version__
from ripieno.cli import catalogue
from ripieno.cli.catalogue import ENTRIES, Entry
from ripieno.cli.exits import CommandError, ExitCode
from ripieno.model.errors import DocumentError, RipienoError
from ripieno.model.node import printable

MOST_COMPLAINT = 4_000

app = typer.Typer(
    name="ripieno",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # which fills paragraphs
    context_settings=catalogue.SETTINGS,
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"ripieno {__version__}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Bring up applications made of components, and change them while they run.

    The server is the one that `ripieno serve` started here, or that of RIPIENO_URL and
    RIPIENO_TOKEN.
    """


def group(entries: Iterable[Entry] = ENTRIES) -> typer.core.TyperGroup:
    """The command with its subcommands."""
    made = typer.main.get_command(app)
    assert isinstance(made, typer.core.TyperGroup)
    catalogue.leave_types_of_flags_out(made)
    catalogue.fill(made, entries)
    return made


def run(entries: Iterable[Entry] = ENTRIES) -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal of another encoding shows what it can; names may be in any script.
            stream.reconfigure(errors="replace")
    try:
        group(entries)(prog_name="ripieno")
    except CommandError as problem:
        sys.exit(_complain(problem, problem.exit_code))
    except DocumentError as problem:
        sys.exit(_complain(problem, ExitCode.USAGE))
    except RipienoError as problem:
        sys.exit(_complain(problem, ExitCode.FAILED))
    except KeyboardInterrupt:
        sys.exit(ExitCode.DETACHED)
    except OSError as problem:
        # Our output has no place to go. Python would complain about that again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(problem, BrokenPipeError):  # Whoever read it may just have had enough.
            typer.echo(f"ripieno: cannot write the output: {problem.strerror}", err=True)
        sys.exit(ExitCode.USAGE)


def _complain(problem: RipienoError, exit_code: ExitCode) -> ExitCode:
    typer.echo(f"ripieno: {printable(str(problem), MOST_COMPLAINT)}", err=True)
    return exit_code
