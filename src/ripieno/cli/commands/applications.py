"""`ripieno app`: published applications."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from ripieno.cli import catalogue, completing, moments, session, sources
from ripieno.cli.arguments import AsJson, Version
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import NARROW, columns
from ripieno.client import Client, every
from ripieno.model import parameters, reading_applications
from ripieno.model.application import Application
from ripieno.model.errors import ModelError
from ripieno.wire.application import ApplicationVersion

app = catalogue.noun("Published applications: each version can be deployed by its name.")


@app.command()
def publish(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="An application file (- for standard input)."),
    ],
    as_json: AsJson = False,
) -> None:
    """Publish a version of an application; its name and version are in the file.

    A version that is published cannot be changed: the next one needs another version.

    Example: ripieno app publish examples/applications/counter.yaml
    """
    document = sources.read_text(file)
    published = session.run(lambda client: client.publish(document), file=file)
    if as_json:
        show_json(published)
        return
    name = safe(published.name)
    typer.echo(
        f"{name} {safe(published.version)} is published; bring it up with: ripieno deploy {name}"
    )


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all applications, with their latest versions.

    Example: ripieno app list
    """

    async def work(client: Client) -> list[Any]:
        return [each async for each in every(client.applications)]

    found = session.run(work)
    if as_json:
        show_json(found)
        return
    terminal = console()
    if not found:
        terminal.print("No application is published. Publish one with: ripieno app publish FILE")
        return
    if terminal.width < NARROW:
        for each in found:
            terminal.print(said(f"{each.name} {each.latest}"))
            terminal.print(said(f"  {each.title or each.description}", "dim"))
        return
    table = columns("Application", "Latest", "Title")
    for each in found:
        table.add_row(
            said(each.name), said(each.latest), said(each.title or each.description, "dim")
        )
    terminal.print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", autocompletion=completing.applications)],
    version: Version = None,
    is_document: Annotated[
        bool, typer.Option("--document", help="Print the application file itself.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show an application: what it is, its parameters and its components.

    Example: ripieno app show counter
    """

    async def work(client: Client) -> ApplicationVersion:
        if version is None:
            return await client.application(name)
        return await client.application_version(name, version)

    found = session.run(work)
    if as_json:
        show_json(found)
    elif is_document:
        typer.echo("\n".join(safe(line) for line in found.document.splitlines()))
    else:
        for each in _shown(found):
            console().print(each)


def _shown(found: ApplicationVersion) -> Iterator[RenderableType]:
    yield Text.assemble(
        (safe(found.name), "bold"),
        f" {safe(found.version)}",
        (f"  published {moments.ago(found.published_at)}", "dim"),
    )
    try:
        read = reading_applications.application(found.document)
    except ModelError as problem:  # It was written for a server of another version.
        yield said(f"its file cannot be read here: {problem}", "yellow")
        return
    if read.title:
        yield said(read.title)
    for line in read.description.splitlines():
        yield said(line, "dim")
    yield from _parameters(read)
    yield Text("")
    table = columns("Component", "Type", "Uses", "Provides")
    for each in read.components.values():
        table.add_row(
            said(each.name),
            said(each.kind),
            said(", ".join(use.interface for use in each.uses.values())),
            said(", ".join(f"{port} {interface}" for port, interface in each.provides.items())),
        )
    yield table


def _parameters(read: Application) -> Iterator[RenderableType]:
    declared = parameters.properties(read.parameters)
    if not declared:
        return
    required = read.parameters.get("required", ())
    yield Text("")
    table = columns("Parameter (--set)", "Type", "Default", "")
    for name, schema in declared.items():
        is_needed = isinstance(required, list | tuple) and name in required
        default = "required" if is_needed and "default" not in schema else _value(schema, "default")
        described = schema.get("description") or schema.get("title") or ""
        table.add_row(said(name), said(_kind(schema)), said(default), said(str(described), "dim"))
    yield table


def _kind(schema: Mapping[str, Any]) -> str:
    choices = schema.get("enum")
    if isinstance(choices, list):
        return " | ".join(map(str, choices))
    told = str(schema.get("type", "any"))
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{told}, {low} to {high}"
    if low is not None:
        return f"{told}, from {low}"
    return told if high is None else f"{told}, up to {high}"


def _value(schema: Mapping[str, Any], name: str) -> str:
    return str(schema[name]) if name in schema else ""
