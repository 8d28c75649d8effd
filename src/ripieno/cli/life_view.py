"""How long a deployment has been left to itself, and how long it has yet, in words."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.text import Text

from ripieno.cli import moments
from ripieno.cli.output import safe, said
from ripieno.wire.deployment import Deployment, DeploymentState
from ripieno.wire.life import Life


def lines(found: Deployment) -> Iterator[Text]:
    """A line for each thing that there is to know; none where nothing is limited."""
    life = found.life
    if found.state is DeploymentState.STOPPED:
        if life.stopped_for == "idle":
            yield Text("stopped, since nobody used it; a visit starts it", style="yellow")
        elif life.stopped_for == "lifetime":
            name = safe(found.name)
            yield Text(f"stopped at the end of its life time; ripieno start {name}", style="yellow")
        return
    now = datetime.now(UTC)
    if life.idle_stop_min is not None:
        yield said(_unused(life, now), "yellow" if life.problem else "dim")
    if life.ends_at is not None:
        left = moments.measured(max(0.0, (life.ends_at - now).total_seconds()))
        hint = f": ripieno extend {safe(found.name)} --hours 1" if life.is_ending else ""
        yield Text(
            f"its life time ends in {left}{hint}", style="yellow" if life.is_ending else "dim"
        )


def _unused(life: Life, now: datetime) -> str:
    assert life.idle_stop_min is not None
    limit = moments.measured(life.idle_stop_min * 60)
    if life.problem:
        return f"it is not stopped after {limit} without use: {life.problem}"
    if life.idle_stop_at is None:
        return f"it is stopped after {limit} without use"
    left = moments.measured(max(0.0, (life.idle_stop_at - now).total_seconds()))
    return f"nobody uses it; it is stopped in {left} unless somebody comes"
