"""Instructions, and the programs made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ripieno.model import errors, limits
from ripieno.model.port import PortRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Add:
    """Add a component of a type, on its initial place."""

    component: str
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delete:
    """Delete a component that has no connections, once it is idle."""

    component: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Connect:
    """Connect two ports, in either order."""

    one: PortRef
    other: PortRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Disconnect:
    """Disconnect two ports, once the use is inactive."""

    one: PortRef
    other: PortRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebind:
    """Give a connected use port another provider without leaving the place that uses it."""

    use: PortRef
    provide: PortRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """Append a behaviour to a component's queue."""

    component: str
    behaviour: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Wait until a component is idle, or until a behaviour pushed to it is done."""

    component: str
    behaviour: str | None = None
    deadline_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitAll:
    """Wait until every component of the assembly is idle."""

    deadline_s: float | None = None


Instruction = Add | Delete | Connect | Disconnect | Rebind | Push | Wait | WaitAll


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A list of instructions, executed one after the other unless `after` says otherwise.

    `after`, where given, holds for every instruction the indices of those that must be done first:
    a partial order. A program that `settles` ends only when the behaviours it pushed are done.
    """

    name: str
    instructions: tuple[Instruction, ...]
    after: tuple[tuple[int, ...], ...] | None = None
    settles: bool = False

    def __post_init__(self) -> None:
        if self.after is None:
            return
        if len(self.after) != len(self.instructions):
            raise errors.IllegalOrder(
                f"program {self.name}: {len(self.instructions)} instructions but an order for "
                f"{len(self.after)}; give every instruction its list, empty where none comes first"
            )
        for index, earlier in enumerate(self.after):
            for other in earlier:
                if not 0 <= other < index:
                    raise errors.IllegalOrder(
                        f"program {self.name}: instruction {index} comes after {other}; name only "
                        f"instructions before it (0 to {index - 1})"
                    )


class Outcome(StrEnum):
    """How a program, or a phase of several, comes to its end."""

    COMPLETES = "completes"
    DEADLOCK = "deadlock"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


def to_list(instruction: Instruction) -> list[object]:
    """The instruction as files and JSON write it, `["push", "c", "deploy"]`."""
    match instruction:
        case Add():
            return ["add", instruction.component, instruction.type]
        case Delete():
            return ["delete", instruction.component]
        case Connect():
            return ["connect", str(instruction.one), str(instruction.other)]
        case Disconnect():
            return ["disconnect", str(instruction.one), str(instruction.other)]
        case Rebind():
            return ["rebind", str(instruction.use), str(instruction.provide)]
        case Push():
            return ["push", instruction.component, instruction.behaviour]
        case Wait():
            named = [instruction.component, instruction.behaviour]
            return ["wait", *filter(None, named), *_deadline(instruction.deadline_s)]
        case WaitAll():
            return ["wait_all", *_deadline(instruction.deadline_s)]


def in_words(instruction: Instruction) -> str:
    """The instruction on one line, `push c deploy`."""
    return " ".join(
        f"deadline {part['deadline_s']:g} s" if isinstance(part, dict) else str(part)
        for part in to_list(instruction)
    )


def from_list(words: Sequence[object]) -> Instruction:
    """The instruction that `to_list` wrote. Raises: `DocumentError` that says what it takes."""
    verb, rest = (words[0] if words else None), list(words[1:])
    reader = _READERS.get(verb) if isinstance(verb, str) else None
    if reader is None:
        raise errors.DocumentError(
            f"{verb!r} is no instruction; instructions are {', '.join(_READERS)}"
        )
    return reader(rest)


def _deadline(deadline_s: float | None) -> list[object]:
    return [] if deadline_s is None else [{"deadline_s": deadline_s}]


def _text(rest: list[object], count: int, form: str) -> list[str]:
    if len(rest) != count or not all(isinstance(part, str) and part for part in rest):
        raise errors.DocumentError(f"write this instruction as [{form}]")
    return [str(part) for part in rest]


def _port(text: str) -> PortRef:
    component, dot, port = text.partition(".")
    if not (component and dot and port):
        raise errors.DocumentError(f"{text!r} is no port; write component.port")
    return PortRef(component, port)


def _read_add(rest: list[object]) -> Add:
    component, type_name = _text(rest, 2, "add, component, Type")
    if "." in component:
        raise errors.DocumentError(
            f"{component!r} has a dot, which separates a component from its port; leave it out"
        )
    return Add(component=component, type=type_name)


def _read_delete(rest: list[object]) -> Delete:
    return Delete(component=_text(rest, 1, "delete, component")[0])


def _read_connect(rest: list[object]) -> Connect:
    one, other = _text(rest, 2, "connect, component.port, component.port")
    return Connect(one=_port(one), other=_port(other))


def _read_disconnect(rest: list[object]) -> Disconnect:
    one, other = _text(rest, 2, "disconnect, component.port, component.port")
    return Disconnect(one=_port(one), other=_port(other))


def _read_rebind(rest: list[object]) -> Rebind:
    use, provide = _text(rest, 2, "rebind, component.use_port, component.provide_port")
    return Rebind(use=_port(use), provide=_port(provide))


def _read_push(rest: list[object]) -> Push:
    component, behaviour = _text(rest, 2, "push, component, behaviour")
    return Push(component=component, behaviour=behaviour)


def _read_wait(rest: list[object]) -> Wait:
    deadline_s = _take_deadline(rest)
    form = "wait, component] or [wait, component, behaviour] or [wait, …, {deadline_s: seconds}"
    words = _text(rest, 2 if len(rest) == 2 else 1, form)
    return Wait(
        component=words[0],
        behaviour=words[1] if len(words) == 2 else None,
        deadline_s=deadline_s,
    )


def _read_wait_all(rest: list[object]) -> WaitAll:
    deadline_s = _take_deadline(rest)
    _text(rest, 0, "wait_all] or [wait_all, {deadline_s: seconds}")
    return WaitAll(deadline_s=deadline_s)


def _take_deadline(rest: list[object]) -> float | None:
    if not (rest and isinstance(rest[-1], dict)):
        return None
    options = rest.pop()
    assert isinstance(options, dict)
    seconds = options.get("deadline_s")
    if set(options) != {"deadline_s"} or isinstance(seconds, bool):
        raise errors.DocumentError("the one option of a wait is {deadline_s: seconds}")
    if not isinstance(seconds, int | float) or not limits.is_duration(seconds):
        raise errors.DocumentError(
            f"deadline_s is {seconds!r}; give seconds, from zero to {limits.MOST_SECONDS:g}"
        )
    return float(seconds)


_READERS: dict[str, Callable[[list[object]], Instruction]] = {
    "add": _read_add,
    "delete": _read_delete,
    "connect": _read_connect,
    "disconnect": _read_disconnect,
    "rebind": _read_rebind,
    "push": _read_push,
    "wait": _read_wait,
    "wait_all": _read_wait_all,
}
