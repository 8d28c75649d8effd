"""`ripieno retry`, `skip` and `abandon`: what to do about a transition that has failed."""

import asyncio
from typing import Annotated

import typer
from rich.text import Text

from ripieno.cli import session, status_view
from ripieno.cli.arguments import Component, Deployment, Quiet
from ripieno.cli.exits import CommandError, ExitCode
from ripieno.cli.output import console, safe, said
from ripieno.client import Client
from ripieno.wire import deployment as wire
from ripieno.wire.reconfiguration import Decision

PAUSE_S = 0.3

Transition = Annotated[
    str | None,
    typer.Argument(
        metavar="TRANSITION",
        help="Which one; needed only where several have failed.",
        show_default=False,
    ),
]
Waits = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until the component is at rest.")
]
_DONE = {
    Decision.RETRY: "is tried again",
    Decision.SKIP: "is taken for done",
    Decision.ABANDON: "is given up",
}


def retry(
    deployment: Deployment,
    component: Component,
    transition: Transition = None,
    waits: Waits = True,
    is_quiet: Quiet = False,
) -> None:
    """Try a failed transition again.

    Exit code 0 if the component comes to rest, 1 if it fails again.

    Example: ripieno retry counter front
    """
    _decide(deployment, component, transition, Decision.RETRY, waits, is_quiet)


def skip(
    deployment: Deployment,
    component: Component,
    transition: Transition = None,
    waits: Waits = True,
    is_quiet: Quiet = False,
) -> None:
    """Treat a failed transition as done, because you have done by hand what it is for.

    Example: ripieno skip survey index run
    """
    _decide(deployment, component, transition, Decision.SKIP, waits, is_quiet)


def abandon(
    deployment: Deployment,
    component: Component,
    transition: Transition = None,
    waits: Waits = True,
    is_quiet: Quiet = False,
) -> None:
    """Give a failed transition up: the component is where it was before.

    Example: ripieno abandon counter front
    """
    _decide(deployment, component, transition, Decision.ABANDON, waits, is_quiet)


def _decide(
    deployment: str,
    component: str,
    transition: str | None,
    decision: Decision,
    waits: bool,
    is_quiet: bool,
) -> None:
    terminal = console()

    async def work(client: Client) -> ExitCode:
        found = await client.deployment(deployment)
        chosen = transition or _failed(found, component)
        await client.decide(deployment, component, chosen, decision)
        if not is_quiet:
            line = f"{safe(component)}.{safe(chosen)} {_DONE[decision]}"
            terminal.print(Text(line))
        if not waits:
            return ExitCode.OK
        view = await _at_rest(client, found.id, component)
        if not is_quiet:
            terminal.print(Text.assemble(f"{safe(component)}: ", status_view.stand(view)))
            if view.failure:
                terminal.print(said(f"  {view.failure}"))
        return ExitCode.FAILED if view.status == "failed" else ExitCode.OK

    raise typer.Exit(session.run(work))


def _failed(found: wire.Deployment, component: str) -> str:
    """The transition that is meant if none is named. Raises: `CommandError`."""
    view = _component(found, component)
    if view.status != "failed":
        raise CommandError(
            f"{safe(component)} of {safe(found.name)} has not failed, it is {view.status}; see: "
            f"ripieno status {safe(found.name)}",
            ExitCode.CONFLICT,
        )
    if len(view.transitions) != 1:
        raise CommandError(
            f"{safe(component)} is in several transitions: say which one, "
            f"{' or '.join(map(safe, view.transitions))}",
            ExitCode.USAGE,
        )
    return view.transitions[0]


def _component(found: wire.Deployment, component: str) -> wire.Component:
    for each in found.components:
        if each.name == component:
            return each
    names = ", ".join(safe(each.name) for each in found.components[:20]) or "none"
    raise CommandError(
        f"{safe(found.name)} has no component {safe(component)!r}; there are {names}",
        ExitCode.NOT_FOUND,
    )


async def _at_rest(client: Client, deployment: str, component: str) -> wire.Component:
    while True:
        view = _component(await client.deployment(deployment), component)
        if view.status != "busy":
            return view
        await asyncio.sleep(PAUSE_S)
