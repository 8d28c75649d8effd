"""The command itself, and the one place where errors become lines."""

import importlib
from typing import Any

import typer
import typer.core
import typer.main

from tweetoscope.errors import TweetoscopeError

COMMANDS = (
    "broker",
    "topics",
    "generator",
    "collector",
    "estimator",
    "predictor",
    "learner",
    "logger",
    "notifier",
    "dashboard",
)
"""Each has a module of its own here."""


class Commands(typer.core.TyperGroup):
    """Subcommands that are loaded when they are asked for.

    What one needs, such as a compiler or a web server, the others would wait for when they start.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the stream."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> typer.core.TyperCommand | None:
        """The one of a name."""
        if cmd_name not in COMMANDS:
            return None
        single = typer.Typer(add_completion=False)
        single.command(cmd_name)(importlib.import_module(f"tweetoscope.cli.{cmd_name}").command)
        made = typer.main.get_command(single)
        assert isinstance(made, typer.core.TyperCommand)
        return made


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def tweetoscope() -> None:
    """Predict in real time how popular a tweet will become."""


def main() -> None:
    """Run a command; what is wrong with its input or its broker is said in one line."""
    try:
        app()
    except TweetoscopeError as error:
        typer.echo(f"tweetoscope: {error}", err=True)
        raise SystemExit(1) from error
