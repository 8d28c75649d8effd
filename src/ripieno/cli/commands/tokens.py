"""`ripieno token`: what lets programs in."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ripieno.cli import catalogue, completing, moments, session
from ripieno.cli.arguments import AsJson
from ripieno.cli.exits import usage
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import columns
from ripieno.model.access import Scope
from ripieno.wire.token import Token

app = catalogue.noun("Tokens that let in; each stands for somebody, or for a program.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What shows it: told in the audit.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            help="What it is good for, whatever its user may do; may be repeated. By default all "
            "that the token has which asks for it, but admin.",
            show_default=False,
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="30d", help="How long it is good for; by default until revoked."),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            metavar="USER",
            help="Whose it is; by default yours.",
            autocompletion=completing.users,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is printed this once, alone on the standard output, and kept nowhere.

    Example: RIPIENO_TOKEN=$(ripieno token create ci --scope read --scope deploy --expires 30d)
    """
    ttl_s = None if expires is None else round(moments.seconds(expires))
    if ttl_s is not None and ttl_s < 1:
        raise usage(f"--expires {expires}: it would be good for nothing; give a second at least")
    created = session.run(
        lambda client: client.create_token(name, ttl_s=ttl_s, scopes=scope, user=user)
    )
    if as_json:
        show_json(created)
        return
    until = (
        f"until {moments.day_and_time(created.expires_at)}" if created.expires_at else "for good"
    )
    typer.echo(
        f"token {created.id} ({safe(created.name)}) of {safe(created.user)} for "
        f"{' '.join(created.scopes)}, {until}; end it with: ripieno token revoke {created.id}",
        err=True,
    )
    typer.echo(safe(created.token))


@app.command("list")
def list_(
    user: Annotated[
        str | None,
        typer.Option(metavar="USER", help="Only theirs.", autocompletion=completing.users),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List your tokens, as an administrator those of all; without their texts.

    Example: ripieno token list
    """
    found = list(session.run(lambda client: client.tokens(user=user)).items)
    if as_json:
        show_json(found)
        return
    table = columns("Id", "Name", "User", "Scopes", "State", "Used")
    for each in found:
        table.add_row(
            said(each.id),
            said(each.name),
            said(each.user),
            "all" if set(each.scopes) == set(Scope) else said(" ".join(each.scopes)),
            _state(each),
            moments.ago(each.last_used_at) if each.last_used_at else "never",
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
    return f"until {moments.day_and_time(each.expires_at).partition(' ')[0]}"
