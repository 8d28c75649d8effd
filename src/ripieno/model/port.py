"""Ports, their kinds, and the connections between them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class PortKind(StrEnum):
    """What a port does for its component."""

    USE = "use"
    PROVIDE = "provide"
    DATA_USE = "data_use"
    DATA_PROVIDE = "data_provide"

    @property
    def is_consumer(self) -> bool:
        """Whether the port takes what another component gives."""
        return self in (PortKind.USE, PortKind.DATA_USE)

    @property
    def is_data(self) -> bool:
        """Whether the port carries data, and never blocks a component from leaving a place."""
        return self in (PortKind.DATA_USE, PortKind.DATA_PROVIDE)

    @property
    def counterpart(self) -> "PortKind":
        """The kind at the other end of a connection."""
        return _COUNTERPART[self]


_COUNTERPART = {
    PortKind.USE: PortKind.PROVIDE,
    PortKind.PROVIDE: PortKind.USE,
    PortKind.DATA_USE: PortKind.DATA_PROVIDE,
    PortKind.DATA_PROVIDE: PortKind.DATA_USE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Port:
    """A port of a component type.

    `on` names places, groups or (use ports only) transitions. `interface` is what the planner
    matches by; a port without one goes by its own name. A use port with `rebind_s` can change its
    provider while it is active (make before break); the change takes that many seconds.
    """

    name: str
    kind: PortKind
    on: tuple[str, ...]
    interface: str | None = None
    rebind_s: float | None = None

    @property
    def matched_as(self) -> str:
        """The interface name by which the planner matches this port."""
        return self.interface or self.name


class PortRef(NamedTuple):
    """A port of a component of an assembly, written `component.port`."""

    component: str
    port: str

    def __str__(self) -> str:
        return f"{self.component}.{self.port}"


class Connection(NamedTuple):
    """A use port and the provide port that serves it (or their data counterparts)."""

    use: PortRef
    provide: PortRef

    def __str__(self) -> str:
        return f"{self.use} -> {self.provide}"
