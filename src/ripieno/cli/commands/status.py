"""`ripieno status`: all deployments, or one and its components."""

from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Group, RenderableType

from ripieno.cli import completing, session, status_view, watching
from ripieno.cli.arguments import AsJson
from ripieno.cli.output import console, show_json
from ripieno.client import Client, every


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
            await watching.watch(look, terminal, as_json=as_json)
        answer, shown = await look()
        if as_json:
            show_json(answer)
        else:
            terminal.print(Group(*shown))

    session.run(work)
