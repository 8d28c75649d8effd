"""Assemblies: components and the connections between their ports."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ripieno.model.component_type import ComponentType
from ripieno.model.port import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """One instance of a component type.

    `labels` are what selectors choose by. `select` narrows, for a use port, which component the
    planner may match it to: a component's name, labels that it must have, or None for no one.
    """

    name: str
    type: ComponentType
    labels: Mapping[str, str] = field(default_factory=dict)
    select: Mapping[str, str | Mapping[str, str] | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembly:
    """Components by name, and connections."""

    components: Mapping[str, Component] = field(default_factory=dict)
    connections: frozenset[Connection] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """An assembly at rest: which places of each component are marked, and the data served so far.

    `data` maps `(component, provide port)` to the value that was written to it. `lost` are provide
    ports (also as pairs) that were withdrawn by force and have users that still hold them.
    """

    assembly: Assembly
    marking: Mapping[str, frozenset[str]]
    served: frozenset[tuple[str, str]] = frozenset()
    data: Mapping[tuple[str, str], object] = field(default_factory=dict)
    lost: frozenset[tuple[str, str]] = frozenset()
