"""`ripieno saved`: forms of applications as one has filled them in, kept under names."""

import shlex
from typing import Annotated

import typer
from rich.text import Text

from ripieno.cli import catalogue, completing, session, sources
from ripieno.cli.arguments import AsJson, Configuration, Settings, Version
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import columns
from ripieno.client import Client
from ripieno.wire.saved import SaveConfigurationRequest, SavedConfiguration

app = catalogue.noun("What you deploy again and again: parameters of applications, under a name.")

Application = Annotated[
    str,
    typer.Argument(
        metavar="APPLICATION",
        help="A published application.",
        autocompletion=completing.applications,
    ),
]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="What you call it; the web UI shows it, too.")
]


@app.command("set")
def set_(
    application: Application,
    name: Name,
    settings: Settings = None,
    version: Version = None,
    configuration: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Save parameters of an application, in the place of what has the name.

    Nobody but you sees it.

    Example: ripieno saved set brain-viewer desikan --set atlas=desikan --set memory_mib=512
    """
    request = sources.request(
        SaveConfigurationRequest,
        {
            "version": version,
            "configuration": configuration or "",
            "settings": sources.settings_of(settings or ()),
        },
    )
    found = session.run(lambda client: client.save_configuration(application, name, request))
    if as_json:
        show_json(found)
        return
    typer.echo(
        f"{safe(found.name)} is saved; deploy it with: "
        f"ripieno deploy {safe(application)} --saved {shlex.quote(safe(found.name))}"
    )


@app.command("list")
def list_(application: Application, as_json: AsJson = False) -> None:
    """List what you have saved of an application.

    Example: ripieno saved list brain-viewer
    """
    found = session.run(lambda client: client.saved_configurations(application)).items
    if as_json:
        show_json(list(found))
        return
    table = columns("Name", "Version", "Configuration", "Parameters")
    for each in found:
        table.add_row(
            Text(safe(each.name), "bold"),
            said(each.version or "latest"),
            said(each.configuration or "–"),
            said(_in_words(each)),
        )
    if found:
        console().print(table)
    else:
        typer.echo(f"You have saved nothing of {safe(application)}.")


@app.command()
def remove(application: Application, name: Name) -> None:
    """Forget what you have saved. What was deployed with it stays as it is.

    Example: ripieno saved remove brain-viewer desikan
    """

    async def work(client: Client) -> None:
        await client.remove_saved_configuration(application, name)

    session.run(work)
    typer.echo(f"{safe(name)} is forgotten")


def _in_words(saved: SavedConfiguration) -> str:
    return " ".join(f"{name}={value}" for name, value in saved.settings.items()) or "–"
