"""`ripieno doctor`: whether all is well here and on the server."""

import os
from collections.abc import Iterable

import typer
from rich.table import Table
from rich.text import Text

from ripieno import __version__, settings
from ripieno.cli import session
from ripieno.cli.arguments import AsJson
from ripieno.cli.exits import CommandError, ExitCode
from ripieno.cli.output import console, safe, said, show_json
from ripieno.client import Client
from ripieno.wire.health import Finding


def doctor(as_json: AsJson = False) -> None:
    """Look whether all is well: this command's way to the server, the server, its hosts.

    Exit code 0 if all is well, 1 if something is not, 5 or 6 if the server cannot be asked.

    Example: ripieno doctor
    """
    found = _here()
    code = ExitCode.OK
    try:
        found += session.run(_there)
    except CommandError as problem:
        code = problem.exit_code
        found.append(Finding(subject="server", is_well=False, said=str(problem)))
    if as_json:
        show_json({"items": found})
    else:
        _show(found)
    if code is ExitCode.OK and not all(each.is_well for each in found):
        code = ExitCode.FAILED
    raise typer.Exit(code)


def _here() -> list[Finding]:
    where = settings.URL if os.environ.get(settings.URL) else str(settings.home())
    return [
        Finding(subject="command", is_well=True, said=f"ripieno {__version__}"),
        Finding(subject="server is told by", is_well=True, said=where),
    ]


async def _there(client: Client) -> list[Finding]:
    health = await client.health()
    is_same = health.version == __version__
    server = Finding(
        subject="server",
        is_well=is_same,
        said=f"answers, version {health.version}",
        remedy=None if is_same else "install the same version here and there",
    )
    return [server, *(await client.doctor()).items]


def _show(found: Iterable[Finding]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(overflow="fold")
    for each in found:
        sign, style = ("ok", "green") if each.is_well else ("bad", "bold red")
        told = said(each.said)
        if each.remedy and not each.is_well:
            told.append(f"\n{safe(each.remedy)}", style="yellow")
        table.add_row(Text(sign, style=style), said(each.subject), told)
    console().print(table)
