"""`ripieno plan`: what a change would do, asked from the server or worked out from two files."""

import json
from typing import Annotated

import typer

from ripieno import offline
from ripieno.cli import completing, plan_reading, plan_view, session, sources
from ripieno.cli.arguments import AsJson, Configuration, Settings, Version
from ripieno.cli.exits import usage
from ripieno.cli.output import console, said, show_json
from ripieno.client import Client
from ripieno.model.plan import to_json
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.plan import Preview
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest


def plan(
    what: Annotated[
        str,
        typer.Argument(
            metavar="DEPLOYMENT|FILE",
            help="A deployment to change; or the file of an application to deploy; or, before a "
            "GOAL, what there is: an assembly or a case file.",
            autocompletion=completing.deployments,
        ),
    ],
    goal: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|NAME|GOAL",
            help="What a deployment is to become: an application file, or a published application; "
            "or the assembly file that is the goal.",
            show_default=False,
        ),
    ] = None,
    settings: Settings = None,
    version: Version = None,
    configuration: Configuration = None,
    phase: Annotated[
        str | None,
        typer.Option(
            help="Between two files: begin at the end of this phase of a case file.",
            metavar="NAME",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a change would do, in which order and how long; nothing is done.

    `plan DEPLOYMENT [FILE|NAME]` is what `apply` would do, and `plan FILE` what `deploy` would do.
    `plan FILE GOAL` is from one assembly to another, and needs no server. A word with a dot or a
    slash in it is a file, any other a name.

    Exit code 0 if there is a plan (an empty one included), 1 if there is none.

    Example: ripieno plan counter --set workers=5

    Example: ripieno plan examples/plans/database.yaml examples/plans/database-goal.yaml
    """
    if sources.is_file(what) and goal is not None:
        if settings or version or configuration:
            raise usage(
                "--set, --version and --configuration are for applications; assembly files have "
                "none"
            )
        _between_files(what, goal, phase=phase, as_json=as_json)
        return
    if phase is not None:
        raise usage("--phase is for a plan between two files; give both")
    if sources.is_file(what):
        meant = sources.source(
            what, version=version, settings=settings or (), configuration=configuration
        )
        new = sources.request(DeployRequest, meant.fields)

        async def look(client: Client) -> Preview:
            return await client.plan_deployment(new)
    else:
        meant = sources.source(
            goal, version=version, settings=settings or (), configuration=configuration
        )
        change = sources.request(ChangeRequest, {"kind": ChangeKind.APPLY, **meant.fields})

        async def look(client: Client) -> Preview:
            return await client.plan_change(what, change)

    preview = session.run(look, file=meant.file)
    if as_json:
        show_json(preview)
        return
    terminal = console()
    plan_view.show(plan_reading.read(preview.plan), terminal)
    for warning in preview.warnings:
        terminal.print(said(f"Note: {warning}", "yellow"))


def _between_files(current: str, goal: str, *, phase: str | None, as_json: bool) -> None:
    found = offline.plan_files(current, goal, phase=phase)
    if as_json:
        typer.echo(json.dumps(to_json(found), indent=2))
    else:
        plan_view.show(found, console())
