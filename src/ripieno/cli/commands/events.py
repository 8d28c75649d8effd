"""`ripieno events`: what happened, and what happens."""

import sys
from collections import deque
from typing import Annotated

import typer

from ripieno.cli import completing, event_view, session
from ripieno.cli.output import console, show_json_line
from ripieno.client import Client
from ripieno.wire.event import MOST_EVENTS, Event


def events(
    deployment: Annotated[
        str | None,
        typer.Argument(
            metavar="DEPLOYMENT",
            help="Of this deployment only.",
            autocompletion=completing.deployments,
            show_default=False,
        ),
    ] = None,
    follows: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens from now on.")
    ] = False,
    tail: Annotated[
        int, typer.Option("--tail", "-n", min=0, help="How many of the last ones.")
    ] = 50,
    after: Annotated[
        int | None,
        typer.Option(min=0, metavar="ID", help="All after the event with this id (see --json)."),
    ] = None,
    component: Annotated[str | None, typer.Option(help="Of this component only.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="Of this kind only, such as transition.failed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
) -> None:
    """Show what happened, the oldest first.

    With `--json` every event has its id, and what the engine was told.

    Example: ripieno events -f counter
    """
    terminal = console()

    def show(event: Event) -> None:
        if as_json:
            show_json_line(event)
        else:
            line = event_view.line(event, names_deployment=deployment is None)
            terminal.print(line, soft_wrap=True)
        sys.stdout.flush()

    async def work(client: Client) -> None:
        last = after or 0
        kept: deque[Event] = deque(maxlen=None if after is not None else tail)
        while True:
            page = await client.events(
                deployment=deployment,
                component=component,
                kind=kind,
                after=last,
                limit=MOST_EVENTS,
            )
            kept.extend(page.items)
            last = page.items[-1].id if page.items else last
            if page.next is None:
                break
            if after is not None:
                while kept:
                    show(kept.popleft())
        for event in kept:
            show(event)
        if not (kept or last or follows or as_json):
            terminal.print("Nothing of that kind has happened.")
        if not follows:
            return
        async for event in client.stream_events(deployment=deployment, after=last):
            if component in (None, event.component) and kind in (None, event.kind):
                show(event)

    session.run(work)
