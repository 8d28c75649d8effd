"""Who has to move because of whom: needs are passed along the ports until nobody has a new one.

Each component that the goal touches gets a path. A path that withdraws a provide port makes its
users release it on their own paths; a path that ends in using a port makes the provider end in
providing it. Needs only grow, so this comes to an end.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ripieno.model.assembly import Component
from ripieno.model.component_type import ComponentType, Value
from ripieno.model.goal import Wish
from ripieno.model.port import PortKind, PortRef
from ripieno.plan import errors, path
from ripieno.plan.change import Change
from ripieno.plan.lifecycle import Lifecycle, Marking
from ripieno.plan.path import Need, Path


class Mover:
    """A component that may have to move: its need so far, its path, and the reasons for both."""

    __slots__ = ("component", "is_added", "is_removed", "lifecycle", "name", "need", "path", "why")

    def __init__(
        self,
        component: Component,
        lifecycle: Lifecycle,
        source: Marking,
        need: Need,
        *,
        is_added: bool = False,
        is_removed: bool = False,
    ) -> None:
        self.name = component.name
        self.component = component
        self.lifecycle = lifecycle
        self.need = need
        self.is_added = is_added
        self.is_removed = is_removed
        self.path = Path(moves=(), source=source, target=source)
        self.why: dict[str, None] = {}

    def uses_at_start(self, port: str) -> bool:
        """Whether the use port is active before anything moves."""
        return port in self.lifecycle.held(self.path.source)

    def first_release(self, port: str) -> int | None:
        """The number of the first move in which a use port is inactive, None if there is none."""
        for number, move in enumerate(self.path.moves):
            if any(port in free for free in move.free_sets):
                return number
        return None

    def acquiring(self, port: str) -> list[int]:
        """The numbers of the moves that begin to use a port."""
        return [i for i, move in enumerate(self.path.moves) if port in move.acquires]

    def keeps(self, port: str, number: int) -> bool:
        """Whether a use port is still active when a move is over."""
        return port in self.lifecycle.held(self.path.moves[number].target)

    def withdrawing(self, port: str) -> list[int]:
        """The numbers of the moves in which a provide port is inactive at some moment."""
        return [i for i, move in enumerate(self.path.moves) if port in move.withdraws]


class Negotiation:
    """The paths of all components that have to move for a change.

    `together`: whether a component that must release several ports should do so at one moment
    where it can. Raises: `UnreachableGoal`.
    """

    def __init__(self, change: Change, *, together: bool = True) -> None:
        self.change = change
        self._together = together
        self._lifecycles: dict[tuple[str, str], Lifecycle] = {}
        self._paths: dict[tuple[int, Marking, Need], Path | None] = {}
        self._queue: deque[Mover] = deque()
        self._now: dict[str, Mover] = {}
        self._new: dict[str, Mover] = {}
        self._begin()
        while self._queue:
            mover = self._queue.popleft()
            mover.path = self._find_path(mover)
            self._spread(mover)

    @property
    def movers(self) -> Iterable[Mover]:
        """All the components that were looked at, those included that need not move."""
        return [*self._now.values(), *self._new.values()]

    def user(self, use: PortRef) -> Mover:
        """The component of a use port, as it is after the change if it is there then."""
        return self.mover(use.component, is_after=use in self.change.after)

    def provider(self, provide: PortRef, *, is_after: bool) -> Mover:
        """The component of a provide port, before or after the change."""
        return self.mover(provide.component, is_after=is_after)

    def is_rebound(self, use: PortRef) -> bool:
        """Whether a use port changes its provider while it is active."""
        before, after = self.change.before.get(use), self.change.after.get(use)
        if before is None or after is None or before == after:
            return False
        if use.component in self.change.added or use.component in self.change.removed:
            return False
        mover = self.mover(use.component, is_after=False)
        port = mover.component.type.port_by_name[use.port]
        return (
            port.kind is PortKind.USE
            and port.rebind_s is not None
            and mover.uses_at_start(use.port)
            and use.port not in mover.need.releases
            and mover.first_release(use.port) is None
        )

    def _begin(self) -> None:
        change = self.change
        for name in change.removed:
            self._ask(self.mover(name, is_after=False), "it is not in the goal")
        for name in change.added:
            self._ask(self.mover(name, is_after=True), "it is new")
        for name, wish in change.goal.wishes.items():
            if name in change.added or name not in change.goal.components:
                continue
            marking = change.situation.marking[name]
            if wish.run or not wish.state <= marking:
                self._ask(self.mover(name, is_after=False), _wished(wish))
        for use in change.rewired:
            if use.component not in change.added and use.component not in change.removed:
                self._rewire(use)
        replaced = change.added.keys() & change.removed.keys()
        for use, provide in change.before.items():
            if provide.component in replaced and use.component not in change.removed:
                self._rewire(use)

    def _rewire(self, use: PortRef) -> None:
        change = self.change
        before, after = change.before.get(use), change.after.get(use)
        mover = self.mover(use.component, is_after=False)
        self._ask(mover, self._why_rewired(use))
        port = mover.component.type.port_by_name[use.port]
        if port.kind is not PortKind.USE or not mover.uses_at_start(use.port):
            return
        if after is None or port.rebind_s is None or before == after:
            mover.need = replace(mover.need, releases=mover.need.releases | {use.port})

    def _why_rewired(self, use: PortRef) -> str:
        before, after = self.change.before.get(use), self.change.after.get(use)
        if before is not None and before.component in self.change.removed:
            return f"{before.component}, which provides its {use.port}, goes"
        if after is None:
            return f"the goal leaves its {use.port} without a provider"
        return f"the goal has its {use.port} provided by {after.component}"

    def _ask(self, mover: Mover, why: str) -> None:
        mover.why.setdefault(why)
        self._queue.append(mover)

    def mover(self, name: str, *, is_after: bool) -> Mover:
        """A component by name, as it is before the change or as it is to be after it."""
        change = self.change
        if is_after and name in change.added:
            mover = self._new.get(name)
            if mover is None:
                mover = self._new[name] = self._newcomer(change.added[name])
            return mover
        mover = self._now.get(name)
        if mover is None:
            mover = self._now[name] = self._resident(name)
        return mover

    def _newcomer(self, component: Component) -> Mover:
        wish = self.change.goal.wishes.get(component.name, Wish())
        return Mover(
            component,
            self._lifecycle(component),
            frozenset((component.type.initial,)),
            Need(runs=wish.run, state=wish.state, **self._without_provider(component)),
            is_added=True,
        )

    def _resident(self, name: str) -> Mover:
        change = self.change
        component = change.situation.assembly.components[name]
        source = change.situation.marking[name]
        lifecycle = self._lifecycle(component)
        if name in change.removed:
            initial = frozenset((component.type.initial,))
            need = Need(exact=initial)
            if self._cached(lifecycle, source, need) is None:
                need = Need(free=lifecycle.held(source))
            return Mover(component, lifecycle, source, need, is_removed=True)
        wish = change.goal.wishes.get(name, Wish())
        keeps_still = not wish.state and not wish.run
        need = Need(
            runs=wish.run,
            state=wish.state,
            exact=source if keeps_still else None,
            **self._without_provider(component),
        )
        return Mover(component, lifecycle, source, need)

    def _without_provider(self, component: Component) -> dict[str, frozenset[str]]:
        """The use ports that have no provider at the end, and those that never have one."""
        free, closed = set(), set()
        for port in component.type.ports:
            use = PortRef(component.name, port.name)
            if port.kind.is_consumer and use not in self.change.after:
                if port.kind is PortKind.USE:
                    free.add(port.name)
                if component.name in self.change.added or use not in self.change.before:
                    closed.add(port.name)
        return {"free": frozenset(free), "closed": frozenset(closed)}

    def _lifecycle(self, component: Component) -> Lifecycle:
        values = {
            switch.reads: self._value(PortRef(component.name, switch.reads))
            for switch in component.type.switches
        }
        key = (component.type.name, repr(sorted(values.items())))
        lifecycle = self._lifecycles.get(key)
        if lifecycle is None or lifecycle.type != component.type:
            lifecycle = self._lifecycles[key] = Lifecycle(component.type, values)
        return lifecycle

    def _value(self, use: PortRef) -> Value:
        """What a data use port will read: what is served now, else what its provider declares."""
        provide = self.change.after.get(use) or self.change.before.get(use)
        if provide is None:
            return None
        data = self.change.situation.data
        if provide in data:
            return data[provide]
        components: Mapping[str, Component] = {
            **self.change.situation.assembly.components,
            **self.change.goal.components,
        }
        return _declared(components[provide.component].type, provide.port)

    def _find_path(self, mover: Mover) -> Path:
        found = self._cached(mover.lifecycle, mover.path.source, mover.need)
        if found is None:
            standing = ", ".join(sorted(mover.path.source))
            raise errors.UnreachableGoal(
                f"{mover.name} ({mover.component.type.name}, on {standing}) cannot "
                f"{mover.need.in_words()}: no sequence of its behaviours does that. It is asked to "
                f"because {'; '.join(mover.why)}. Change the goal, or give its type a behaviour "
                f"that leads there{_hint(mover)}"
            )
        return found

    def _cached(self, lifecycle: Lifecycle, source: Marking, need: Need) -> Path | None:
        key = (id(lifecycle), source, need)
        if key not in self._paths:
            found = path.find(lifecycle, source, need, together=self._together)
            if found is None and self._together and len(need.releases) > 1:
                found = path.find(lifecycle, source, need, together=False)
            self._paths[key] = found
        return self._paths[key]

    def _spread(self, mover: Mover) -> None:
        """Tell the components at the other ends of its ports what the path asks of them."""
        for move in mover.path.moves:
            for port in sorted(move.withdraws):
                self._ask_users(mover, port, move.behaviour)
            for port in sorted(move.acquires):
                self._ask_to_visit(mover, port)
            for port in sorted(move.reads):
                self._ask_to_visit(mover, port)
        if mover.is_removed:
            return
        for port in sorted(mover.lifecycle.held(mover.path.target)):
            provide = self.change.after.get(PortRef(mover.name, port))
            if provide is not None:
                self._ask_to_end_providing(mover, port, provide)

    def _ask_users(self, mover: Mover, port: str, behaviour: str) -> None:
        if mover.is_added:
            return
        for use in self.change.users_before.get(PortRef(mover.name, port), ()):
            user = self.mover(use.component, is_after=False)
            if use.port in user.need.releases or not user.uses_at_start(use.port):
                continue
            if self.is_rebound(use):
                continue
            user.need = replace(user.need, releases=user.need.releases | {use.port})
            self._ask(user, f"it uses {mover.name}.{port}, which {behaviour} withdraws")

    def _ask_to_visit(self, mover: Mover, port: str) -> None:
        use = PortRef(mover.name, port)
        after = self.change.after.get(use) if not mover.is_removed else None
        provide = after or self.change.before.get(use)
        if provide is None:
            return
        provider = self.mover(provide.component, is_after=after is not None)
        kind = mover.component.type.port_by_name[port].kind
        if kind is PortKind.DATA_USE:
            is_there = not provider.is_added and provide in self.change.situation.served
            is_there = is_there or any(provide.port in m.serves for m in provider.path.moves)
            is_there = is_there or self._serves_at_once(provider, provide.port)
        else:
            ends = (provider.path.source, provider.path.target)
            is_there = any(provide.port in provider.lifecycle.offered(end) for end in ends)
            is_there = is_there or any(provide.port in m.offers for m in provider.path.moves)
        if not is_there and provide.port not in provider.need.visits:
            provider.need = replace(provider.need, visits=provider.need.visits | {provide.port})
            self._ask(provider, f"{mover.name} needs its {provide.port}")

    def _serves_at_once(self, provider: Mover, port: str) -> bool:
        bound = provider.component.type.bound_places(provider.component.type.port_by_name[port])
        return bool(provider.path.source & frozenset(bound))

    def _ask_to_end_providing(self, mover: Mover, port: str, provide: PortRef) -> None:
        provider = self.mover(provide.component, is_after=True)
        if provide.port in provider.need.provides:
            return
        provider.need = replace(provider.need, provides=provider.need.provides | {provide.port})
        if provide.port not in provider.lifecycle.offered(provider.path.target):
            self._ask(provider, f"{mover.name} uses its {provide.port} at the end")


def _declared(component_type: ComponentType, port: str) -> Value:
    return next((t.writes[port] for t in component_type.transitions if port in t.writes), None)


def _wished(wish: Wish) -> str:
    parts = []
    if wish.run:
        parts.append(f"run {', '.join(wish.run)}")
    if wish.state:
        parts.append(f"stand on {', '.join(sorted(wish.state))}")
    return f"the goal asks it to {' and '.join(parts)}"


def _hint(mover: Mover) -> str:
    if mover.need.closed:
        return (
            f". Behaviours that use {', '.join(sorted(mover.need.closed))} are out, since nothing "
            "provides that; connect it"
        )
    return ""
