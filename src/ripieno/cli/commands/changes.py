"""`ripieno start`, `stop`, `restart`, `scale` and `remove`: changes that need no file."""

from typing import Annotated, Any, NoReturn

import typer

from ripieno.cli import completing, following, session, sources
from ripieno.cli.arguments import (
    AsJson,
    Components,
    Deployment,
    IfFails,
    Queues,
    Quiet,
    Waits,
    Yes,
)
from ripieno.cli.exits import ExitCode, usage
from ripieno.cli.following import Manner
from ripieno.cli.output import is_terminal, safe
from ripieno.client import Client
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest, OnFailure


def start(
    deployment: Deployment,
    components: Components = None,
    waits: Waits = True,
    queues: Queues = False,
    on_failure: IfFails = None,
    is_quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Start components that were stopped, and those that they need.

    Example: ripieno start counter front
    """
    fields = {"components": components} if components else {}
    _change(
        deployment, ChangeKind.START, fields, queues, on_failure, _manner(waits, is_quiet, as_json)
    )


def stop(
    deployment: Deployment,
    components: Components = None,
    waits: Waits = True,
    queues: Queues = False,
    on_failure: IfFails = None,
    is_quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Stop components, and first those that use them. They can be started again.

    Example: ripieno stop counter
    """
    fields = {"components": components} if components else {}
    _change(
        deployment, ChangeKind.STOP, fields, queues, on_failure, _manner(waits, is_quiet, as_json)
    )


def restart(
    deployment: Deployment,
    components: Components = None,
    waits: Waits = True,
    queues: Queues = False,
    on_failure: IfFails = None,
    is_quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Restart components; jobs are run again.

    Example: ripieno restart counter front
    """
    fields = {"components": components} if components else {}
    manner = _manner(waits, is_quiet, as_json)
    _change(deployment, ChangeKind.RESTART, fields, queues, on_failure, manner)


def scale(
    deployment: Deployment,
    replicas: Annotated[
        list[str],
        typer.Argument(
            metavar="COMPONENT=NUMBER",
            help="How many replicas a component is to have.",
            autocompletion=completing.components,
        ),
    ],
    waits: Waits = True,
    queues: Queues = False,
    on_failure: IfFails = None,
    is_quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Change the number of replicas of components; those that are there keep running.

    Example: ripieno scale counter front=3
    """
    fields = {"replicas": _numbers(replicas)}
    _change(
        deployment, ChangeKind.SCALE, fields, queues, on_failure, _manner(waits, is_quiet, as_json)
    )


def remove(
    deployment: Deployment,
    waits: Waits = True,
    queues: Queues = False,
    is_sure: Yes = False,
    is_quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Take a deployment down and forget it: its processes, their files and what they printed.

    Asks in a terminal. What was asked of it stays on record under its id.

    Example: ripieno remove counter
    """
    if is_terminal() and not is_sure:
        told = f"Take {safe(deployment)} down, with its files and logs?"
        if not typer.confirm(told):
            typer.echo("Nothing was changed.")
            raise typer.Exit(ExitCode.FAILED)

    async def work(client: Client) -> ExitCode:
        found = await client.deployment(deployment)
        asked = await client.remove(deployment, queue=queues)
        return await following.conclude(
            client, found.name, asked, _manner(waits, is_quiet, as_json)
        )

    raise typer.Exit(session.run(work))


def _manner(waits: bool, is_quiet: bool, as_json: bool) -> Manner:
    return Manner(waits=waits, is_quiet=is_quiet, as_json=as_json)


def _change(
    deployment: str,
    kind: ChangeKind,
    fields: dict[str, Any],
    queues: bool,
    on_failure: OnFailure | None,
    manner: Manner,
) -> NoReturn:
    if queues:
        fields["queue"] = True
    if on_failure is not None:
        fields["on_failure"] = on_failure
    request = sources.request(ChangeRequest, {"kind": kind, **fields})

    async def work(client: Client) -> ExitCode:
        found = await client.deployment(deployment)
        asked = await client.change(deployment, request)
        return await following.conclude(client, found.name, asked, manner)

    raise typer.Exit(session.run(work))


def _numbers(pairs: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for pair in pairs:
        component, equals, number = pair.partition("=")
        if not equals or not component or not number.isdecimal():
            raise usage(f"{pair!r}: write COMPONENT=NUMBER, such as web=3")
        if component in found:
            raise usage(f"{component} is there twice; give it once")
        found[component] = int(number)
    return found
