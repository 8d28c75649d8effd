"""What people may do to a reconfiguration that runs, and to a transition that has failed.

Each function is asked of the supervisor between two messages, and changes nothing if it raises.
"""

import dataclasses
from typing import TYPE_CHECKING

from ripieno.control.errors import Conflict, NotFound
from ripieno.control.requests import Decision
from ripieno.control.views import ReconfigurationState
from ripieno.engine import look
from ripieno.model.event import AbandonAsked, RetryAsked, SkipAsked
from ripieno.store.records import ReconfigurationRecord

if TYPE_CHECKING:
    from ripieno.control.state import State
    from ripieno.control.supervisor import Supervisor


def pause(supervisor: "Supervisor", id: str) -> None:
    """Start nothing more of a reconfiguration until it is resumed. Raises: `Conflict`."""
    current = _named(supervisor.state, id, ReconfigurationState.RUNNING, "paused")
    supervisor.course.change(current, state=ReconfigurationState.PAUSED)
    supervisor.tell("reconfiguration.paused")


def resume(supervisor: "Supervisor", id: str) -> None:
    """Go on. Raises: `Conflict` if it is not paused."""
    current = _named(supervisor.state, id, ReconfigurationState.PAUSED, "resumed")
    supervisor.course.change(current, state=ReconfigurationState.RUNNING)
    supervisor.tell("reconfiguration.resumed")
    state = supervisor.state
    for each in state.commands.values():
        if each.record.state == "held":
            each.record = dataclasses.replace(
                each.record, state="issued", issued_at=supervisor.now()
            )
            held = state.held.get(each.job.component)
            each.job = dataclasses.replace(each.job, handle=held.handle if held else None)
            state.put_command(each.record)
            supervisor.release((each,))


def cancel(supervisor: "Supervisor", id: str) -> None:
    """Stop at the next legal state. Raises: `Conflict` if it is over, `NotFound`."""
    state = supervisor.state
    for queued in list(state.queue):
        if queued.id == id:
            state.queue.remove(queued)
            state.put_reconfiguration(
                dataclasses.replace(
                    queued,
                    state=ReconfigurationState.CANCELLED,
                    ended_at=supervisor.now(),
                )
            )
            supervisor.tell("reconfiguration.cancelled", id=id)
            return
    current = state.current
    if current is None or current.id != id:
        raise Conflict(f"reconfiguration {id} is not under way; it cannot be cancelled")
    if current.state == ReconfigurationState.CANCELLING:
        return
    supervisor.course.change(current, state=ReconfigurationState.CANCELLING)
    supervisor.tell("reconfiguration.cancelling")
    supervisor.course.unwind(ReconfigurationState.CANCELLED, "it was cancelled")


def decide(
    supervisor: "Supervisor", component: str, transition: str | None, decision: Decision
) -> None:
    """Deal with failed transitions of a component. Raises: `NotFound`, `Conflict`."""
    machine = supervisor.state.machine
    if component not in machine.core.components:
        raise NotFound(f"there is no component {component!r} in {supervisor.state.record.name}")
    failed = [name for owner, name in look.failures(machine) if owner == component]
    if not failed or (transition is not None and transition not in failed):
        what = f"{component}.{transition}" if transition else component
        raise Conflict(
            f"{what} has not failed, so there is nothing to {decision}; failed are "
            f"{', '.join('.'.join(each) for each in look.failures(machine)) or 'none'}"
        )
    kinds: dict[Decision, type[RetryAsked | SkipAsked | AbandonAsked]] = {
        Decision.RETRY: RetryAsked,
        Decision.SKIP: SkipAsked,
        Decision.ABANDON: AbandonAsked,
    }
    for name in [transition] if transition else failed:
        supervisor.feed(
            kinds[decision](component=component, transition=name),
            f"transition.{decision}",
            component=component,
            data={"transition": name},
        )


def _named(
    state: "State", id: str, expected: ReconfigurationState, done: str
) -> ReconfigurationRecord:
    current = state.current
    if current is None or current.id != id:
        raise Conflict(f"reconfiguration {id} is not under way; it cannot be {done}")
    if current.state != expected:
        raise Conflict(f"reconfiguration {id} is {current.state}; it cannot be {done}")
    return current
