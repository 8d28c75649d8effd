"""How a deployment comes to rest, so that a plan can begin where nothing moves.

Called by the course, as often as it takes.
"""

from typing import TYPE_CHECKING

from ripieno.engine import look
from ripieno.engine.machine import Machine
from ripieno.model.event import AbandonAsked, BehavioursDropped, ProgramCancelled

if TYPE_CHECKING:
    from ripieno.control.supervisor import Supervisor


def give_up(supervisor: "Supervisor", *, drops: bool) -> None:
    """Give up whatever is under way or has failed; `drops`: behaviours that are under way, too."""
    machine = supervisor.state.machine
    for program in machine.running_programs():
        supervisor.feed(
            ProgramCancelled(program=program, winds_down=True), "reconfiguration.winding_down"
        )
    for each in list(supervisor.state.commands.values()):
        if each.record.state == "held":
            supervisor.give_up(each, "it was cancelled before it began")
    if drops:
        busy = tuple(each.name for each in look.looks(machine) if each.status != "idle")
        supervisor.feed(BehavioursDropped(components=busy), "reconfiguration.winding_down")
        supervisor.interrupt_all("it was given up, since its reconfiguration ends")
    for component, transition in look.failures(machine):
        supervisor.feed(
            AbandonAsked(component=component, transition=transition),
            "transition.abandon",
            component=component,
            data={"transition": transition},
        )


def why_not(machine: Machine) -> str:
    """Why a deployment cannot come to rest by itself, and what to do about it."""
    stuck = [each.name for each in look.looks(machine) if each.status != "idle"]
    why = "; ".join(filter(None, (look.waits_for(machine, name) for name in stuck)))
    return f"{', '.join(stuck)} cannot come to rest: {why}; bring back what they need"
