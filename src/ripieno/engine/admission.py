"""Whether programs may begin: every instruction is checked against the assembly before any runs.

One program is followed in its order, as if all its waits came to an end. Several programs at once
have no order among them, so they are checked for what holds in every order: names, kinds, types.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ripieno.engine.core import Core
from ripieno.engine.marking import ComponentState
from ripieno.engine.ports import connection_count
from ripieno.model import errors
from ripieno.model.component_type import ComponentType
from ripieno.model.fitting import find_port, orient
from ripieno.model.port import PortKind, PortRef
from ripieno.model.program import (
    Add,
    Connect,
    Delete,
    Disconnect,
    Instruction,
    Program,
    Push,
    Rebind,
    Wait,
    WaitAll,
    in_words,
)

T = TypeVar("T")


class Draft:
    """The assembly as it would be after the instructions that were checked so far."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._types: dict[str, ComponentType | None] = {}
        self._providers: dict[PortRef, PortRef | None] = {}
        self._degrees: defaultdict[str, int] = defaultdict(int)
        self._fits: dict[tuple[int, str, int, str], bool] = {}

    def check(self, programs: Iterable[Program]) -> None:
        """Check programs that begin together. Raises: a `ProgramError` naming the instruction."""
        programs = tuple(programs)
        if len(programs) == 1:
            self._check_each(programs[0].instructions, _IN_ORDER)
            return
        for name, count in Counter(program.name for program in programs).items():
            if count > 1:
                raise errors.NameTaken(f"{count} programs are called {name!r}; name them apart")
        adds = [each for program in programs for each in _of(program, Add)]
        deletes = {each.component for program in programs for each in _of(program, Delete)}
        self._check_each([each for each in adds if each.component not in deletes], _IN_ORDER)
        for add in adds:
            if add.component in deletes:
                self._types[add.component] = self._component_type(add)
        for program in programs:
            self._check_each(program.instructions, _WITHOUT_ORDER)
        self._assume(programs)

    def type_of(self, component: str) -> ComponentType | None:
        """The type of a component of the draft, None if there is no such component."""
        if component in self._types:
            return self._types[component]
        state = self._core.components.get(component)
        return state.table.type if state is not None else None

    def _orient(self, one: PortRef, other: PortRef) -> tuple[PortRef, PortRef]:
        """As `fitting.orient`, which is asked once for every pair of types and ports."""
        first, second = self.type_of(one.component), self.type_of(other.component)
        if first is None or second is None or one.component == other.component:
            return orient(self.type_of, one, other)
        ports = (id(first), one.port, id(second), other.port)
        is_forward = self._fits.get(ports)
        if is_forward is None:
            is_forward = orient(self.type_of, one, other).use is one
            self._fits[ports] = is_forward
        return (one, other) if is_forward else (other, one)

    def _check_each(self, instructions: Iterable[Instruction], checks: "Checks") -> None:
        """Check instructions, each by its type; a refusal says which one it is about."""
        for instruction in instructions:
            try:
                checks[type(instruction)](self, instruction)
            except errors.ProgramError as refusal:
                words = in_words(instruction)
                if str(refusal).startswith(words):
                    raise
                raise type(refusal)(f"{words}: {refusal}") from refusal

    def _check_ports(self, instruction: Connect | Disconnect) -> None:
        self._orient(instruction.one, instruction.other)

    def _check_rebind(self, instruction: Rebind) -> None:
        self._orient(instruction.use, instruction.provide)

    def _check_known(self, instruction: Delete) -> None:
        self._known(instruction.component)

    def _check_nothing(self, instruction: Add | WaitAll) -> None:
        pass

    def _assume(self, programs: tuple[Program, ...]) -> None:
        """Draft what programs without an order among them come to, for those that follow them."""
        for program in programs:
            for disconnect in _of(program, Disconnect):
                use, provide = self._orient(disconnect.one, disconnect.other)
                if self._provider(use) == provide:
                    self._note(use, provide, None)
        for program in programs:
            for connect in _of(program, Connect):
                use, provide = self._orient(connect.one, connect.other)
                self._note(use, self._provider(use), provide)
            for rebind in _of(program, Rebind):
                self._note(rebind.use, self._provider(rebind.use), rebind.provide)
        added = {each.component for program in programs for each in _of(program, Add)}
        for program in programs:
            for delete in _of(program, Delete):
                if delete.component not in added:
                    self._types[delete.component] = None

    def _note(self, use: PortRef, before: PortRef | None, provide: PortRef | None) -> None:
        """Draft another provider (or none) for a use port, in the place of the one before."""
        degrees = self._degrees
        if before is not None:
            degrees[use.component] -= 1
            degrees[before.component] -= 1
        if provide is not None:
            degrees[use.component] += 1
            degrees[provide.component] += 1
        self._providers[use] = provide

    def _add(self, instruction: Add) -> None:
        if self.type_of(instruction.component) is not None:
            raise errors.NameTaken(
                f"name already used: {instruction.component}; choose another, or delete that "
                "component first"
            )
        self._types[instruction.component] = self._component_type(instruction)

    def _disconnect(self, instruction: Disconnect) -> None:
        use, provide = self._orient(instruction.one, instruction.other)
        current = self._provider(use)
        if current != provide:
            raise errors.NotConnected(
                f"not connected: the provider of {use} is {current or 'nobody'}; leave the "
                "instruction out, or name that one"
            )
        self._note(use, current, None)

    def _connect(self, instruction: Connect) -> None:
        use, provide = self._orient(instruction.one, instruction.other)
        current = self._provider(use)
        if current == provide:
            raise errors.AlreadyConnected(
                "the connection exists already; leave the instruction out"
            )
        if current is not None:
            raise errors.SecondProvider(
                f"a use port takes one connection, and {use} has the provider {current}; "
                "disconnect that first"
            )
        self._note(use, None, provide)

    def _delete(self, instruction: Delete) -> None:
        name = instruction.component
        self._known(name)
        count = self._degrees[name]
        if name not in self._types and name in self._core.components:
            count += connection_count(self._core.components[name])
        if count:
            raise errors.StillConnected(
                f"{name} is still connected ({count} connection{'s' * (count != 1)}); disconnect "
                "it first"
            )
        self._types[name] = None
        self._degrees[name] = 0

    def _rebind(self, instruction: Rebind) -> None:
        use, provide = self._orient(instruction.use, instruction.provide)
        current = self._provider(use)
        if current is None:
            raise errors.NotConnected(f"{use} is not connected; connect it instead")
        if current == provide:
            raise errors.AlreadyConnected("this is its provider; leave the instruction out")
        port = find_port(self.type_of, use)
        if port.kind is PortKind.USE and port.rebind_s is None:
            raise errors.NotRebindable(
                f"the type of {use.component} declares no rebind for {use.port}; bring it to a "
                "place that does not use the port, then disconnect and connect"
            )
        self._note(use, current, provide)

    def _component_type(self, instruction: Add) -> ComponentType:
        component_type = self._core.types.get(instruction.type)
        if component_type is None:
            known = ", ".join(list(self._core.types)[:8]) or "none"
            raise errors.UnknownComponentType(
                f"no such component type: {instruction.type}; declared are {known}"
            )
        return component_type

    def _check_behaviour(self, instruction: Push | Wait) -> None:
        component_type = self._known(instruction.component)
        behaviour = instruction.behaviour
        if behaviour is not None and behaviour not in component_type.behaviours:
            raise errors.UnknownBehaviour(
                f"{component_type.name} has no behaviour {behaviour!r}; it has "
                f"{', '.join(component_type.behaviours) or 'none'}"
            )

    def _known(self, component: str) -> ComponentType:
        component_type = self.type_of(component)
        if component_type is None:
            raise errors.UnknownComponent(f"no such component: {component}; add it first")
        return component_type

    def _provider(self, use: PortRef) -> PortRef | None:
        if use in self._providers:
            return self._providers[use]
        if use.component in self._types:
            return None  # Added by the programs: it is not the component of that name in the core.
        user = self._core.components.get(use.component)
        current = user.provider_of(use.port) if user is not None else None
        return None if current is None else _ref(*current)


def _ref(state: ComponentState, provide: int) -> PortRef:
    return PortRef(state.name, state.port_name(provide))


Checks = Mapping[type[Instruction], Callable[[Draft, Any], None]]

_IN_ORDER: Checks = {
    Push: Draft._check_behaviour,
    Wait: Draft._check_behaviour,
    WaitAll: Draft._check_nothing,
    Add: Draft._add,
    Delete: Draft._delete,
    Connect: Draft._connect,
    Disconnect: Draft._disconnect,
    Rebind: Draft._rebind,
}
"""Check an instruction in its place, and draft what it does."""

_WITHOUT_ORDER: Checks = {
    Push: Draft._check_behaviour,
    Wait: Draft._check_behaviour,
    WaitAll: Draft._check_nothing,
    Add: Draft._check_nothing,
    Delete: Draft._check_known,
    Connect: Draft._check_ports,
    Disconnect: Draft._check_ports,
    Rebind: Draft._check_rebind,
}
"""Check what holds in any order: names, kinds and types."""


def _of(program: Program, kind: type[T]) -> list[T]:
    return [each for each in program.instructions if isinstance(each, kind)]
