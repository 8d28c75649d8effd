"""How a reconfiguration has ended, in words: what there is now, or what failed and what to do."""

import asyncio
from collections import deque
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from ripieno.cli import moments
from ripieno.cli.exits import ExitCode
from ripieno.cli.output import MOST_LINE, safe
from ripieno.client import Client, errors
from ripieno.model.errors import RipienoError
from ripieno.model.node import listed
from ripieno.wire.deployment import Component, Deployment
from ripieno.wire.reconfiguration import (
    Reconfiguration,
    ReconfigurationKind,
    ReconfigurationState,
    Span,
)
from ripieno.wire.route import Route

MOST_FAILED = 3
MOST_LINES = 10
MOST_ADDRESSES = 20
MOST_NAMES = 4
MOST_PORTS = 8
"""With more replicas than that, their ports are not told."""
PATIENCE_S = 5.0

_WHOLE = {
    ReconfigurationKind.DEPLOY: "is up",
    ReconfigurationKind.APPLY: "is as it should be",
    ReconfigurationKind.REMOVE: "is removed",
    ReconfigurationKind.ROLLBACK: "is as it was before",
}
_PARTS = {
    ReconfigurationKind.START: "started",
    ReconfigurationKind.STOP: "stopped",
    ReconfigurationKind.RESTART: "restarted",
    ReconfigurationKind.SCALE: "scaled",
}
"""What is said when it went well: of the deployment, or of the components that it was about."""

_WITHOUT_ADDRESSES = (ReconfigurationKind.REMOVE, ReconfigurationKind.STOP)


def exit_code(ended: Reconfiguration) -> ExitCode:
    """What a script is told."""
    return ExitCode.OK if ended.state is ReconfigurationState.COMPLETED else ExitCode.FAILED


async def show(
    client: Client,
    name: str,
    ended: Reconfiguration,
    rollback: Reconfiguration | None,
    console: Console,
) -> None:
    """Print how it has ended."""
    try:
        deployment = await client.deployment(ended.deployment)
    except errors.NotFound:
        deployment = None
    if ended.state is ReconfigurationState.COMPLETED:
        _show_completed(name, ended, deployment, console)
        return
    after = f" after {moments.measured(took_s(ended))}" if ended.started_at else ""
    headline = f"{safe(name)}: {ended.kind} {ended.id} {_ending(ended)}{after}"
    if ended.state is ReconfigurationState.CANCELLED:
        console.print(Text.assemble((headline, "bold yellow"), "; what was reached stays"))
        if deployment is not None:
            show_commands([(f"ripieno status {safe(name)}", "how it is now")], console)
        return
    console.print(Text(headline, style="bold red"))
    failed = _failed(ended.timeline)
    is_told = failed and all((span.cause or "") in (ended.reason or "") for span in failed)
    if ended.reason and not is_told:
        console.print(Text(f"  {safe(ended.reason)}"))
    for span in failed[:MOST_FAILED]:
        _show_failed(span, console)
        await _show_last_lines(client, ended.deployment, span.component, console)
    if len(failed) > MOST_FAILED:
        console.print(Text(f"  and {len(failed) - MOST_FAILED} more have failed", style="dim"))
    if rollback is not None:
        _show_rollback(rollback, console)
    show_commands(_what_next(name, ended, failed, rollback, deployment), console)


def in_a_line(name: str, ended: Reconfiguration) -> str:
    """That it did not go well, and why."""
    why = f": {safe(ended.reason)}" if ended.reason else ""
    return f"ripieno: {safe(name)}: {ended.kind} {ended.id} {_ending(ended)}{why}"


def took_s(ended: Reconfiguration) -> float:
    """How long it was under way."""
    if ended.started_at is None or ended.ended_at is None:
        return 0.0
    return (ended.ended_at - ended.started_at).total_seconds()


def show_commands(commands: Iterable[tuple[str, str]], console: Console) -> None:
    """Print commands that may come next, each with what it is for."""
    every = list(commands)
    if not every:
        return
    console.print(Text("What next", style="bold"))
    width = max(len(command) for command, _ in every)
    for command, purpose in every:
        if width + len(purpose) + 6 <= console.width:
            console.print(Text(f"  {command:<{width}}  {purpose}"), soft_wrap=True)
        else:
            console.print(Text(f"  {command}"), soft_wrap=True)
            console.print(Text(f"      {purpose}", style="dim"))


def addresses(component: Component) -> list[str]:
    """What it provides, and the ports of its replicas that no other component uses."""
    provided = [f"{port} {address}" for port, address in component.addresses.items()]
    known = [address for address in component.addresses.values()]
    if sum(len(each.tcp_ports) for each in component.replicas) > MOST_PORTS:
        return provided
    return provided + [
        f"{name} port {number}"
        for each in component.replicas
        for name, number in each.tcp_ports.items()
        if not any(address.endswith(f":{number}") for address in known)
    ]


def address(route: Route) -> str:
    """Where visitors of a route begin."""
    if route.url is None:
        return "no door"
    return route.url + route.path.removeprefix("/")


def _show_completed(
    name: str, ended: Reconfiguration, deployment: Deployment | None, console: Console
) -> None:
    time = moments.measured(took_s(ended))
    if ended.predicted_s:
        time += f" (predicted {moments.duration(ended.predicted_s)})"
    if ended.kind in _PARTS:
        about = f"{safe(name)}: {_PARTS[ended.kind]} {listed(ended.components, MOST_NAMES)}"
    else:
        about = f"{safe(name)} {_WHOLE[ended.kind]}"
    if not ended.components and not ended.timeline:
        about, time = f"{safe(name)}: nothing had to be done", ""
    console.print(Text.assemble((about, "bold green"), f" after {time}" if time else ""))
    if ended.kind is ReconfigurationKind.REMOVE:
        history = f"  its history stays: ripieno history {safe(ended.deployment)}"
        console.print(Text(history, style="dim"), soft_wrap=True)
    if deployment is None or ended.kind in _WITHOUT_ADDRESSES:
        return
    found = [
        (each.name, place)
        for each in deployment.components
        if each.name in ended.components
        for place in addresses(each)
    ]
    width = max((len(safe(component)) for component, _ in found[:MOST_ADDRESSES]), default=0)
    for component, place in found[:MOST_ADDRESSES]:
        console.print(Text(f"  {safe(component):<{width}}  {safe(place)}"), soft_wrap=True)
    if len(found) > MOST_ADDRESSES:
        more = f"  and {len(found) - MOST_ADDRESSES} more: ripieno status {safe(name)}"
        console.print(Text(more, style="dim"))
    for route in deployment.routes[:MOST_ADDRESSES]:
        if route.url is not None:
            console.print(Text(f"  open {safe(address(route))}"), soft_wrap=True)


def _ending(ended: Reconfiguration) -> str:
    match ended.state:
        case ReconfigurationState.CANCELLED:
            return "was cancelled"
        case ReconfigurationState.REFUSED:
            return "was refused"
        case _:
            return "failed"


def _failed(timeline: Iterable[Span]) -> list[Span]:
    """The last attempt of every transition that failed and was not repeated with success."""
    last: dict[tuple[str, str], Span] = {}
    for span in sorted(timeline, key=lambda span: (span.start, span.attempt)):
        last[span.component, span.transition] = span
    return [span for span in last.values() if span.state == "failed"]


def _show_failed(span: Span, console: Console) -> None:
    cause = safe(span.cause or "no cause is known")
    console.print(
        Text.assemble((f"  {safe(span.component)}.{safe(span.transition)}", "red"), f": {cause}")
    )


async def _show_last_lines(
    client: Client, deployment: str, component: str, console: Console
) -> None:
    """Print what a component printed last; that nothing can be had is not worth a word."""
    lines: deque[str] = deque(maxlen=MOST_LINES)
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for line in client.logs(deployment, component=component, tail=MOST_LINES):
                lines.append(line.text)
    except (RipienoError, TimeoutError):
        pass
    if not lines:
        return
    console.print(Text(f"  the last that {safe(component)} printed:", style="dim"))
    for text in lines:
        console.print(Text(f"    | {safe(text, MOST_LINE)}"), soft_wrap=True)


def _show_rollback(rollback: Reconfiguration, console: Console) -> None:
    if rollback.state is ReconfigurationState.COMPLETED:
        time = moments.measured(took_s(rollback))
        console.print(Text(f"  It went back to what it was, in {time}.", style="green"))
        return
    why = f": {safe(rollback.reason)}" if rollback.reason else ""
    console.print(Text(f"  Going back {_ending(rollback)} as well{why}", style="red"))


def _what_next(
    name: str,
    ended: Reconfiguration,
    failed: list[Span],
    rollback: Reconfiguration | None,
    deployment: Deployment | None,
) -> Iterable[tuple[str, str]]:
    name = safe(name)
    is_there = deployment is not None and deployment.state != "removed"
    if not is_there:
        return
    stands = {each.name: each for each in deployment.components} if deployment else {}
    for span in failed[:1]:
        component = safe(span.component)
        yield f"ripieno logs {name} {component}", "all that it printed"
        view = stands.get(span.component)
        if rollback is None and view is not None and view.status == "failed":
            yield f"ripieno retry {name} {component}", f"try {safe(span.transition)} again"
            yield f"ripieno skip {name} {component}", "it is done by other means"
            yield f"ripieno abandon {name} {component}", "give it up"
    yield f"ripieno status {name}", "how it is now"
    if ended.kind is ReconfigurationKind.DEPLOY:
        yield f"ripieno apply {name} FILE", "go on with a mended application"
        yield f"ripieno remove {name}", "take it down"
