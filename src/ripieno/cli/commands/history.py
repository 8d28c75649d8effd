"""`ripieno history`: what was asked of a deployment, and what became of it."""

from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from ripieno.cli import moments, outcome, session
from ripieno.cli.arguments import AsJson, Deployment
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import NARROW, columns
from ripieno.client import Client, every
from ripieno.wire.reconfiguration import Reconfiguration, ReconfigurationState

_STYLES = {
    ReconfigurationState.COMPLETED: "green",
    ReconfigurationState.FAILED: "bold red",
    ReconfigurationState.REFUSED: "red",
    ReconfigurationState.CANCELLED: "bright_black",
}


def history(
    deployment: Deployment,
    most: Annotated[
        int, typer.Option("--tail", "-n", min=1, help="How many of the last ones.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what was asked of a deployment, the newest first.

    Example: ripieno history counter
    """

    async def work(client: Client) -> list[Reconfiguration]:
        found = []
        async for each in every(lambda *, after: client.reconfigurations(deployment, after=after)):
            found.append(each)
            if len(found) == most:
                break
        return found

    found = session.run(work)
    if as_json:
        show_json(found)
        return
    terminal = console()
    if terminal.width < NARROW:
        for each in found:
            terminal.print(Text.assemble(f"{each.id}  {each.kind}  ", _state(each)))
            terminal.print(said(f"  {moments.day_and_time(each.created_at)} {each.requested_by}"))
            _show_reasons([each], "  ")
        return
    table = columns("Id", "Kind", "State", "Asked", "By", "Took", "Predicted")
    for each in found:
        predicted = "" if each.predicted_s is None else moments.measured(each.predicted_s)
        table.add_row(
            each.id,
            each.kind,
            _state(each),
            moments.day_and_time(each.created_at),
            said(each.requested_by),
            moments.measured(outcome.took_s(each)) if each.ended_at and each.started_at else "",
            predicted,
        )
    terminal.print(table)
    _show_reasons(list(islice((each for each in found if each.reason), 5)), "")


def _state(each: Reconfiguration) -> Text:
    return Text(each.state, style=_STYLES.get(each.state, "yellow"))


def _show_reasons(found: list[Reconfiguration], indent: str) -> None:
    terminal = console()
    for each in found:
        if each.reason:
            head = indent or f"{each.id}: "
            terminal.print(Text(f"{head}{safe(each.reason)}", style="yellow"))
