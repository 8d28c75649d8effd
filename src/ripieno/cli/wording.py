"""What is said of a simulated phase in the same words in a terminal and under a drawing."""

import re

from ripieno.cli import axis
from ripieno.cli.lanes import Lanes
from ripieno.model.node import listed, printable
from ripieno.model.program import Outcome
from ripieno.model.simulation import PhaseReport

MOST_NAMES = 12
MOST_REASON = 4_000

_OUTCOMES = {
    Outcome.COMPLETES: "completes in {}",
    Outcome.DEADLOCK: "deadlock after {}",
    Outcome.FAILED: "failed, at rest after {}",
    Outcome.REJECTED: "rejected, nothing was run",
    Outcome.CANCELLED: "cancelled after {}",
}


def outcome(phase: PhaseReport) -> str:
    """How the phase ends, and when: `completes in 13 s`."""
    return _OUTCOMES[phase.outcome].format(axis.amount(phase.makespan_s or 0.0))


def notes(laid_out: Lanes) -> list[str]:
    """What lanes do not show, a sentence each."""
    told = []
    if laid_out.lanes_left_out:
        drawn = len(laid_out.shown)
        told.append(
            f"{drawn} of {laid_out.lanes_left_out + drawn:,} components are drawn, those of the "
            "critical path and the busiest."
        )
    if laid_out.spans_left_out:
        told.append(f"{laid_out.spans_left_out:,} shorter spans are not drawn.")
    if laid_out.idle and laid_out.shown:
        told.append(f"Nothing happens to {listed(laid_out.idle, MOST_NAMES)}.")
    return told


def clauses(phase: PhaseReport) -> list[str]:
    """The reasons of a phase, one each; a remedy stays with what it is for."""
    if not phase.reason:
        return []
    reason = printable(phase.reason, MOST_REASON)
    if phase.outcome is Outcome.REJECTED:
        return [reason]
    return re.split(r"; (?!connect it)", reason)
