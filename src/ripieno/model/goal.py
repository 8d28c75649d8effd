"""Goals: the assembly that should be, and what each component should have done or become."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ripieno.model.assembly import Component
from ripieno.model.port import PortRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is wanted of one component: places to stand on at the end, behaviours to have run."""

    state: frozenset[str] = frozenset()
    run: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """The components that should be there; others go.

    `connections` lists pairs in either order; a use port that it does not name keeps its provider
    or is matched. A component without a wish stays (or, if new, is brought) where its users need
    it.
    """

    components: Mapping[str, Component] = field(default_factory=dict)
    connections: tuple[tuple[PortRef, PortRef], ...] = ()
    wishes: Mapping[str, Wish] = field(default_factory=dict)
