"""`ripieno apply`: make a deployment what it should be."""

from typing import Annotated

import typer

from ripieno.cli import following, plan_reading, plan_view, session, sources
from ripieno.cli.arguments import (
    AsJson,
    Configuration,
    Deployment,
    IfFails,
    Queues,
    Quiet,
    Settings,
    Version,
    Waits,
    Yes,
)
from ripieno.cli.exits import ExitCode
from ripieno.cli.following import Manner
from ripieno.cli.output import console, is_terminal, said
from ripieno.client import Client
from ripieno.wire.plan import Preview
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest


def apply(
    deployment: Deployment,
    application: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|NAME",
            help="An application file, or a published application; by default what there is, with "
            "other parameters.",
            show_default=False,
        ),
    ] = None,
    settings: Settings = None,
    version: Version = None,
    configuration: Configuration = None,
    back_to: Annotated[
        str | None,
        typer.Option(
            "--back-to",
            metavar="RECONFIGURATION",
            help="Make it as it was after an earlier reconfiguration (r-…, see ripieno history).",
            show_default=False,
        ),
    ] = None,
    waits: Waits = True,
    queues: Queues = False,
    on_failure: IfFails = None,
    is_sure: Yes = False,
    is_quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make a deployment what an application says; everything that need not stop keeps running.

    Shows the plan first, and in a terminal asks whether to go on. If the deployment is changed by
    somebody else in between, nothing is done (exit code 4). When it fails, it goes back, unless
    `--on-failure keep` is given.

    Example: ripieno apply counter --set workers=5
    """
    meant = sources.source(
        application, version=version, settings=settings or (), configuration=configuration
    )
    fields = {"kind": ChangeKind.APPLY, **meant.fields}
    if on_failure is not None:
        fields["on_failure"] = on_failure
    if back_to is not None:
        fields["returns_to"] = back_to
    if queues:
        fields["queue"] = True
    request = sources.request(ChangeRequest, fields)
    manner = Manner(waits=waits, is_quiet=is_quiet, as_json=as_json)

    async def look(client: Client) -> tuple[str, int, Preview]:
        found = await client.deployment(deployment)
        return found.name, found.revision, await client.plan_change(deployment, request)

    name, revision, preview = session.run(look, file=meant.file)
    if not manner.is_silent:
        _show(preview)
    asks = is_terminal() and not is_sure and not manner.is_silent and not preview.plan["empty"]
    if asks and not typer.confirm("Go on?"):
        typer.echo("Nothing was changed.")
        raise typer.Exit(ExitCode.FAILED)

    async def work(client: Client) -> ExitCode:
        # One that queues comes after a change that is not there yet.
        asked = await client.change(deployment, request, revision=None if queues else revision)
        return await following.conclude(client, name, asked, manner)

    raise typer.Exit(session.run(work, file=meant.file))


def _show(preview: Preview) -> None:
    terminal = console()
    plan_view.show(plan_reading.read(preview.plan), terminal, has_steps=False)
    for warning in preview.warnings:
        terminal.print(said(f"Note: {warning}", "yellow"))
    terminal.print()
