"""`ripieno token`: what lets somebody in."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ripieno.cli import catalogue, moments, session
from ripieno.cli.arguments import AsJson
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import columns
from ripieno.wire.token import Token

app = catalogue.noun("Tokens that let in; each stands for somebody, or for a program.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who shows it: told in the events.")],
    ttl: Annotated[
        str | None,
        typer.Option(metavar="30d", help="How long it is good for; by default until revoked."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is printed this once, alone on the standard output, and kept nowhere.

    Example: RIPIENO_TOKEN=$(ripieno token create ci --ttl 30d)
    """
    ttl_s = None if ttl is None else max(1, round(moments.seconds(ttl)))
    created = session.run(lambda client: client.create_token(name, ttl_s=ttl_s))
    if as_json:
        show_json(created)
        return
    until = (
        f"until {moments.day_and_time(created.expires_at)}" if created.expires_at else "for good"
    )
    typer.echo(
        f"token {created.id} of {safe(created.name)}, {until}; end it with: ripieno token revoke "
        f"{created.id}",
        err=True,
    )
    typer.echo(safe(created.token))


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all tokens, without their texts.

    Example: ripieno token list
    """
    found = list(session.run(lambda client: client.tokens()).items)
    if as_json:
        show_json(found)
        return
    table = columns("Id", "Name", "State", "Made")
    for each in found:
        table.add_row(
            said(each.id), said(each.name), _state(each), moments.day_and_time(each.created_at)
        )
    console().print(table)


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="Its id (t-…), see: ripieno token list.")],
) -> None:
    """Let nobody in with a token any more.

    Example: ripieno token revoke t-0a1b2c3d
    """
    session.run(lambda client: client.revoke_token(id))
    typer.echo(f"token {safe(id)} is revoked")


def _state(each: Token) -> str:
    if each.revoked_at is not None:
        return "revoked"
    if each.expires_at is None:
        return "good"
    if each.expires_at <= datetime.now(UTC):
        return "expired"
    return f"good until {moments.day_and_time(each.expires_at)}"
