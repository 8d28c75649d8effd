"""Component types written as Python classes, compiled to the same record as a file's.

For authors of component types, and for tests. A class says what there is; it has no behaviour:

    class Agent(Component):
        undeployed = Place(initial=True)
        configured = Place()
        started = Place()
        attached = Group(configured, started)
        configure = Transition(undeployed, configured, behaviour="deploy", duration_s=1.0)
        start = Transition(configured, started, behaviour="deploy")
        naming = Use(on=attached, interface="naming")
        service = Provide(on=started, interface="agent")

    Agent.component_type()

A part goes by the name of its attribute. A subclass has the parts of its bases; what it defines
under the same name takes the place of theirs, also where parts of the base refer to it, and None
takes a part away.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from ripieno.model import component_type as records
from ripieno.model import errors
from ripieno.model.action import Action
from ripieno.model.component_type import Comparison, ComponentType, SwitchRule, Value
from ripieno.model.port import Port, PortKind


class Part:
    """Something that a component type consists of; it learns its name from the class."""

    name: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name


class Place(Part):
    """Where a token can be; a component starts on the one that is `initial`."""

    def __init__(self, *, initial: bool = False) -> None:
        self.initial = initial


class Group(Part):
    """Places and groups that ports can be bound to together."""

    def __init__(self, *parts: "Place | Group") -> None:
        self.parts = parts


class Transition(Part):
    """A step from one place to another; see the record of the same name.

    `duration_s` is in seconds, a sequence for the first, second, … execution.
    """

    def __init__(
        self,
        source: Place,
        target: Place,
        *,
        behaviour: str,
        duration_s: float | Sequence[float] = 0.0,
        dock_set: str | int = "",
        reads: "_Port | Sequence[_Port]" = (),
        writes: "Mapping[_Port, Value] | None" = None,
        raises: str | None = None,
        action: Action | None = None,
    ) -> None:
        self.source, self.target, self.behaviour = source, target, behaviour
        self.durations_s = (
            (float(duration_s),)
            if isinstance(duration_s, int | float)
            else tuple(float(each) for each in duration_s)
        )
        self.dock_set, self.raises, self.action = str(dock_set), raises, action
        self.reads = _as_tuple(reads)
        self.writes = dict(writes or {})


class _Port(Part):
    """What the four kinds of port have in common."""

    kind: ClassVar[PortKind]

    def __init__(
        self,
        *,
        on: "Place | Group | Transition | Sequence[Place | Group | Transition]",
        interface: str | None = None,
    ) -> None:
        self.on: tuple[Part, ...] = _as_tuple(on)
        self.interface = interface
        self.rebind_s: float | None = None


class Use(_Port):
    """A port that needs a provider; with `rebind_s` (seconds) it can change it while active."""

    kind = PortKind.USE

    def __init__(
        self,
        *,
        on: Place | Group | Transition | Sequence[Place | Group | Transition],
        interface: str | None = None,
        rebind_s: float | None = None,
    ) -> None:
        super().__init__(on=on, interface=interface)
        self.rebind_s = rebind_s


class Provide(_Port):
    """A port that serves users while its places are marked."""

    kind = PortKind.PROVIDE


class DataUse(_Port):
    """A port that waits for data."""

    kind = PortKind.DATA_USE


class DataProvide(_Port):
    """A port that serves data from the time its place is reached."""

    kind = PortKind.DATA_PROVIDE


class Rule:
    """The transitions that a switch takes if a comparison holds, or (without one) always."""

    def __init__(
        self, *take: Transition, comparison: Comparison | str | None = None, operand: Value = None
    ) -> None:
        self.take, self.operand = take, operand
        try:
            self.comparison = None if comparison is None else Comparison(comparison)
        except ValueError as problem:
            raise errors.IllegalSwitch(
                f"{comparison!r} is no comparison; comparisons are {', '.join(Comparison)}"
            ) from problem


class Switch(Part):
    """A choice, by the data of a port, of the transitions that leave a place."""

    def __init__(self, place: Place, *rules: Rule, reads: DataUse) -> None:
        self.place, self.rules, self.reads = place, rules, reads


class Component:
    """What a component type inherits from; it is compiled, never instantiated."""

    _compiled: ClassVar[ComponentType | None] = None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls._compiled = None
        if isinstance(vars(cls).get("component_type"), Part):
            raise errors.DuplicateName(
                f"{cls.__name__}: a part cannot be called 'component_type', which is the method "
                "that compiles the class; rename it"
            )

    @classmethod
    def component_type(cls) -> ComponentType:
        """The record, named as the class. Raises: a `ComponentTypeError`, as for a file."""
        if cls._compiled is None:
            cls._compiled = _Compilation(cls).component_type()
        return cls._compiled


P = TypeVar("P", bound=Part)


class _Compilation:
    """One class on its way to a record."""

    def __init__(self, cls: type[Component]) -> None:
        self._title = cls.__name__
        self._parts: dict[str, Part] = {}
        # Of bases that a class has several of, the first one wins, as it does for attributes.
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Part):
                    self._parts[name] = self._checked(name, value)
                elif value is None or name in self._parts:
                    self._parts.pop(name, None)

    def component_type(self) -> ComponentType:
        return ComponentType(
            name=self._title,
            initial=self._initial(),
            places=tuple(each.name for each in self._of(Place)),
            transitions=tuple(self._transition(each) for each in self._of(Transition)),
            groups={each.name: self._names(each, each.parts) for each in self._of(Group)},
            switches=tuple(self._switch(each) for each in self._of(Switch)),
            ports=tuple(self._port(each) for each in self._of(_Port)),
        )

    def _checked(self, name: str, part: Part) -> Part:
        if part.name != name:
            raise errors.DuplicateName(
                f"{self._title}: {part.name!r} and {name!r} are one part; make two of them"
            )
        return part

    def _of(self, kind: type[P]) -> Iterator[P]:
        return (each for each in self._parts.values() if isinstance(each, kind))

    def _initial(self) -> str:
        initial = [each.name for each in self._of(Place) if each.initial]
        if len(initial) > 1:
            raise errors.DuplicateName(
                f"{self._title}: {len(initial)} places are initial ({', '.join(initial)}); mark one"
            )
        return initial[0] if initial else ""

    def _transition(self, part: Transition) -> records.Transition:
        source, target = self._names(part, (part.source, part.target))
        return records.Transition(
            name=part.name,
            source=source,
            target=target,
            behaviour=part.behaviour,
            durations_s=part.durations_s,
            dock_set=part.dock_set,
            reads=self._names(part, part.reads),
            writes=dict(
                zip(self._names(part, tuple(part.writes)), part.writes.values(), strict=True)
            ),
            raises=part.raises,
            action=part.action,
        )

    def _port(self, part: _Port) -> Port:
        return Port(
            name=part.name,
            kind=part.kind,
            on=self._names(part, part.on),
            interface=part.interface,
            rebind_s=part.rebind_s,
        )

    def _switch(self, part: Switch) -> records.Switch:
        place, reads = self._names(part, (part.place, part.reads))
        return records.Switch(
            place=place,
            reads=reads,
            rules=tuple(
                SwitchRule(
                    take=self._names(part, rule.take),
                    comparison=rule.comparison,
                    operand=rule.operand,
                )
                for rule in part.rules
            ),
        )

    def _names(self, owner: Part, parts: Sequence[Part]) -> tuple[str, ...]:
        for part in parts:
            if not isinstance(part, Part):
                raise errors.ComponentTypeError(
                    f"{self._title}: {owner.name!r} refers to {part!r}, which is a "
                    f"{type(part).__name__}; refer to an attribute of the class, such as a Place"
                )
            if part.name not in self._parts:
                what = repr(part.name) if part.name else f"a {type(part).__name__} without a name"
                raise errors.ComponentTypeError(
                    f"{self._title}: {owner.name!r} refers to {what}, which is no part of "
                    f"{self._title}; make it an attribute of the class"
                )
        return tuple(part.name for part in parts)


def _as_tuple(parts: P | Sequence[P]) -> tuple[P, ...]:
    return (parts,) if isinstance(parts, Part) else tuple(parts)
