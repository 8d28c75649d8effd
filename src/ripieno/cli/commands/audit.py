"""`ripieno audit`: who did what."""

from typing import Annotated

import typer
from rich.text import Text

from ripieno.cli import completing, moments, session
from ripieno.cli.arguments import AsJson
from ripieno.cli.output import console, said, show_json
from ripieno.cli.status_view import columns
from ripieno.client import Client
from ripieno.wire.audit import Deed, Result
from ripieno.wire.base import MOST_PAGE

LEAST_TABLE = 110
"""Columns of a terminal below which a deed takes two lines."""

_STYLES = {Result.ALLOWED: "", Result.REFUSED: "bold red", Result.FAILED: "yellow"}


def audit(
    user: Annotated[
        str | None,
        typer.Option(metavar="USER", help="Who did it.", autocompletion=completing.users),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option(metavar="ACTION", help="What: user.add, or all of a kind, as user."),
    ] = None,
    thing: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A part of what it was done to.")
    ] = None,
    result: Annotated[Result | None, typer.Option(help="What became of it.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="2h", help="So long ago at most, or since that moment.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="1h", help="So long ago at least, or before that moment.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The latest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show who did what, from where, and who was refused; the latest at the end.

    Example: ripieno audit --user ada --result refused --since 2d
    """

    async def ask(client: Client) -> list[Deed]:
        found: list[Deed] = []
        after: str | None = None
        while True:
            page = await client.audit(
                user=user,
                action=action,
                thing=thing,
                result=result,
                since=None if since is None else moments.since(since),
                until=None if until is None else moments.since(until),
                after=after,
                limit=min(limit - len(found), MOST_PAGE),
            )
            found += page.items
            after = page.next
            if after is None or len(found) >= limit:
                return found[::-1]

    found = session.run(ask)
    if as_json:
        show_json(found)
        return
    terminal = console()
    if not found:
        typer.echo("Nothing of that kind was done or refused.")
        return
    if terminal.width < LEAST_TABLE:
        for each in found:
            when = said(moments.day_and_time(each.at), "dim")
            who = Text.assemble(said(each.user, "bold"), said(f" from {each.address}", "dim"))
            terminal.print(Text.assemble(when, "  ", who, "  ", _result(each)))
            terminal.print(said(f"  {each.action} {each.thing}"))
    else:
        table = columns("When", "Who", "From", "What", "To which", "Result")
        for each in found:
            table.add_row(
                moments.day_and_time(each.at),
                said(each.user),
                said(each.address),
                said(each.action),
                said(each.thing),
                _result(each),
            )
        terminal.print(table)


def _result(each: Deed) -> Text:
    told = each.result if each.reason is None else f"{each.result}: {each.reason}"
    return said(told, _STYLES[each.result])
