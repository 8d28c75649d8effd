"""What commands print: for people through Rich, for programs as JSON.

Whatever comes from the server goes through `safe`: a name, a reason or a log line may hold control
characters and Rich's markup, and neither may reach the terminal as such.
"""

import json
import os
import sys
from collections.abc import Sequence

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from ripieno.model.node import printable

MOST_TEXT = 2_000
MOST_LINE = 10_000
"""Characters that are shown of a text, and of a line that a component printed."""

UNLIMITED = 240
"""Columns of lines that no terminal shows: what is searched or cut should not be folded before."""


def console() -> Console:
    """The standard output."""
    is_shown = sys.stdout.isatty() or "COLUMNS" in os.environ
    width = None if is_shown else UNLIMITED
    return Console(highlight=False, markup=False, emoji=False, width=width)


def is_terminal() -> bool:
    """Whether somebody reads the standard output and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def safe(text: str, most: int = MOST_TEXT) -> str:
    """Text that was written elsewhere, as it can be shown."""
    return printable(text, most)


def said(text: str, style: str = "") -> Text:
    """The same, in a style."""
    return Text(safe(text), style=style)


def show_json(answer: BaseModel | Sequence[BaseModel] | object) -> None:
    """Print an answer, or a list of them, as JSON over several lines."""
    typer.echo(json.dumps(plain(answer), indent=2))


def show_json_line(answer: BaseModel) -> None:
    """Print one answer of many, as one line, at once."""
    typer.echo(json.dumps(plain(answer)))


def plain(answer: object) -> object:
    """An answer as JSON can hold it."""
    if isinstance(answer, BaseModel):
        return answer.model_dump(mode="json")
    if isinstance(answer, dict):
        return {name: plain(each) for name, each in answer.items()}
    if isinstance(answer, list | tuple):
        return [plain(each) for each in answer]
    return answer
