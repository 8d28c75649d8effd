"""What has become of a command: noted, and told to the machine.

Called by the supervisor between two commits. An outcome of a command that was given up meanwhile
changes nothing.
"""

from typing import TYPE_CHECKING

from ripieno.control import commands, crashes
from ripieno.control.messages import (
    Done,
    Failed,
)
from ripieno.control.state import OpenCommand, State
from ripieno.engine.errors import EngineError
from ripieno.model.action import Verb
from ripieno.model.event import (
    TransitionEnded,
    TransitionFailed,
)
from ripieno.runtimes.incarnation import incarnation

if TYPE_CHECKING:
    from ripieno.control.supervisor import Supervisor


def done(supervisor: "Supervisor", message: Done) -> None:
    """A command has succeeded: its handle is kept, and its transition has ended."""
    open_command = _open(supervisor.state, message.command, message.attempt)
    if open_command is None:
        return
    job = open_command.job
    state = supervisor.state
    if message.is_removed:
        state.held.pop(job.component, None)
        state.put_handle(job.component)
    elif message.handle is not None or job.action is not None:
        held = state.hold(job.component)
        held.handle = message.handle or held.handle
        if job.action is not None and job.action.verb not in commands.WITH_OLD_DEFINITION:
            held.definition = job.definition
            held.inputs = {**held.inputs, **job.inputs}
            held.is_mixed = held.is_mixed and job.action.verb is Verb.SCALE
        held.ended.clear()
        state.put_handle(job.component)
    event = TransitionEnded(command=message.command, outputs=dict(message.outputs))
    about = {"transition": job.transition, "attempt": job.attempt}
    try:
        supervisor.feed(event, "transition.ended", component=job.component, data=about)
    except EngineError as problem:
        supervisor.close(open_command, "failed", str(problem))
        failed = TransitionFailed(command=message.command, cause=str(problem))
        supervisor.feed(failed, "transition.failed", component=job.component, data=about)
        return
    supervisor.close(open_command, "done")
    crashes.transition_ended(supervisor, job)


def failed(supervisor: "Supervisor", message: Failed) -> None:
    """A command has failed: its transition has, and who knows better may try again."""
    open_command = _open(supervisor.state, message.command, message.attempt)
    if open_command is None:
        return
    job = open_command.job
    held = supervisor.state.held.get(job.component)
    if held is not None and job.action is not None and job.action.verb is Verb.ROLL:
        replicas = held.handle.replicas if held.handle else ()
        held.is_mixed = any(incarnation(each.key) == job.key for each in replicas)
        supervisor.state.put_handle(job.component)
    supervisor.close(open_command, "failed", message.cause)
    supervisor.feed(
        TransitionFailed(command=message.command, cause=message.cause),
        "transition.failed",
        component=job.component,
        data={"transition": job.transition, "attempt": job.attempt, "cause": message.cause},
    )
    crashes.transition_failed(supervisor, job, message.cause)


def _open(state: State, command: int, attempt: int) -> OpenCommand | None:
    """The command that an outcome is of; one that was given up meanwhile is not open."""
    known = state.commands.get(command)
    return known if known is not None and known.record.attempt == attempt else None
