"""The state of one component: where its tokens are, what is queued, who is at its ports.

Only the engine's own modules touch these; everybody else reads snapshots and situations.
"""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ripieno.engine.rules import Status
from ripieno.engine.table import Table, names
from ripieno.model.component_type import Value

if TYPE_CHECKING:
    from ripieno.engine.programs import ProgramRun, Step

Queued = tuple[int, "ProgramRun | None", int]
"""A pushed behaviour, the program to be told of its end, and the push's number in the engine.

In the place of a behaviour that was dropped is -1.
"""

NO_BEHAVIOUR = -1


class Failure(NamedTuple):
    """A transition that failed: the command that started it, and why."""

    command: int
    cause: str


class ComponentState:
    """The marking of one component, as bit masks over its table.

    `marked`: places with a token. `left`: places that the current behaviour has left. `docked`,
    `running`, `arrived`: transitions whose token is on the output dock, in the transition, on the
    input dock. `failed` is a part of `running`. `excluded`: transitions that a switch ruled out.
    `held`: active use ports; `offered`: active provide ports; `served`: data provide ports that
    have been reached; `lost`: provide ports that were withdrawn by force under active uses.
    """

    __slots__ = (
        "arrived",
        "begun_push",
        "behaviour",
        "data",
        "data_waiters",
        "docked",
        "dropped",
        "excluded",
        "failed",
        "failures",
        "held",
        "is_listed",
        "last_push",
        "left",
        "lost",
        "marked",
        "name",
        "offered",
        "owner",
        "providers",
        "queue",
        "rebinds",
        "running",
        "served",
        "table",
        "use_counts",
        "use_waiters",
        "users",
        "waiting_steps",
        "winds_down",
    )

    def __init__(self, name: str, table: Table) -> None:
        self.name = name
        self.table = table
        self.marked = 1 << table.first_place
        self.left = self.docked = self.running = self.arrived = 0
        self.failed = self.excluded = 0
        self.held = self.offered = self.served = self.lost = 0
        self.behaviour = NO_BEHAVIOUR
        self.owner: ProgramRun | None = None
        self.winds_down = False
        self.queue: deque[Queued] | None = None
        # Pushes by their number in the engine: the last one begun, and that of every behaviour.
        self.begun_push = 0
        self.last_push: dict[int, int] | None = None
        self.dropped: set[int] | None = None
        # Per use port its provider, then per data use port likewise.
        self.providers: list[tuple[ComponentState, int] | None] | None = (
            [None] * len(table.use_names) if table.use_names else None
        )
        # Who is connected: a user, its use port and the provide port here, as an ordered set.
        self.users: dict[tuple[ComponentState, int, int], None] | None = None
        self.use_counts: list[int] | None = [0] * len(table.provides) if table.provides else None
        self.use_waiters: list[dict[ComponentState, None] | None] | None = None
        self.data_waiters: dict[ComponentState, None] | None = None
        self.data: dict[str, Value] | None = None
        self.failures: dict[int, Failure] | None = None
        self.rebinds: dict[int, Rebinding] | None = None
        self.waiting_steps: dict[Step, None] | None = None
        self.is_listed = False

    @property
    def is_idle(self) -> bool:
        """Whether no behaviour is under way or queued, and no rebind either."""
        return self.behaviour < 0 and not self.queue and not self.rebinds

    def has_done(self, push: int) -> bool:
        """Whether a push to this component, by its number in the engine, is done or dropped."""
        return push < self.begun_push or (push == self.begun_push and self.behaviour < 0)

    @property
    def has_failed(self) -> bool:
        """Whether a transition or a rebind of it failed and nobody has dealt with that."""
        return bool(self.failed) or any(
            rebind.cause is not None for rebind in (self.rebinds or {}).values()
        )

    @property
    def status(self) -> Status:
        """Idle, busy or failed."""
        if self.has_failed:
            return Status.FAILED
        return Status.IDLE if self.is_idle else Status.BUSY

    def uses_now(self, use: int) -> bool:
        """Whether a token is where it holds the use port, or a rebind does."""
        table = self.table
        return bool(
            self.marked & table.places_of_use[use]
            or self.docked & table.use_at_start[use]
            or self.running & table.use_running[use]
            or self.arrived & table.use_at_end[use]
            or (self.rebinds and use in self.rebinds)
        )

    def holds(self, use: int) -> bool:
        """Whether the use port is active; a data use port never is."""
        return bool(self.held >> use & 1)

    def provides_now(self, provide: int) -> bool:
        """Whether a token is in the group of the provide port."""
        table = self.table
        return bool(
            self.marked & table.places_of_provide[provide]
            or (self.docked | self.running | self.arrived) & table.inner_of_provide[provide]
        )

    def exits_of(self, place: int) -> int:
        """The transitions that leaving the place now would fire, as a mask."""
        exits = self.table.exits[self.behaviour][place]
        switch = self.table.switch_at.get(place)
        if switch is None or not exits:
            return exits
        chosen = 0
        for name in switch.choose(self.read(switch.reads)):
            chosen |= 1 << self.table.transition_index[name]
        return exits & chosen

    def would_withdraw(self, provide: int, place: int) -> bool:
        """Whether leaving the place would leave the provide port without a token."""
        table = self.table
        inner = table.inner_of_provide[provide]
        fired = self.exits_of(place)
        return bool(fired) and not (
            self.marked & ~(1 << place) & table.places_of_provide[provide]
            or (fired | self.docked | self.running | self.arrived) & inner
        )

    def refuses(self, provide: int) -> bool:
        """Whether the provide port refuses new uses, since it is about to be withdrawn."""
        if self.behaviour < 0 or self.winds_down:
            return False
        standing = self.marked & self.table.places_of_provide[provide]
        if not standing or standing & (standing - 1):
            return False
        if standing & self.left or not standing & self.table.leavable[self.behaviour]:
            return False
        return self.would_withdraw(provide, standing.bit_length() - 1)

    def read(self, port: str) -> Value:
        """The value at the other end of a use or data use port, None if there is none."""
        provider = self.provider_of(port)
        if provider is None:
            return None
        state, index = provider
        return (state.data or {}).get(state.port_name(index))

    def provider_of(self, port: str) -> "tuple[ComponentState, int] | None":
        """The component and provide port number that a use or data use port is connected to."""
        return self.providers[self.use_number(port)] if self.providers is not None else None

    def users_of(self, provide: int) -> "Iterator[tuple[ComponentState, int]]":
        """The components connected to a provide port, each with its use port."""
        return ((user, use) for user, use, number in self.users or () if number == provide)

    def use_number(self, port: str) -> int:
        """The number of a use port; those of data use ports go on from there."""
        table = self.table
        if port in table.data_use_index:
            return len(table.uses) + table.data_use_index[port]
        return table.uses.index(port)

    def provide_number(self, port: str) -> int:
        """The number of a provide port; those of data provide ports go on from there."""
        table = self.table
        if port in table.data_provide_index:
            return len(table.provides) + table.data_provide_index[port]
        return table.provide_index[port]

    def port_name(self, provide: int) -> str:
        """The name of a provide or data provide port, by number."""
        return self.table.provide_names[provide]

    def use_name(self, use: int) -> str:
        """The name of a use or data use port, by number."""
        return self.table.use_names[use]

    def places(self) -> tuple[str, ...]:
        """Names of the marked places."""
        return names(self.marked, self.table.places)

    def behaviour_name(self) -> str:
        """Name of the behaviour under way, empty if there is none."""
        return self.table.behaviours[self.behaviour] if self.behaviour >= 0 else ""


class Rebinding:
    """A use port on its way from one provider to another, holding both."""

    __slots__ = ("cause", "command", "provide", "provider", "step")

    def __init__(
        self, provider: ComponentState, provide: int, command: int, step: "Step | None"
    ) -> None:
        self.provider = provider
        self.provide = provide
        self.command = command
        self.cause: str | None = None
        self.step = step
