"""`ripieno host`: machines that components can run on."""

import re
from typing import Annotated, Any

import typer
from rich.text import Text

from ripieno.cli import catalogue, completing, session, sources
from ripieno.cli.arguments import AsJson, Yes
from ripieno.cli.exits import CommandError, ExitCode, usage
from ripieno.cli.output import console, is_terminal, safe, said, show_json
from ripieno.cli.status_view import NARROW, columns
from ripieno.client import Client
from ripieno.wire.host import AddHostRequest, Host, HostRequest

app = catalogue.noun("Machines that components run on, reached over SSH.")

Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=completing.hosts)]
_ADDRESS = re.compile(
    r"(?:(?P<user>[^@\s]+)@)?(?P<address>\[[^\]\s]+\]|[^:@\s]+)(?::(?P<port>[0-9]{1,5}))?"
)
_STATES = {"connected": "green", "away": "bold red"}


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="How it is called from now on.")],
    address: Annotated[
        str, typer.Argument(metavar="[USER@]ADDRESS[:PORT]", help="How the server reaches it.")
    ],
    directory: Annotated[
        str,
        typer.Option(metavar="PATH", help="Folder there for all that components have on disk."),
    ],
    key: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Private key, a file of the server; by default the server's own."
        ),
    ] = None,
    jump: Annotated[
        str | None,
        typer.Option(metavar="[USER@]ADDRESS[:PORT]", help="The host through which it is reached."),
    ] = None,
    trust: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="The fingerprint that its key has to have."),
    ] = None,
    is_sure: Annotated[
        bool, typer.Option("--yes", "-y", help="Trust the key that it shows now, without asking.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a host, once it was reached and has all that is needed.

    The server asks it for its key. Compare the fingerprint with what its owner says (there:
    `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`).

    Example: ripieno host add node-1 alice@node-1.example.org --directory /home/alice/ripieno
    """
    fields = _fields(name, address, directory, key, jump)
    if trust is None:
        trust = _shown_key(fields, name, is_sure=is_sure)
    request = sources.request(AddHostRequest, {**fields, "trust": trust})
    _report(session.run(lambda client: client.add_host(request)), as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all hosts.

    Example: ripieno host list
    """
    found = list(session.run(lambda client: client.hosts()).items)
    if as_json:
        show_json(found)
        return
    terminal = console()
    if terminal.width < NARROW:
        for each in found:
            terminal.print(Text.assemble((safe(each.name), "bold"), "  ", _state(each)))
            terminal.print(said(f"  {each.address}, components: {each.components}"))
    else:
        table = columns("Host", "State", "Address", "Components", "Folder")
        for each in found:
            table.add_row(
                said(each.name),
                _state(each),
                said(each.address),
                str(each.components),
                said(each.directory),
            )
        terminal.print(table)
    for each in found:
        if each.problem:
            terminal.print(said(f"{each.name}: {each.problem}", "yellow"))


@app.command()
def check(name: Name, as_json: AsJson = False) -> None:
    """Look whether a host can be reached and has what is needed.

    Exit code 1 if not.

    Example: ripieno host check node-1
    """
    _report(session.run(lambda client: client.check_host(name)), as_json=as_json)


@app.command()
def remove(name: Name, is_sure: Yes = False) -> None:
    """Forget a host on which no component is placed.

    Example: ripieno host remove node-1
    """
    if is_terminal() and not is_sure and not typer.confirm(f"Forget host {safe(name)}?"):
        typer.echo("Nothing was changed.")
        raise typer.Exit(ExitCode.FAILED)
    session.run(lambda client: client.remove_host(name))
    typer.echo(f"host {safe(name)} is forgotten")


def _fields(
    name: str, address: str, directory: str, key: str | None, jump: str | None
) -> dict[str, Any]:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise usage(f"{address!r} is no address: write [USER@]ADDRESS[:PORT]")
    fields: dict[str, Any] = {
        "name": sources.name(name),
        "address": match["address"].strip("[]"),
        "directory": directory,
    }
    optional = {
        "user": match["user"],
        "port": int(match["port"]) if match["port"] else None,
        "key_path": key,
        "jump": jump,
    }
    return fields | {field: value for field, value in optional.items() if value is not None}


def _shown_key(fields: dict[str, Any], name: str, *, is_sure: bool) -> str:
    """The fingerprint of the key that a host shows, if it is to be trusted.

    Raises: `CommandError` if not.
    """
    request = sources.request(HostRequest, fields)

    async def scan(client: Client) -> str:
        return (await client.scan_host(request)).fingerprint

    fingerprint = session.run(scan)
    typer.echo(f"host {safe(name)} shows the key {safe(fingerprint)}", err=True)
    if is_sure:
        return fingerprint
    if not is_terminal():
        raise CommandError(
            f"nobody is here to say whether that is its key; repeat with --trust "
            f"{safe(fingerprint)} once you have compared it",
            ExitCode.USAGE,
        )
    if not typer.confirm("Is that its key?"):
        raise CommandError(f"host {safe(name)} was not added", ExitCode.FAILED)
    return fingerprint


def _report(found: Host, *, as_json: bool) -> None:
    """Tell how a host is; the exit code says whether it is well."""
    if as_json:
        show_json(found)
    else:
        terminal = console()
        terminal.print(
            Text.assemble(
                (safe(found.name), "bold"), "  ", _state(found), f"  {safe(found.address)}"
            )
        )
        for fact, value in found.facts.items():
            if value not in (None, "", [], {}):
                terminal.print(said(f"  {fact.replace('_', ' ')}: {_plain(value)}"))
        for each in found.checks:
            if each.subject == "images" and not found.facts.get("engine"):
                terminal.print(said(f"  images: {each.said}"))
        if found.problem:
            terminal.print(said(f"  {found.problem}", "red"))
    if found.problem:
        raise typer.Exit(ExitCode.FAILED)


def _state(found: Host) -> Text:
    return said(found.state, _STATES.get(found.state, "yellow"))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
