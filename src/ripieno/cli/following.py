"""Waiting for a reconfiguration, over restarts of the server, and saying how it has ended."""

import asyncio
import time
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from ripieno.cli import outcome
from ripieno.cli.exits import ExitCode
from ripieno.cli.output import console, safe, show_json
from ripieno.cli.progress_view import View, view_for
from ripieno.client import Client, errors
from ripieno.wire.deployment import Deployment
from ripieno.wire.reconfiguration import Reconfiguration, ReconfigurationState

LEAST_PAUSE_S = 0.15
MOST_PAUSE_S = 1.0
NOTE = "component.note"
MOST_NOTES = 500

PATIENCE_S = 120.0
"""For how long a server may be away that is asked how far it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How a command that asked for a reconfiguration goes on."""

    waits: bool
    is_quiet: bool = False
    as_json: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether nothing is told to people."""
        return self.is_quiet or self.as_json


async def conclude(
    client: Client,
    name: str,
    asked: Reconfiguration,
    manner: Manner,
    *,
    tells_deployment: bool = False,
    is_cancelled: bool = False,
) -> ExitCode:
    """Wait until it is over, if so wished, and tell how it went.

    `name` is that of the deployment; `tells_deployment`: it is in the JSON, too. `is_cancelled`: to
    end as cancelled is what was asked for. The rollback of one that failed is waited for as well.
    A cancellation of this very task (Ctrl-C) says that all goes on without us.
    """
    terminal = console()
    if not manner.waits:
        if manner.as_json:
            await _show_json(client, asked, tells_deployment=tells_deployment)
        elif not manner.is_quiet:
            terminal.print(Text(f"{safe(name)}: {asked.kind} {asked.id} is {asked.state}"))
            look = [(f"ripieno status -w {safe(name)}", "see how it goes on")]
            outcome.show_commands(look, terminal)
        return ExitCode.FAILED if asked.state is ReconfigurationState.REFUSED else ExitCode.OK
    view = view_for(terminal, is_quiet=manner.is_silent)
    rollback: Reconfiguration | None = None
    try:
        with view:
            ended = await _until_over(client, name, asked, view)
            if ended.rollback is not None:
                rollback = await client.reconfiguration(ended.rollback)
                rollback = await _until_over(client, name, rollback, view)
    except asyncio.CancelledError:
        if not manner.is_silent:
            _tell_detached(name, asked)
        raise
    if manner.as_json:
        await _show_json(client, ended, tells_deployment=tells_deployment)
    elif not manner.is_quiet:
        await outcome.show(client, name, ended, rollback, terminal)
    elif ended.state is not ReconfigurationState.COMPLETED:
        Console(stderr=True, highlight=False).print(Text(outcome.in_a_line(name, ended)))
    if is_cancelled:
        is_so = ended.state is ReconfigurationState.CANCELLED
        return ExitCode.OK if is_so else ExitCode.FAILED
    return outcome.exit_code(ended)


async def _show_json(
    client: Client, reconfiguration: Reconfiguration, *, tells_deployment: bool
) -> None:
    if not tells_deployment:
        show_json(reconfiguration)
        return
    deployment = await client.deployment(reconfiguration.deployment)
    show_json({"deployment": deployment, "reconfiguration": reconfiguration})


async def _until_over(
    client: Client, name: str, reconfiguration: Reconfiguration, view: View
) -> Reconfiguration:
    last_answer = time.monotonic()
    notes = Notes(reconfiguration)
    while True:
        began = time.monotonic()
        try:
            reconfiguration = await client.reconfiguration(reconfiguration.id)
            for component, text in await notes.since_last(client):
                view.note(component, text)
            deployment = (
                await _deployment(client, reconfiguration) if view.wants_deployment else None
            )
            view.show(name, reconfiguration, deployment)
            if reconfiguration.state.is_over:
                return reconfiguration
            last_answer = time.monotonic()
        except (errors.ServerUnreachable, errors.Unavailable) as problem:
            if time.monotonic() - last_answer > PATIENCE_S:
                raise
            view.away(str(problem))
        # A large deployment is asked for less often, so that looking does not slow it down.
        took_s = time.monotonic() - began
        await asyncio.sleep(min(MOST_PAUSE_S, max(LEAST_PAUSE_S, 4 * took_s)))


class Notes:
    """What the server says on the way of a reconfiguration: each thing once."""

    def __init__(self, reconfiguration: Reconfiguration) -> None:
        self._reconfiguration = reconfiguration
        self._last = 0

    async def since_last(self, client: Client) -> list[tuple[str | None, str]]:
        """Component and text of each note that is new."""
        try:
            page = await client.events(
                deployment=self._reconfiguration.deployment,
                kind=NOTE,
                after=self._last,
                limit=MOST_NOTES,
            )
        except errors.NotFound:  # It was removed meanwhile.
            return []
        if page.items:
            self._last = page.items[-1].id
        return [
            (each.component, str(each.data.get("text", "")))
            for each in page.items
            if each.reconfiguration == self._reconfiguration.id
        ]


async def _deployment(client: Client, reconfiguration: Reconfiguration) -> Deployment | None:
    try:
        return await client.deployment(reconfiguration.deployment)
    except errors.NotFound:
        return None


def _tell_detached(name: str, reconfiguration: Reconfiguration) -> None:
    told = Text(
        f"\n{reconfiguration.kind} {reconfiguration.id} goes on without this command.\n"
        f"  ripieno status -w {safe(name)}\n"
        f"  ripieno cancel {reconfiguration.id}"
    )
    Console(stderr=True, highlight=False).print(told, soft_wrap=True)
