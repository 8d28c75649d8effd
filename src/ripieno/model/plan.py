"""A plan: a partial order of instructions from a situation to a goal, with a forecast.

A value, made and simulated before anything happens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ripieno.model.event import program_to_json
from ripieno.model.program import Program
from ripieno.model.simulation import PhaseReport, phase_to_json


class Sign(StrEnum):
    """What a plan does to a component as a whole."""

    ADD = "+"
    REMOVE = "-"
    CHANGE = "~"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wiring:
    """A connection that is made (`+`), cut (`-`) or moved to another provider in use (`~`)."""

    sign: Sign
    use: str
    provide: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """What a plan does to one component, and why; times in seconds from the start of the plan.

    `downtime_s`: how long something that it offers before and after is not offered, or, if it
    offers nothing, how long it is away from its places; None for one that is added or removed.
    """

    component: str
    type: str
    sign: Sign
    why: tuple[str, ...]
    behaviours: tuple[str, ...]
    wirings: tuple[Wiring, ...]
    source: tuple[str, ...]
    target: tuple[str, ...]
    start_s: float
    end_s: float
    downtime_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The program, the components that it touches in the order they are touched, the forecast."""

    program: Program
    touched: tuple[Touched, ...]
    untouched_count: int
    forecast: PhaseReport

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.program.instructions

    @property
    def makespan_s(self) -> float:
        """Predicted duration in seconds."""
        return self.forecast.makespan_s or 0.0


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as `ripieno plan --json` prints it."""
    return {
        "empty": plan.is_empty,
        "makespan": plan.makespan_s,
        "critical_path": list(plan.forecast.critical_path),
        "components": [_touched_to_json(each) for each in plan.touched],
        "untouched": plan.untouched_count,
        "program": program_to_json(plan.program),
        "forecast": phase_to_json(plan.forecast),
    }


def _touched_to_json(touched: Touched) -> Mapping[str, Any]:
    return {
        "component": touched.component,
        "type": touched.type,
        "change": touched.sign.value,
        "why": list(touched.why),
        "behaviors": list(touched.behaviours),
        "connections": [
            {"change": each.sign.value, "use": each.use, "provide": each.provide}
            for each in touched.wirings
        ],
        "from": list(touched.source),
        "to": list(touched.target),
        "start": touched.start_s,
        "end": touched.end_s,
        "downtime": touched.downtime_s,
    }
