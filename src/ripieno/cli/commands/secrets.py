"""`ripieno secret`: values that components are given and nobody is told."""

from typing import Annotated

import typer

from ripieno.cli import catalogue, completing, hidden, session
from ripieno.cli.arguments import AsJson
from ripieno.cli.exits import usage
from ripieno.cli.output import safe, show_json
from ripieno.wire.secret import MOST_SECRET

app = catalogue.noun("Secrets that components are given; they can be set, and never read.")

Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=completing.secrets)]


@app.command("set")
def set_(name: Name) -> None:
    """Set a secret to what is typed, or to the standard input if that is no terminal.

    Never an argument: those can be seen by everybody on the machine. A line end at the end is left
    out. Components are given a new value when they are started the next time.

    Example: openssl rand -hex 20 | ripieno secret set store-password
    """
    value = hidden.read(f"Value of {safe(name)}", most_bytes=4 * MOST_SECRET)
    if not value:
        raise usage("the value is empty; give one")
    if len(value) > MOST_SECRET:
        raise usage(f"the value is too long; at most {MOST_SECRET:,} characters are kept")
    session.run(lambda client: client.set_secret(name, value))
    typer.echo(f"secret {safe(name)} is set")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the names of all secrets.

    Example: ripieno secret list
    """
    found = session.run(lambda client: client.secrets()).items
    if as_json:
        show_json(list(found))
        return
    if not found:
        typer.echo("There are no secrets. Set one with: ripieno secret set NAME")
    for each in found:
        typer.echo(safe(each))


@app.command()
def remove(name: Name) -> None:
    """Forget a secret.

    Example: ripieno secret remove store-password
    """
    session.run(lambda client: client.remove_secret(name))
    typer.echo(f"secret {safe(name)} is forgotten")
