"""`ripieno status`: all deployments, or one and its components."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Console, Group, RenderableType
from rich.live import Live

from ripieno.cli import completing, session, status_view
from ripieno.cli.arguments import AsJson
from ripieno.cli.output import console, show_json, show_json_line
from ripieno.client import Client, every

PAUSE_S = 1.0

Look = Callable[[], Awaitable[tuple[list[BaseModel] | BaseModel, list[RenderableType]]]]


def status(
    deployment: Annotated[
        str | None,
        typer.Argument(
            metavar="DEPLOYMENT",
            help="Its name or id; by default all are listed.",
            autocompletion=completing.deployments,
            show_default=False,
        ),
    ] = None,
    watches: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on showing it, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show all deployments, or how one and each of its components is.

    Example: ripieno status counter
    """
    terminal = console()

    async def work(client: Client) -> None:
        async def look() -> tuple[list[BaseModel] | BaseModel, list[RenderableType]]:
            width = terminal.width
            if deployment is None:
                found = [each async for each in every(client.deployments)]
                return list(found), list(status_view.deployments(found, width))
            one = await client.deployment(deployment)
            under_way = None
            if one.reconfiguration is not None and not as_json:
                under_way = await client.reconfiguration(one.reconfiguration)
            return one, list(status_view.deployment(one, under_way, width))

        if watches:
            await _watch(look, terminal, as_json=as_json)
        answer, shown = await look()
        if as_json:
            show_json(answer)
        else:
            terminal.print(Group(*shown))

    session.run(work)


async def _watch(look: Look, terminal: Console, *, as_json: bool) -> None:
    """Show it again and again: in place in a terminal, elsewhere when it has changed."""
    if terminal.is_terminal and not as_json:
        with Live(console=terminal, auto_refresh=False) as live:
            while True:
                _, shown = await look()
                live.update(Group(*shown), refresh=True)
                await asyncio.sleep(PAUSE_S)
    last: object = None
    while True:
        answer, shown = await look()
        if answer != last:
            last = answer
            if as_json:
                for each in answer if isinstance(answer, list) else [answer]:
                    show_json_line(each)
            else:
                terminal.print(Group(*shown))
        await asyncio.sleep(PAUSE_S)
