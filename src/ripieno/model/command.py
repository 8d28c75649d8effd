"""What the engine wants done: one record a request, carried out by whoever holds the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ripieno.model.component_type import Value
from ripieno.model.event import CommandId, TimerId
from ripieno.model.program import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class StartTransition:
    """Start the action of a transition; its end comes back as an event with this id.

    A second attempt has the same id. `inputs` are the data of the ports that the transition reads.
    `rebinds` names the use port when this is not a transition but the change of a provider.
    """

    id: CommandId
    component: str
    transition: str
    attempt: int = 1
    inputs: Mapping[str, Value] = field(default_factory=dict)
    rebinds: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StartTimer:
    """Send `DeadlineReached` in `delay_s` seconds."""

    id: TimerId
    delay_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StopTimer:
    """A deadline is not needed any more; if it was reached meanwhile, that event is ignored."""

    id: TimerId


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """What a component is doing: the transitions that run (or failed) and the marked places."""

    active_transitions: tuple[str, ...]
    active_places: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportWait:
    """A wait ended by its deadline; the program goes on, and nothing was stopped."""

    program: str
    instruction: int
    waited_for: Mapping[str, Activity]
    finished: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class EndProgram:
    """A program has ended. `reason` says why it did not complete."""

    program: str
    outcome: Outcome
    reason: str | None = None


Command = StartTransition | StartTimer | StopTimer | ReportWait | EndProgram
