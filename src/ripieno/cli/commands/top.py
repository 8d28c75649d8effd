"""`ripieno top`: what the components of a deployment use."""

from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Group, RenderableType

from ripieno.cli import session, usage_view, watching
from ripieno.cli.arguments import AsJson, Deployment
from ripieno.cli.output import console, show_json
from ripieno.client import Client


def top(
    deployment: Deployment,
    watches: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on showing it, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the processors, memory and requests of the components of a deployment.

    Example: ripieno top counter --watch
    """
    terminal = console()

    async def work(client: Client) -> None:
        async def look() -> tuple[list[BaseModel] | BaseModel, list[RenderableType]]:
            found = await client.metrics(deployment)
            return found, list(usage_view.metrics(found))

        if watches:
            await watching.watch(look, terminal, as_json=as_json)
        answer, shown = await look()
        if as_json:
            show_json(answer)
        else:
            terminal.print(Group(*shown))

    session.run(work)
