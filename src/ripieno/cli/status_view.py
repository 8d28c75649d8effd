"""How deployments and their components are shown, in any width."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ripieno.cli import life_view, moments, outcome
from ripieno.cli.output import safe, said
from ripieno.wire.deployment import Component, Deployment, DeploymentState
from ripieno.wire.reconfiguration import Reconfiguration
from ripieno.wire.route import RouteState

NARROW = 60
"""Below so many columns there is a line for each thing, rather than a table."""

_STATES = {
    DeploymentState.RUNNING: "green",
    DeploymentState.STOPPED: "bright_black",
    DeploymentState.REMOVED: "bright_black",
    DeploymentState.FAILED: "bold red",
    DeploymentState.DEGRADED: "bold yellow",
}


def state(deployment: Deployment) -> Text:
    """How it is as a whole, in its colour."""
    said = f"{deployment.state}, idle" if is_idle(deployment) else deployment.state
    return Text(said, style=_STATES.get(deployment.state, "yellow"))


def is_idle(deployment: Deployment) -> bool:
    """Whether it was stopped because nobody used it."""
    is_stopped = deployment.state is DeploymentState.STOPPED
    return is_stopped and deployment.life.stopped_for == "idle"


def deployments(every: Sequence[Deployment], width: int) -> Iterator[RenderableType]:
    """A line for each deployment."""
    if not every:
        yield Text("There are no deployments. Bring one up with: ripieno deploy FILE")
        return
    now = datetime.now(UTC)
    if width < NARROW:
        for each in every:
            yield Text.assemble(safe(each.name), "  ", state(each))
            yield Text(f"  {_what(each)}", style="dim")
        return
    table = columns("Deployment", "State", "Application", "Changed")
    for each in every:
        table.add_row(
            said(each.name), state(each), said(_what(each)), Text(moments.ago(each.updated_at, now))
        )
    yield table


def deployment(
    found: Deployment, under_way: Reconfiguration | None, width: int
) -> Iterator[RenderableType]:
    """A deployment with what is going on in it, and each of its components."""
    yield Text.assemble((safe(found.name), "bold"), "  ", state(found), f"  {_what(found)}")
    if found.configuration:
        yield said(f"as configured in {found.configuration}", "dim")
    if found.parameters:
        values = ", ".join(f"{name}={_short(value)}" for name, value in found.parameters.items())
        yield said(f"with {values}", "dim")
    if found.reason and not any(each.failure for each in found.components):
        yield said(found.reason, "red" if found.state is DeploymentState.FAILED else "yellow")
    yield from life_view.lines(found)
    if under_way is not None:
        yield Text(f"{under_way.kind} {under_way.id} is {under_way.state}", style="yellow")
    for route in found.routes:
        is_ready = route.state is RouteState.READY
        yield Text.assemble(
            f"at {safe(outcome.address(route))}",
            ("" if is_ready else f"  {route.state}", "yellow"),
        )
    if found.components:
        yield Text("")
    if width < NARROW:
        for each in found.components:
            yield Text.assemble((safe(each.name), "bold"), "  ", stand(each), f"  {_up(each)}")
            for address in outcome.addresses(each):
                yield said(f"  {address}")
            yield from _remarks(each)
        return
    yield from _table(found.components)


def stand(component: Component) -> Text:
    """Where a component stands, or what it is doing."""
    if component.status == "failed":
        return said(f"failed in {', '.join(component.transitions) or 'a transition'}", "bold red")
    if component.transitions:
        return said(f"{', '.join(component.transitions)} …", "yellow")
    places = ", ".join(component.places) or "between places"
    if set(component.target) <= set(component.places):
        return said(places, "green")
    return said(f"{places} (to be {', '.join(component.target)})", "yellow")


def columns(*names: str) -> Table:
    """A table without lines."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _table(components: Iterable[Component]) -> Iterator[RenderableType]:
    table = columns("Component", "State", "Up", "Host", "Address")
    remarks: list[tuple[str, list[Text]]] = []
    for each in components:
        addresses = outcome.addresses(each)
        table.add_row(
            said(each.name),
            stand(each),
            Text(_up(each)),
            said(each.host),
            said(addresses[0] if addresses else ""),
        )
        for address in addresses[1:]:
            table.add_row("", "", "", "", said(address))
        if found := list(_remarks(each)):
            remarks.append((each.name, found))
    yield table
    for name, found in remarks:
        yield Text("")
        yield said(name, "bold")
        yield from found


def _remarks(component: Component) -> Iterator[Text]:
    """What else there is to know of a component: why it does not go on, and when it will."""
    if component.failure:
        yield said(f"  {component.failure}", "red")
    if component.waiting_for:
        yield said(f"  waits: {component.waiting_for}", "yellow")
    if component.restart_at:
        left_s = max(0.0, (component.restart_at - datetime.now(UTC)).total_seconds())
        yield Text(
            f"  has crashed {component.restarts} times; started again in "
            f"{moments.measured(left_s)}",
            style="yellow",
        )
    elif component.restarts:
        yield Text(f"  was started again {component.restarts} times", style="dim")
    if component.lost:
        yield said(f"  lost what it uses: {', '.join(component.lost)}", "yellow")
    for each in component.replicas:
        if each.state == "unknown":
            yield said(f"  replica {each.index} on {each.host}: the host is away", "yellow")
        elif each.state in ("exited", "lost") and each.exit_code is not None:
            yield said(f"  replica {each.index} ended with exit code {each.exit_code}", "yellow")


def _up(component: Component) -> str:
    if not component.wanted_replicas and not component.replicas:
        return ""
    running = sum(each.state == "running" for each in component.replicas)
    return f"{running}/{component.wanted_replicas}"


def _what(found: Deployment) -> str:
    return f"{safe(found.application)} {safe(found.version)}"


def value_text(value: object) -> str:
    """A value of a parameter, as `--set` takes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _short(value: object) -> str:
    text = safe(value_text(value), 40)
    return text if cell_len(text) <= 40 else text[:39] + "…"
