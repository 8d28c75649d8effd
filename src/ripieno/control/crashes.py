"""What becomes of a component whose process has died or is not well: told, and started again.

Called by the supervisor between two commits. The pause before a restart doubles from crash to
crash, up to the policy's cap, and begins anew once the component was well for a while.
"""

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

from ripieno.control.messages import Job, ReplicaEnded, RestartDue
from ripieno.control.state import Held, State
from ripieno.engine import look
from ripieno.engine.rules import Status
from ripieno.model import application as applications
from ripieno.model.action import Verb
from ripieno.model.builtin_types import DEPLOY, SCALE
from ripieno.model.command import EndProgram
from ripieno.model.event import ProgramsSubmitted, RetryAsked, TokenFell
from ripieno.model.program import Outcome, Program, Push
from ripieno.model.workload import RestartCondition, RestartPolicy
from ripieno.runtimes.base import Ended
from ripieno.runtimes.host import Condition

if TYPE_CHECKING:
    from ripieno.control.supervisor import Supervisor

READY, PREPARED = "ready", "prepared"

STABLE_S = 60.0
"""A component that was well for so long begins anew with counting its crashes."""

LATER_S = 0.5
"""When to look again at a restart that a reconfiguration is in the way of."""

_PROGRAM = "restart "
_READY_VERBS = (Verb.AWAIT_READY, Verb.SCALE, Verb.ROLL)


def is_watched(state: State, component: str) -> bool:
    """Whether the component is a service whose processes should run now."""
    if component not in state.machine.core.components:
        return False
    held = state.held.get(component)
    if held is None or held.definition is None or held.definition.kind != applications.SERVICE:
        return False
    return READY in look.look(state.machine, component).places


def replica_ended(supervisor: "Supervisor", message: ReplicaEnded) -> None:
    """A replica has died, or fails its health checks: tell it, and see to its restart."""
    state, component, ended = supervisor.state, message.component, message.ended
    if not is_watched(state, component):
        return
    held = state.hold(component)
    replicas = held.handle.replicas if held.handle else ()
    if not any(each.slot == ended.slot and each.key == ended.key for each in replicas):
        return
    if any(each.job.component == component for each in state.commands.values()):
        # Whatever is being done to it may have ended this one, and it is watched anew afterwards.
        supervisor.watches.drop(component)
        return
    known = held.ended.get(ended.slot)
    if known is not None and known.key == ended.key:
        if known.condition is not Condition.RUNNING or ended.condition is Condition.RUNNING:
            return  # It was told before the server was killed.
        ended = dataclasses.replace(ended, problem=known.problem)
    held.ended[ended.slot] = ended
    state.put_handle(component)
    cause = in_words(ended)
    facts = {"slot": ended.slot, "exit_code": ended.exit_code, "cause": cause}
    if ended.condition is Condition.RUNNING:
        supervisor.tell("component.unhealthy", component, **facts)
        return  # It is being stopped; all else when it has ended.
    if held.ready_since is not None:
        if (supervisor.now() - held.ready_since).total_seconds() > STABLE_S:
            held.restarts = 0
        held.ready_since = None
    left = len(replicas) - sum(
        each.condition is not Condition.RUNNING for each in held.ended.values()
    )
    facts["left"] = left
    if left:
        supervisor.tell("component.crashed", component, **facts)
    else:
        fell = TokenFell(component=component, place=READY, target=PREPARED, cause=cause)
        supervisor.feed(fell, "component.crashed", component=component, data=facts)
        for each in look.looks(state.machine):
            if component in each.lost:
                supervisor.tell("component.provider_lost", each.name, provider=component)
    _plan_restart(supervisor, component, held, ended)


def restart_due(supervisor: "Supervisor", message: RestartDue) -> None:
    """The pause is over: bring the component back, if it is still to be up."""
    state, component = supervisor.state, message.component
    held = state.held.get(component)
    if held is None or held.restart_at is None:
        return
    if supervisor.course.is_settling:
        supervisor.after(LATER_S, message)
        return
    held.restart_at = None
    state.put_handle(component)
    target = state.wanted if state.wanted is not None else state.target
    wanted = target.components.get(component)
    if wanted is None or READY not in wanted.state:
        return
    now = look.look(state.machine, component)
    if now.status is Status.FAILED:
        for transition in now.failed:
            supervisor.feed(
                RetryAsked(component=component, transition=transition),
                "component.restarting",
                component=component,
                data={"restarts": held.restarts},
            )
        return
    if now.status is Status.BUSY:
        return
    if READY in now.places and not held.ended:
        return  # Something else has brought it back.
    behaviour = SCALE if READY in now.places else DEPLOY
    program = Program(
        name=f"{_PROGRAM}{component}",
        instructions=(Push(component=component, behaviour=behaviour),),
        settles=True,
    )
    supervisor.feed(
        ProgramsSubmitted(programs=(program,)),
        "component.restarting",
        component=component,
        data={"restarts": held.restarts},
    )


def transition_ended(supervisor: "Supervisor", job: Job) -> None:
    """A component that has become ready is well from now on."""
    if job.action is not None and job.action.verb in _READY_VERBS:
        supervisor.state.hold(job.component).ready_since = supervisor.now()


def program_ended(supervisor: "Supervisor", command: EndProgram) -> None:
    """A restart that failed is tried again later, as the policy allows."""
    if not command.program.startswith(_PROGRAM) or command.outcome is not Outcome.FAILED:
        return
    component = command.program.removeprefix(_PROGRAM)
    _plan_restart(supervisor, component, supervisor.state.hold(component), None)


def transition_failed(supervisor: "Supervisor", job: Job, cause: str) -> None:
    """A restart that was tried again and failed again: its program has ended long ago."""
    held = supervisor.state.held.get(job.component)
    if held is not None and held.restarts and job.attempt > 1 and held.restart_at is None:
        _plan_restart(supervisor, job.component, held, None)


def in_words(ended: Ended) -> str:
    """How a replica has ended."""
    if ended.problem and ended.condition is Condition.RUNNING:
        return ended.problem
    if ended.problem:
        return f"it was stopped since {ended.problem}"
    if ended.condition is Condition.LOST:
        return "its process is gone, and nobody saw how it ended"
    code = ended.exit_code or 0
    if code > 128:
        return f"its process was killed by signal {code - 128}"
    return f"its process ended with exit code {code}"


def _plan_restart(
    supervisor: "Supervisor", component: str, held: Held, ended: Ended | None
) -> None:
    workload = held.definition.workload if held.definition else None
    policy = workload.restart if workload else RestartPolicy()
    held.restarts += 1
    supervisor.state.put_handle(component)
    was_well = ended is not None and ended.exit_code == 0 and not ended.problem
    if (
        policy.condition is RestartCondition.NEVER
        or (policy.condition is RestartCondition.ON_FAILURE and was_well)
        or (policy.limit is not None and held.restarts > policy.limit)
    ):
        supervisor.tell(
            "component.given_up",
            component,
            restarts=held.restarts - 1,
            policy=policy.condition.value,
            limit=policy.limit,
        )
        return
    pause_s = min(policy.backoff_s * 2.0 ** min(held.restarts - 1, 30), policy.backoff_cap_s)
    held.restart_at = supervisor.now() + timedelta(seconds=pause_s)
    supervisor.after(pause_s, RestartDue(component=component))
