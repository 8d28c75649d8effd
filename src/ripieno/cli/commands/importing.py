"""`ripieno app import-…`: drafts of application files, made of what others wrote."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ripieno.cli import session, sources
from ripieno.cli.exits import usage
from ripieno.cli.output import safe
from ripieno.client import Client
from ripieno.importers.boutiques import boutiques
from ripieno.importers.compose import compose, files_of
from ripieno.importers.errors import ImporterError
from ripieno.wire.application import VersionEntry
from ripieno.wire.importing import Draft, ImportImageRequest

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write the draft; by default the standard output.",
        show_default=False,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(help="What the application is to be called.", show_default=False),
]
Registers = Annotated[
    bool, typer.Option("--register", help="Save it on the server as a draft of the application.")
]


def import_image(
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="[REGISTRY/]NAME[:TAG] or …@sha256:….")
    ],
    name: Name = None,
    output: Output = None,
    registers: Registers = False,
) -> None:
    """Begin an application with an image, by what its registry knows of it.

    The server reads labels, ports, health check and the like; the image is not pulled. A registry
    that is not on the public Internet has to be allowed: ripieno serve --allow-registry HOST:PORT

    Example: ripieno app import-image ghcr.io/neuro/brain-viewer:1.2 -o brain-viewer.yaml
    """
    fields = {"image": image, **({} if name is None else {"name": sources.name(name)})}
    request = sources.request(ImportImageRequest, fields)
    _finish(session.run(lambda client: client.import_image(request)), output, registers)


def import_boutiques(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A descriptor (- for standard input).")
    ],
    name: Name = None,
    output: Output = None,
    registers: Registers = False,
) -> None:
    """Begin an application with a Boutiques descriptor: the tool becomes a job.

    Needs no server, but for --register.

    Example: ripieno app import-boutiques bet.json -o bet.yaml
    """
    try:
        draft = boutiques(sources.read_text(file), name=_name(name))
    except ImporterError as problem:
        raise usage(f"{file}: {problem}") from problem
    _finish(Draft.model_validate(draft), output, registers)


def import_compose(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A Compose file (- for standard input).")
    ],
    profiles: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Carry the services of this profile over, too; may be repeated.",
            show_default=False,
        ),
    ] = None,
    name: Name = None,
    output: Output = None,
    registers: Registers = False,
) -> None:
    """Begin an application with a Compose file: services become components that are connected.

    Files of variables that it names, and .env beside it, are read as well. Needs no server, but
    for --register.

    Example: ripieno app import-compose compose.yaml -o shop.yaml
    """
    text = sources.read_text(file)
    folder = sources.folder_of(file)
    try:
        files = {
            path: sources.read_text(str(folder / path))
            for path in files_of(text)
            if (folder / path).is_file()
        }
        draft = compose(
            text, name=_name(name), folder=folder.name, files=files, profiles=profiles or ()
        )
    except ImporterError as problem:
        raise usage(f"{file}: {problem}") from problem
    _finish(Draft.model_validate(draft), output, registers)


def _name(given: str | None) -> str:
    return "" if given is None else sources.name(given)


def _finish(draft: Draft, output: Path | None, registers: bool) -> None:
    """Hand the draft out, and say on the standard error what is to be said of it."""
    if output is not None:
        try:
            with output.open("x", encoding="utf-8") as file:
                file.write(draft.document)
        except FileExistsError as problem:
            raise usage(f"{output} is there already; remove it, or write another one") from problem
        except OSError as problem:
            reason = problem.strerror or os.strerror(problem.errno or 0)
            raise usage(f"{output} cannot be written: {reason}") from problem
    elif not registers:
        typer.echo(draft.document, nl=False)
    for heading, lines in (
        ("Found", draft.found),
        ("Missing", draft.missing),
        ("Not carried over, or otherwise", draft.notes),
    ):
        if lines:
            typer.echo(f"{heading}:", err=True)
        for line in lines:
            typer.echo(f"  {safe(line)}", err=True)
    if registers:
        _register(draft.document)
    elif output is not None:
        typer.echo(f"The draft is in {output}; register it with: ripieno app register {output}")


def _register(document: str) -> None:
    async def work(client: Client) -> VersionEntry:
        return await client.register(document, is_draft=True)

    made = session.run(work)
    name, version = safe(made.application), safe(made.version)
    typer.echo(
        f"{name} {version} is a draft; when it is good, publish it with: "
        f"ripieno app publish {name} {version}"
    )
