"""`ripieno logs`: what components printed."""

import re
import sys
from typing import Annotated

import typer

from ripieno.cli import completing, moments, session
from ripieno.cli.arguments import Deployment
from ripieno.cli.output import MOST_LINE, console, safe, show_json_line
from ripieno.client import Client
from ripieno.wire.log import LogLine

_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green")
_PAINT = re.compile(r"\x1b\[[0-9;]*m")


def logs(
    deployment: Deployment,
    component: Annotated[
        str | None,
        typer.Argument(
            metavar="COMPONENT",
            help="Of this component only.",
            autocompletion=completing.components,
            show_default=False,
        ),
    ] = None,
    follows: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is printed from now on.")
    ] = False,
    tail: Annotated[
        int | None,
        typer.Option("--tail", "-n", min=0, help="Only so many of the last lines of each stream."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="5m|TIME", help="Printed since then: how long ago, or ISO 8601."),
    ] = None,
    replica: Annotated[int | None, typer.Option(min=0, help="Of this replica only.")] = None,
    is_plain: Annotated[
        bool, typer.Option("--plain", help="The lines alone, without who printed them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
) -> None:
    """Show what components printed.

    Following goes on when the connection is lost, or the server is started again. Colours that
    were printed are taken out, and other control characters are shown as `\\x1b`.

    Example: ripieno logs -f counter front --since 5m
    """
    moment = moments.since(since) if since is not None else None
    prefixes = Prefixes(is_plain=is_plain)

    async def work(client: Client) -> None:
        lines = client.logs(
            deployment,
            component=component,
            replica=replica,
            follow=follows,
            since=moment,
            tail=tail,
        )
        async for line in lines:
            if as_json:
                show_json_line(line)
            else:
                typer.echo(prefixes.of(line) + shown(line.text))
            if follows:
                sys.stdout.flush()

    session.run(work)


def shown(text: str) -> str:
    """A line as a terminal may have it."""
    return safe(_PAINT.sub("", text.rstrip("\r")).expandtabs(), MOST_LINE)


class Prefixes:
    """Who printed a line: `web | `, or `web/1 | ` for a further replica; each in its colour."""

    def __init__(self, *, is_plain: bool) -> None:
        self._is_plain = is_plain
        self._has_colours = console().color_system is not None and not console().no_color
        self._known: dict[tuple[str, int], str] = {}
        self._width = 0

    def of(self, line: LogLine) -> str:
        """What comes before it."""
        if self._is_plain:
            return ""
        name = safe(line.component) + (f"/{line.replica}" if line.replica else "")
        self._width = max(self._width, len(name))
        head = f"{name:<{self._width}} | "
        if not self._has_colours:
            return head
        number = len(self._known)
        key = (line.component, line.replica)
        colour = self._known.setdefault(key, _COLOURS[number % len(_COLOURS)])
        return typer.style(head, fg=colour)
