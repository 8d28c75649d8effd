"""`ripieno app`: registered applications, to be listed, found and shown."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.markdown import Markdown
from rich.text import Text

from ripieno.cli import catalogue, moments, session
from ripieno.cli.arguments import AsJson, Version
from ripieno.cli.commands import importing, registering, sharing
from ripieno.cli.commands.registering import Name
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import NARROW, columns, value_text
from ripieno.client import Client, every
from ripieno.model import parameters, reading_applications
from ripieno.model.application import Application
from ripieno.model.configuration import Override
from ripieno.model.errors import ModelError
from ripieno.wire import application as wire
from ripieno.wire.application import ApplicationPage, ApplicationVersion, VersionPage

app = catalogue.noun("Registered applications: each version can be deployed by its name.")

Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", "-t", help="It has this tag; may be repeated.", show_default=False),
]
Category = Annotated[str | None, typer.Option("--category", help="Its category.")]
Mine = Annotated[
    bool, typer.Option("--mine", help="Those that you may change, drafts and yanked ones as well.")
]


@app.command("list")
def list_(
    tags: Tags = None, category: Category = None, mine: Mine = False, as_json: AsJson = False
) -> None:
    """List applications by name, with their latest versions.

    Example: ripieno app list
    """

    async def work(client: Client) -> list[wire.Application]:
        async def page(*, after: str | None) -> ApplicationPage:
            return await client.applications(
                tags=tags or (), category=category, is_mine=mine, order="name", after=after
            )

        return [each async for each in every(page)]

    found = session.run(work)
    if as_json:
        show_json(found)
    elif found:
        _table(found)
    else:
        console().print("No application is there. Register one with: ripieno app register FILE")


@app.command()
def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORDS", help="Words, or how they begin.", show_default=False),
    ] = None,
    tags: Tags = None,
    category: Category = None,
    maintainers: Annotated[
        list[str] | None,
        typer.Option("--maintainer", help="Who maintains it.", show_default=False),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", help="How it runs: command, image.", show_default=False),
    ] = None,
    mine: Mine = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many are shown.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find applications by words of their name, title, tags and description; best first.

    Accents and case do not matter. Below the list is by what it can be narrowed.

    Example: ripieno app search brain --tag mri
    """
    found = session.run(
        lambda client: client.applications(
            " ".join(words or ()),
            tags=tags or (),
            category=category,
            maintainers=maintainers or (),
            kinds=kinds or (),
            is_mine=mine,
            counts=True,
            limit=limit,
        )
    )
    if as_json:
        show_json(found)
        return
    if not found.items:
        console().print("Nothing fits; try fewer words, or how they begin.")
        return
    _table(found.items)
    for each in _spread(found):
        console().print(each)


def _table(found: list[wire.Application]) -> None:
    terminal = console()
    if terminal.width < NARROW:
        for each in found:
            terminal.print(said(f"{each.name} {each.version}{_mark(each)}"))
            terminal.print(said(f"  {each.title or each.summary}", "dim"))
        return
    table = columns("Application", "Version", "Title", "Tags")
    for each in found:
        table.add_row(
            said(each.name),
            said(f"{each.version}{_mark(each)}"),
            said(each.title or each.summary, "dim"),
            said(", ".join(each.tags), "dim"),
        )
    terminal.print(table)


def _mark(each: wire.Application) -> str:
    return "" if each.state == "published" else f" ({each.state})"


def _spread(found: ApplicationPage) -> Iterator[RenderableType]:
    total = found.total or 0
    if total > len(found.items):
        more = "more than " if found.is_partial else ""
        yield said(f"{len(found.items)} of {more}{total:,}; --limit shows more", "dim")
    for kind, counts in found.facets.items():
        if counts:
            shown = ", ".join(f"{safe(each.value)} {each.count:,}" for each in counts[:8])
            yield said(f"--{kind}: {shown}", "dim")


@app.command()
def show(
    name: Name,
    version: Version = None,
    is_document: Annotated[
        bool, typer.Option("--document", help="Print the application file itself.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show an application: what it is, its versions, its parameters and its components.

    Example: ripieno app show counter
    """

    async def work(client: Client) -> tuple[ApplicationVersion, VersionPage]:
        if version is None:
            found = await client.application(name)
        else:
            found = await client.application_version(name, version)
        return found, await client.application_versions(name)

    found, versions = session.run(work)
    if as_json:
        show_json(found)
    elif is_document:
        typer.echo("\n".join(safe(line) for line in found.document.splitlines()))
    else:
        for each in (*_shown(found), *_versions(versions)):
            console().print(each)


def _shown(found: ApplicationVersion) -> Iterator[RenderableType]:
    since = found.published_at or found.created_at
    yield Text.assemble(
        (safe(found.application), "bold"),
        f" {safe(found.version)}",
        (f"  {found.state}, {moments.ago(since)}", "dim"),
    )
    if found.yanked_because:
        yield said(f"yanked: {found.yanked_because}", "yellow")
    if found.problem:
        yield said(f"cannot be published yet: {found.problem}", "yellow")
    presented = found.presentation
    if presented.title:
        yield said(presented.title)
    told = presented.description or presented.summary
    # Addresses are written out: a link could say that it leads elsewhere.
    yield Markdown("\n".join(map(safe, told.splitlines())), style="dim", hyperlinks=False)
    yield from _facts(found)
    try:
        read = reading_applications.application(found.document)
    except ModelError as problem:  # A draft, or written for a server of another version.
        if not found.problem:
            yield said(f"its file cannot be read here: {problem}", "yellow")
        return
    yield from _parameters(read)
    yield from _configurations(read)
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


def _facts(found: ApplicationVersion) -> Iterator[RenderableType]:
    presented, entry = found.presentation, found.entry
    size_bytes = sum(each.size_bytes for each in found.files)
    facts = {
        "category": presented.category,
        "tags": ", ".join(presented.tags),
        "maintainers": ", ".join(presented.maintainers),
        "licence": presented.licence,
        "source": presented.source,
        "documentation": presented.documentation,
        "files": f"{len(found.files)}, {size_bytes:,} bytes" if found.files else "",
        "owner": entry.owner,
        "visible to": ", ".join(entry.visibility) or "its owner and maintainers only",
    }
    yield Text("")
    for name, value in facts.items():
        if value:
            yield Text.assemble((f"{name:>14}  ", "dim"), safe(value))


def _versions(page: VersionPage) -> Iterator[RenderableType]:
    yield Text("")
    table = columns("Version", "State", "Since", "")
    for each in page.items:
        table.add_row(
            said(each.version),
            said(each.state, "yellow" if each.state == "yanked" else ""),
            said(moments.ago(each.published_at or each.created_at), "dim"),
            said(each.yanked_because or each.problem, "dim"),
        )
    yield table


app.command()(registering.register)
app.command()(registering.publish)
app.command()(registering.export)
app.command("import-image")(importing.import_image)
app.command("import-boutiques")(importing.import_boutiques)
app.command("import-compose")(importing.import_compose)
app.add_typer(registering.draft, name="draft")
app.command()(sharing.yank)
app.command()(sharing.unyank)
app.command()(sharing.remove)
app.command()(sharing.visibility)
app.command()(sharing.owner)


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
    return value_text(schema[name]) if name in schema else ""


def _configurations(read: Application) -> Iterator[RenderableType]:
    if not read.configurations:
        return
    yield Text("")
    table = columns("Configuration", "Sets", "")
    for each in read.configurations.values():
        parts = [f"{name}={value_text(value)}" for name, value in each.parameters.items()]
        for name, override in each.components.items():
            parts += [f"{name}: {text}" for text in _overrides(override)]
        described = each.description or each.title
        table.add_row(said(each.name), said(", ".join(parts)), said(described, "dim"))
    yield table


def _overrides(of: Override) -> Iterator[str]:
    if of.cpus is not None:
        yield f"cpus {of.cpus:g}"
    if of.memory_mib is not None:
        yield f"memory {of.memory_mib} MiB"
    if of.args is not None:
        yield f"args {shlex.join(map(str, of.args))}" if of.args else "no args"
    if of.env:
        yield f"env {', '.join(of.env)}"
