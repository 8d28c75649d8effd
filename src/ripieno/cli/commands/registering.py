"""`ripieno app register`, `publish`, `draft`, `export`: into the registry and out of it."""

from pathlib import Path
from typing import Annotated

import typer

from ripieno.cli import bundles, catalogue, completing, session, sources
from ripieno.cli.arguments import AsJson
from ripieno.cli.exits import usage
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import columns
from ripieno.client import Client, every
from ripieno.model.bundle import Bundle
from ripieno.wire import archive
from ripieno.wire.application import Application, VersionEntry

Place = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER|FILE",
        help="A folder with an application.yaml, an application file (- for standard input), or "
        "an archive that `export` made.",
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=completing.applications)]
VersionName = Annotated[
    str, typer.Argument(metavar="VERSION", help="Which one.", autocompletion=completing.versions)
]
VisibleTo = Annotated[
    list[str] | None,
    typer.Option(
        "--visible-to",
        metavar="WHO",
        help="Who may see it, if it is new: everyone, user:NAME or group:NAME; may be repeated.",
        show_default=False,
    ),
]

draft = catalogue.noun(
    "Versions that can still be changed.\n\nExample: ripieno app draft save counter.yaml"
)


def register(
    place: Place,
    is_draft: Annotated[
        bool, typer.Option("--draft", help="Save it as a draft, to be published later.")
    ] = False,
    visible_to: VisibleTo = None,
    as_json: AsJson = False,
) -> None:
    """Register an application, with the files that it refers to.

    Its name and version are in the file. A version that is published cannot be changed: the next
    one needs another version.

    Example: ripieno app register examples/applications/counter.yaml
    """
    bundle = bundles.read(place, is_draft=is_draft)
    made = session.run(
        lambda client: _send(client, bundle, is_draft=is_draft, visibility=visible_to), file=place
    )
    _tell(made, as_json)


def publish(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|FILE|NAME",
            help="What to register; or the name of an application that has a draft.",
            autocompletion=completing.applications,
        ),
    ],
    version: Annotated[
        str | None,
        typer.Argument(metavar="VERSION", help="That of the draft.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a draft, or an application file.

    Example: ripieno app publish counter 1.0.0
    """
    if sources.is_file(what):
        if version is not None:
            raise usage(f"{what} is a file, which has its version in it; leave {version} out")
        register(what, as_json=as_json)
        return
    if version is None:
        raise usage(f"say which draft of {what}: ripieno app publish {what} VERSION")
    _tell(session.run(lambda client: client.publish_version(what, version)), as_json)


def export(
    name: Name,
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER|ARCHIVE",
            help="Where to: a new folder, or an archive (.tar.gz); by default a folder NAME.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="By default the latest.", show_default=False)
    ] = None,
) -> None:
    """Write an application with its files, so that `register` takes it elsewhere.

    Example: ripieno app export counter /tmp/counter
    """
    place = Path(name) if target is None else target

    async def work(client: Client) -> bytes:
        chosen = version
        if chosen is None:
            chosen = (await client.application(name)).version
        return await client.application_archive(name, chosen)

    content = session.run(work)
    if str(place).endswith(bundles.ARCHIVES):
        try:
            with place.open("xb") as file:
                file.write(content)
        except FileExistsError as problem:
            raise usage(f"{place} is there already; remove it, or write another one") from problem
        except OSError as problem:
            raise usage(f"{place} cannot be written: {problem.strerror or problem}") from problem
    else:
        bundles.write(archive.unpack(content), place)
    typer.echo(f"{name} is in {place}; register it elsewhere with: ripieno app register {place}")


@draft.command("save")
def save(place: Place, visible_to: VisibleTo = None, as_json: AsJson = False) -> None:
    """Save a draft, in the place of the one before.

    What is missing or wrong in it is told, and keeps it from being published only.

    Example: ripieno app draft save examples/applications/counter.yaml
    """
    register(place, is_draft=True, visible_to=visible_to, as_json=as_json)


@draft.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the drafts that you may publish.

    Example: ripieno app draft list
    """

    async def work(client: Client) -> list[VersionEntry]:
        mine: list[Application] = [
            each
            async for each in every(
                lambda *, after: client.applications(is_mine=True, order="name", after=after)
            )
        ]
        found = []
        for each in mine:
            versions = (await client.application_versions(each.name)).items
            found += [version for version in versions if version.state == "draft"]
        return found

    found = session.run(work)
    if as_json:
        show_json(found)
        return
    if not found:
        typer.echo("There are no drafts. Save one with: ripieno app draft save FILE")
        return
    table = columns("Application", "Draft", "")
    for each in found:
        table.add_row(said(each.application), said(each.version), said(each.problem, "yellow"))
    console().print(table)


@draft.command("publish")
def publish_draft(name: Name, version: VersionName, as_json: AsJson = False) -> None:
    """Publish a draft.

    Example: ripieno app draft publish counter 1.0.0
    """
    _tell(session.run(lambda client: client.publish_version(name, version)), as_json)


@draft.command("discard")
def discard(name: Name, version: VersionName) -> None:
    """Forget a draft.

    Example: ripieno app draft discard counter 1.0.0
    """

    async def work(client: Client) -> None:
        found = await client.application_version(name, version)
        if found.state != "draft":
            raise usage(f"{name} {version} is {found.state}, and no draft; see: ripieno app remove")
        await client.remove_version(name, version)

    session.run(work)
    typer.echo(f"The draft {name} {version} is gone.")


async def _send(
    client: Client, bundle: Bundle, *, is_draft: bool, visibility: list[str] | None
) -> VersionEntry:
    if not bundle.files:
        return await client.register(bundle.document, is_draft=is_draft, visibility=visibility)
    return await client.register_archive(
        archive.pack(bundle), is_draft=is_draft, visibility=visibility
    )


def _tell(made: VersionEntry, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    name, version = safe(made.application), safe(made.version)
    if made.state == "draft":
        if made.problem:
            typer.echo(f"{name} {version} is saved, and cannot be published yet: ", nl=False)
            typer.echo(safe(made.problem))
        else:
            how = f"ripieno app publish {name} {version}"
            typer.echo(f"{name} {version} is saved; publish it with: {how}")
        return
    typer.echo(f"{name} {version} is published; bring it up with: ripieno deploy {name}")
