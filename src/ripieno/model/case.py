"""Cases: programs to be simulated, phase after phase, on one assembly."""

from collections.abc import Mapping
from dataclasses import dataclass

from ripieno.model.component_type import ComponentType
from ripieno.model.errors import ModelError
from ripieno.model.program import Program


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """Programs that run at the same time; a phase begins where the one before it ended."""

    name: str
    programs: tuple[Program, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """The end of another case's phase, where a case begins."""

    case: str
    phase: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Component types and phases; `start` names where it begins, if not with an empty assembly."""

    id: str
    component_types: Mapping[str, ComponentType]
    phases: tuple[Phase, ...]
    title: str = ""
    start: Start | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedCase:
    """A case that is not legal; `phase` is the one at fault, or the first."""

    id: str
    phase: str
    error: ModelError
    title: str = ""
