"""What the engine's modules share: the components, the programs, and the work still to be done.

`firing` moves tokens, `ports` connects and wakes, `instructions` and `conducting` execute programs;
all of them act on one `Core`, which the public `Machine` owns.
"""

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from ripieno.engine.marking import ComponentState
from ripieno.engine.rules import Fact
from ripieno.engine.table import Table
from ripieno.model.command import Command
from ripieno.model.component_type import ComponentType

if TYPE_CHECKING:
    from ripieno.engine.programs import ProgramRun, Step

Happening = tuple[str, Fact, str]
"""What happened: the component, the fact, and what it is about (a place, a port, a behaviour)."""

Flight = tuple[ComponentState, int, int]
"""A command under way: its component, its transition (-1 - u: a rebind of use u), the attempt."""

STORY_LENGTH = 10_000
"""Happenings that are kept, over all components, for error messages to tell from."""


class Core:
    """All of the engine's state. Nothing here decides anything."""

    __slots__ = (
        "absent_waiters",
        "busy",
        "commands",
        "components",
        "facts",
        "failed",
        "fits",
        "idle_waiters",
        "in_flight",
        "next_command",
        "next_timer",
        "push_count",
        "pushes_ahead",
        "ready",
        "runs",
        "story",
        "tables",
        "timers",
        "types",
        "worklist",
    )

    def __init__(self) -> None:
        self.types: dict[str, ComponentType] = {}
        self.tables: dict[str, Table] = {}
        self.components: dict[str, ComponentState] = {}
        self.runs: dict[str, ProgramRun] = {}
        self.in_flight: dict[int, Flight] = {}
        # Two tables and a port of each: whether the first is the user, use and provide number.
        self.fits: dict[tuple[Table, str, Table, str], tuple[bool, int, int]] = {}
        self.timers: dict[int, Step] = {}
        # Steps about a component that another program has still to add, by its name.
        self.absent_waiters: dict[str, dict[Step, None]] = {}
        self.busy: dict[ComponentState, None] = {}
        self.failed: dict[ComponentState, None] = {}
        self.idle_waiters: dict[Step, None] = {}
        self.next_command = self.next_timer = 1
        self.push_count = 0
        # (component, behaviour) -> how often running programs have still to push it.
        self.pushes_ahead: dict[tuple[str, str], int] = {}
        self.worklist: deque[ComponentState] = deque()
        self.ready: deque[Step] = deque()
        self.commands: list[Command] = []
        # What happened in this event, flat: a component, a fact, what it is about, a component, …
        # A tuple for each would be half of all that a large program makes, and Python's collector
        # would go through them again and again.
        self.facts: list[str] = []
        self.story: deque[str] = deque(maxlen=3 * STORY_LENGTH)

    def happenings(self) -> list[Happening]:
        """What has happened in this event, in order."""
        return in_threes(self.facts)

    def enlist(self, state: ComponentState) -> None:
        """See to it that the component is advanced before the event is over."""
        if not state.is_listed:
            state.is_listed = True
            self.worklist.append(state)

    def wake_steps(self, state: ComponentState) -> None:
        """Let the program steps that wait for something of this component look again."""
        if state.waiting_steps:
            self.ready.extend(state.waiting_steps)
            state.waiting_steps = None


def in_threes(told: Iterable[str]) -> list[Happening]:
    """Happenings out of what was told flat."""
    flat = list(told)
    facts = cast(list[Fact], flat[1::3])
    return list(zip(flat[::3], facts, flat[2::3], strict=True))
