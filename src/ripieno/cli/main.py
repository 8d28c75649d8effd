"""The `ripieno` command: its subcommands, and the one place where errors become exit codes.

0: it went well. 1: it went to its end, and the answer is no (a phase does not complete, there is
no plan). 2: it could not begin (a file that cannot be read, wrong arguments). No error of ours
prints a traceback.
"""

import io
import os
import sys
from typing import Annotated

import typer

from ripieno import __version__
from ripieno.cli.plan import plan
from ripieno.cli.simulate import simulate
from ripieno.model.errors import DocumentError, RipienoError

ANSWER_IS_NO = 1
CANNOT_BEGIN = 2
INTERRUPTED = 130

app = typer.Typer(
    name="ripieno",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # which fills paragraphs
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Describe applications as components with life cycles and ports; simulate and plan them.",
)
app.command()(simulate)
app.command()(plan)


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
    """Describe applications as components with life cycles and ports; simulate and plan them."""


def run() -> None:
    """Run the command line; the entry point of the installed script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal of another encoding shows what it can; names may be in any script.
            stream.reconfigure(errors="replace")
    try:
        app()
    except DocumentError as problem:
        sys.exit(_complain(problem, CANNOT_BEGIN))
    except RipienoError as problem:
        sys.exit(_complain(problem, ANSWER_IS_NO))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as problem:
        # Our output has no place to go. Python would complain about that again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(problem, BrokenPipeError):  # Whoever read it may just have had enough.
            typer.echo(f"ripieno: cannot write the output: {problem.strerror}", err=True)
        sys.exit(CANNOT_BEGIN)


def _complain(problem: RipienoError, exit_code: int) -> int:
    typer.echo(f"ripieno: {problem}", err=True)
    return exit_code
