"""What the engine is told: one record a thing that happened or was asked for."""

from dataclasses import asdict, dataclass, field
from typing import Any, NewType

from ripieno.model import program as programs
from ripieno.model.component_type import Value
from ripieno.model.program import Program

CommandId = NewType("CommandId", int)
"""Identity of a started transition, the same over all its attempts."""

TimerId = NewType("TimerId", int)
"""Identity of the deadline of one wait."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramsSubmitted:
    """Programs are to be executed, all from this moment on, beside those that run already."""

    programs: tuple[Program, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TransitionEnded:
    """The action of a started transition (or rebind) is done; `outputs` go to provide ports."""

    command: CommandId
    outputs: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class TransitionFailed:
    """The action of a started transition (or rebind) raised."""

    command: CommandId
    cause: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadlineReached:
    """The time that a wait was given is over."""

    timer: TimerId


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryAsked:
    """Somebody wants a failed transition to be tried again."""

    component: str
    transition: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SkipAsked:
    """Somebody vouches for a failed transition: it is to be treated as arrived."""

    component: str
    transition: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AbandonAsked:
    """Somebody gives a failed transition up: back to its source, the behaviour dropped."""

    component: str
    transition: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramCancelled:
    """A program is to end now. With `winds_down`, what it pushed ends at the next legal state."""

    program: str
    winds_down: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFell:
    """What a place stands for is gone (a process died): its token is on another place now.

    What the place provided is withdrawn by force, whoever uses it.
    """

    component: str
    place: str
    target: str
    cause: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BehavioursDropped:
    """These components are to do nothing more of what was pushed, and to wind down.

    Only while no program runs; those are cancelled.
    """

    components: tuple[str, ...]


Event = (
    ProgramsSubmitted
    | TransitionEnded
    | TransitionFailed
    | DeadlineReached
    | RetryAsked
    | SkipAsked
    | AbandonAsked
    | ProgramCancelled
    | TokenFell
    | BehavioursDropped
)

_BY_NAME = {
    kind.__name__: kind
    for kind in (
        TransitionEnded,
        TransitionFailed,
        DeadlineReached,
        RetryAsked,
        SkipAsked,
        AbandonAsked,
        ProgramCancelled,
        TokenFell,
        BehavioursDropped,
    )
}


def to_json(event: Event) -> dict[str, Any]:
    """The event as JSON can hold it; `from_json` reads it back."""
    if isinstance(event, ProgramsSubmitted):
        return {
            "event": "ProgramsSubmitted",
            "programs": [program_to_json(program) for program in event.programs],
        }
    return {"event": type(event).__name__, **asdict(event)}


def from_json(record: dict[str, Any]) -> Event:
    """The event that `to_json` wrote."""
    fields = dict(record)
    name = fields.pop("event")
    if name == "ProgramsSubmitted":
        return ProgramsSubmitted(
            programs=tuple(program_from_json(program) for program in fields["programs"])
        )
    if name == "BehavioursDropped":
        fields["components"] = tuple(fields["components"])
    event: Event = _BY_NAME[name](**fields)
    return event


def program_to_json(program: Program) -> dict[str, Any]:
    """A program as JSON can hold it; `program_from_json` reads it back."""
    return {
        "name": program.name,
        "instructions": [programs.to_list(each) for each in program.instructions],
        "after": None if program.after is None else [list(each) for each in program.after],
        "settles": program.settles,
    }


def program_from_json(record: dict[str, Any]) -> Program:
    """The program that `program_to_json` wrote."""
    after = record["after"]
    return Program(
        name=record["name"],
        instructions=tuple(programs.from_list(each) for each in record["instructions"]),
        after=None if after is None else tuple(tuple(each) for each in after),
        settles=record["settles"],
    )
