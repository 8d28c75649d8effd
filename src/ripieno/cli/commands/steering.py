"""`ripieno pause`, `resume` and `cancel`: stepping in while a reconfiguration is going on."""

import re
from collections.abc import Awaitable, Callable

import typer

from ripieno.cli import following, session
from ripieno.cli.arguments import AsJson, Quiet, Under, Waits
from ripieno.cli.exits import CommandError, ExitCode
from ripieno.cli.following import Manner
from ripieno.cli.output import safe, show_json
from ripieno.client import Client, errors
from ripieno.wire.reconfiguration import Reconfiguration

_RECONFIGURATION = re.compile(r"r-[0-9a-f]+")


def pause(reconfiguration: Under, as_json: AsJson = False) -> None:
    """Begin nothing more of a reconfiguration; what has begun goes on to its end.

    Example: ripieno pause counter
    """
    _turn(reconfiguration, lambda client: client.pause, as_json=as_json)


def resume(reconfiguration: Under, as_json: AsJson = False) -> None:
    """Go on with a reconfiguration that is paused.

    Example: ripieno resume counter
    """
    _turn(reconfiguration, lambda client: client.resume, as_json=as_json)


def cancel(
    reconfiguration: Under,
    waits: Waits = True,
    is_quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """End a reconfiguration at the next legal state, and keep what was reached.

    Exit code 0 if it is cancelled, 1 if it came to its end before.

    Example: ripieno cancel counter
    """
    manner = Manner(waits=waits, is_quiet=is_quiet, as_json=as_json)

    async def work(client: Client) -> ExitCode:
        found = await meant(client, reconfiguration)
        deployment = await client.deployment(found.deployment)
        asked = await client.cancel(found.id)
        return await following.conclude(client, deployment.name, asked, manner, is_cancelled=True)

    raise typer.Exit(session.run(work))


async def meant(client: Client, word: str) -> Reconfiguration:
    """The reconfiguration with an id, or the one that is going on in a deployment."""
    found = await with_id(client, word)
    if found is not None:
        return found
    deployment = await client.deployment(word)
    if deployment.reconfiguration is None:
        raise CommandError(
            f"nothing is going on in {safe(deployment.name)}, which is {deployment.state}; see: "
            f"ripieno history {safe(deployment.name)}",
            ExitCode.CONFLICT,
        )
    return await client.reconfiguration(deployment.reconfiguration)


async def with_id(client: Client, word: str) -> Reconfiguration | None:
    """The reconfiguration with an id; None if the word is that of none."""
    if not _RECONFIGURATION.fullmatch(word):
        return None
    try:
        return await client.reconfiguration(word)
    except errors.NotFound:
        return None  # A deployment may have such a name, too.


def _turn(
    word: str,
    turn: Callable[[Client], Callable[[str], Awaitable[Reconfiguration]]],
    *,
    as_json: bool,
) -> None:
    async def work(client: Client) -> Reconfiguration:
        return await turn(client)((await meant(client, word)).id)

    found = session.run(work)
    if as_json:
        show_json(found)
    else:
        typer.echo(f"{found.kind} {found.id} is {found.state}")
