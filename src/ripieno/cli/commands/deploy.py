"""`ripieno deploy`: bring up an application."""

from typing import Annotated

import typer

from ripieno.cli import completing, following, session, sources
from ripieno.cli.arguments import AsJson, Configuration, IfFails, Quiet, Settings, Version, Waits
from ripieno.cli.exits import ExitCode, usage
from ripieno.cli.following import Manner
from ripieno.cli.output import safe
from ripieno.client import Client
from ripieno.model.node import did_you_mean
from ripieno.wire.deployment import DeployRequest


def deploy(
    application: Annotated[
        str,
        typer.Argument(
            metavar="FILE|NAME",
            help="An application file (- for standard input), or a published application.",
            autocompletion=completing.applications,
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(help="Name of the deployment; by default that of the application."),
    ] = None,
    settings: Settings = None,
    version: Version = None,
    configuration: Configuration = None,
    saved: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What you have saved of the application under a name; what is given besides "
            "counts more.",
            show_default=False,
        ),
    ] = None,
    waits: Waits = True,
    on_failure: IfFails = None,
    is_quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Bring up an application, and wait until it is up.

    A word with a dot or a slash in it is a file, any other the name of a published application.
    Relative paths in a file begin in its folder. Ctrl-C does not stop the deployment: it goes on
    without this command.

    Example: ripieno deploy examples/applications/counter.yaml --set workers=3
    """
    meant = sources.source(
        application, version=version, settings=settings or (), configuration=configuration
    )
    fields = dict(meant.fields)
    if name is not None:
        fields["name"] = sources.name(name)
    if on_failure is not None:
        fields["on_failure"] = on_failure
    if saved is not None and "application" not in fields:
        raise usage("--saved is for a published application; name it instead of a file")
    asked = sources.request(DeployRequest, fields)
    manner = Manner(waits=waits, is_quiet=is_quiet, as_json=as_json)

    async def work(client: Client) -> ExitCode:
        request = asked
        if saved is not None:
            request = await _filled_in(client, asked, saved)
        await _warn(client, request)
        deployed = await client.deploy(request)
        return await following.conclude(
            client,
            deployed.deployment.name,
            deployed.reconfiguration,
            manner,
            tells_deployment=True,
        )

    raise typer.Exit(session.run(work, file=meant.file))


async def _filled_in(client: Client, asked: DeployRequest, name: str) -> DeployRequest:
    """A request with what was saved under a name. Raises: `CommandError` if there is no such."""
    assert asked.application is not None
    found = (await client.saved_configurations(asked.application)).items
    for each in found:
        if each.name == name:
            kept = each.model_dump(include={"version", "configuration", "settings"})
            given = asked.model_dump(exclude_unset=True)
            given["settings"] = {**each.settings, **asked.settings}
            return sources.request(DeployRequest, {**kept, **given})
    raise usage(
        f"you have saved nothing called {name!r} of {asked.application}"
        f"{did_you_mean(name, [each.name for each in found])}; see: "
        f"ripieno saved list {asked.application}"
    )


async def _warn(client: Client, request: DeployRequest) -> None:
    """Say so if what is to be deployed was withdrawn."""
    if request.application is None or request.version is None:
        return
    found = await client.application_version(request.application, request.version)
    if found.yanked_because:
        typer.echo(
            f"Note: {found.application} {found.version} is yanked: {safe(found.yanked_because)}",
            err=True,
        )
