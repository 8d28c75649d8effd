"""`ripieno routes` and `ripieno open`: where applications are reached in a browser."""

import os
import sys
import webbrowser
from typing import Annotated

import typer
from rich.text import Text

from ripieno.cli import completing, session
from ripieno.cli.arguments import AsJson
from ripieno.cli.exits import CommandError, ExitCode
from ripieno.cli.outcome import address
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import NARROW, columns
from ripieno.client import Client
from ripieno.wire.route import Route, RouteState

_STATES = {
    RouteState.READY: "green",
    RouteState.WAITING: "yellow",
    RouteState.STOPPED: "bright_black",
    RouteState.IDLE: "bright_black",
    RouteState.FAILED: "bold red",
}


def routes(
    deployment: Annotated[
        str | None,
        typer.Argument(
            metavar="DEPLOYMENT",
            help="Its name or id; by default all routes are listed that you may reach.",
            autocompletion=completing.deployments,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the addresses at which applications are reached in a browser.

    Example: ripieno routes counter
    """

    async def work(client: Client) -> list[Route]:
        if deployment is None:
            return (await client.routes()).items
        return (await client.routes_of_deployment(deployment)).items

    found = session.run(work)
    if as_json:
        show_json(list(found))
        return
    terminal = console()
    if not found:
        terminal.print("There are no routes. An application gives its own under: routes")
        return
    if terminal.width < NARROW:
        for each in found:
            terminal.print(Text.assemble((safe(each.name), "bold"), "  ", state(each)))
            terminal.print(said(f"  {address(each)}"), soft_wrap=True)
        return
    table = columns("Route", "State", "Address", "Leads to", "Open to")
    for each in found:
        table.add_row(
            said(each.name),
            state(each),
            said(address(each)),
            said(f"{each.deployment} {each.component}.{each.tcp_port}"),
            said(", ".join((f"user:{each.owner}", *each.access))),
        )
    terminal.print(table)
    for each in found:
        if reason := each.refusal or each.reason:
            terminal.print(said(f"{each.name}: {reason}", "yellow"))


def open_(
    deployment: Annotated[
        str,
        typer.Argument(
            metavar="DEPLOYMENT",
            help="Its name or id.",
            autocompletion=completing.deployments,
        ),
    ],
    route: Annotated[
        str | None,
        typer.Option(help="Which of its routes; by default the first.", show_default=False),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(help="Where to go on its origin, such as /lab.", show_default=False),
    ] = None,
    prints: Annotated[
        bool,
        typer.Option("--print", help="Print the way in, and open nothing."),
    ] = False,
) -> None:
    """Open an application in the browser, signed in as yourself.

    The way in is good once and for half a minute; it is printed where there is no browser.

    Example: ripieno open counter
    """

    async def work(client: Client) -> tuple[Route, str]:
        found = (await client.routes_of_deployment(deployment)).items
        chosen = [each for each in found if route in (None, each.name)]
        if not chosen:
            names = ", ".join(each.name for each in found)
            raise CommandError(
                f"{deployment} has no route {route}; it has {names}"
                if found
                else f"{deployment} has no route, so it cannot be opened in a browser; give its "
                "application one under: routes",
                ExitCode.NOT_FOUND,
            )
        return chosen[0], (await client.hand_over(chosen[0].name, path=path)).url

    chosen, way_in = session.run(work)
    if prints or not _has_browser():
        typer.echo(way_in)
        return
    typer.echo(safe(address(chosen)))
    if chosen.state is not RouteState.READY:
        typer.echo(
            f"it is {chosen.state} yet: {safe(chosen.refusal or chosen.reason or '')}", err=True
        )
    if not webbrowser.open(way_in):
        typer.echo(way_in)


def state(route: Route) -> Text:
    """How a route is, in its colour."""
    return Text(route.state, style=_STATES[route.state])


def _has_browser() -> bool:
    """Whether a window can be opened here."""
    wanted = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform == "darwin" or any(os.environ.get(each) for each in wanted)
