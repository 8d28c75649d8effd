"""All that a supervisor knows of its deployment, and what of it has changed since the last commit.

Changes are noted here and written in one transaction by the supervisor; nothing here waits.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ripieno.control import life as lives
from ripieno.control import target as targets
from ripieno.control.life import Life
from ripieno.control.messages import Job
from ripieno.control.target import Target
from ripieno.control.views import ReconfigurationState
from ripieno.engine import snapshot
from ripieno.engine.machine import Machine
from ripieno.model import application as applications
from ripieno.model.action import Action, Verb
from ripieno.model.application import ComponentDefinition
from ripieno.model.component_type import Value
from ripieno.model.event import CommandId
from ripieno.runtimes import base
from ripieno.runtimes.base import Ended, Handle
from ripieno.store.records import (
    Batch,
    CommandRecord,
    DeploymentRecord,
    HandleRecord,
    MarkingRecord,
    NewEvent,
    ReconfigurationRecord,
    TimerRecord,
)

SNAPSHOT_EVERY = 500
"""Events after which the marking is written anew, so that a start has not much to replay."""


@dataclass(kw_only=True, slots=True)
class Held:
    """What a component was last started with, and how often it has crashed since it was well.

    `ended` are the replicas known to have ended, by slot, and those that are not well.
    `is_mixed`: a roll has failed half-way, so that not all replicas run the definition.
    """

    handle: Handle | None = None
    definition: ComponentDefinition | None = None
    inputs: Mapping[str, Value] = field(default_factory=dict)
    restarts: int = 0
    restart_at: datetime | None = None
    ready_since: datetime | None = None
    ended: dict[int, Ended] = field(default_factory=dict)
    is_mixed: bool = False


@dataclass(kw_only=True, slots=True)
class OpenCommand:
    """A command without an outcome, as it is stored and as it is performed."""

    record: CommandRecord
    job: Job


class State:
    """A deployment in memory."""

    def __init__(
        self, record: DeploymentRecord, machine: Machine, *, seq: int = 0, snapshot_seq: int = 0
    ) -> None:
        self.record = record
        self.machine = machine
        self.seq = seq
        self.target: Target = targets.from_json(record.target)
        self.life: Life = lives.from_json(record.life)
        self.held: dict[str, Held] = {}
        self.commands: dict[int, OpenCommand] = {}
        self.timers: dict[int, TimerRecord] = {}
        self.current: ReconfigurationRecord | None = None
        self.wanted: Target | None = None
        self.queue: list[ReconfigurationRecord] = []
        self._snapshot_seq = snapshot_seq
        self._is_new = seq == 0
        self._begin()

    def _begin(self) -> None:
        self.events: list[NewEvent] = []
        self.touched: set[str] = set()
        self._commands: dict[tuple[int, int], CommandRecord] = {}
        self._timers: dict[int, TimerRecord] = {}
        self._timer_stops: set[int] = set()
        self._handles: set[str] = set()
        self._reconfigurations: dict[str, ReconfigurationRecord] = {}
        self._has_deployment = False
        self._wants_snapshot = False

    @property
    def id(self) -> str:
        """The deployment's id."""
        return self.record.id

    @property
    def is_new(self) -> bool:
        """Whether nothing of it is stored yet."""
        return self._is_new

    @property
    def has_changed(self) -> bool:
        """Whether there is something to commit."""
        return bool(
            self.events
            or self._commands
            or self._timers
            or self._timer_stops
            or self._handles
            or self._reconfigurations
            or self._has_deployment
        )

    def hold(self, component: str) -> Held:
        """What is known of a component's processes; made at the first question."""
        return self.held.setdefault(component, Held())

    def tell(
        self,
        kind: str,
        at: datetime,
        *,
        component: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an event."""
        self.events.append(
            NewEvent(
                kind=kind,
                component=component,
                reconfiguration=self.current.id if self.current else None,
                data=dict(data or {}),
                at=at,
            )
        )

    def put_command(self, record: CommandRecord) -> None:
        """Note a command, or what became of it."""
        self._commands[record.id, record.attempt] = record

    def put_timer(self, record: TimerRecord) -> None:
        """Note the deadline of a wait."""
        self.timers[record.id] = self._timers[record.id] = record

    def stop_timer(self, timer: int) -> None:
        """Note that a deadline is not needed any more."""
        known = self.timers.pop(timer, None)
        if known is not None and self._timers.pop(timer, None) is None:
            self._timer_stops.add(timer)

    def put_handle(self, component: str) -> None:
        """Note that what is held of a component has changed, or is gone."""
        self._handles.add(component)
        self.touched.add(component)

    def put_reconfiguration(self, record: ReconfigurationRecord) -> None:
        """Note a reconfiguration; the one that is current stays so unless it is over."""
        self._reconfigurations[record.id] = record
        if self.current is not None and self.current.id == record.id:
            self.current = record
        if ReconfigurationState(record.state).is_over:
            self._wants_snapshot = True

    def put_deployment(self, **changed: Any) -> None:
        """Note other values of the deployment's own fields."""
        self.record = replace(self.record, **changed)
        self._has_deployment = True

    def live(self, life: Life) -> None:
        """Make this what is known of how long it has been up."""
        if life != self.life:
            self.life = life
            self.put_deployment(life=lives.to_json(life))

    def aim(self, target: Target) -> None:
        """Make this the target that the deployment is kept at."""
        self.target = target
        self.put_deployment(target=targets.to_json(target), readers=targets.readers(target))

    def take_batch(self) -> Batch:
        """All changes since the last time, for one transaction."""
        seq = self.seq + len(self.events)
        marking = None
        is_due = seq - self._snapshot_seq >= SNAPSHOT_EVERY
        if self.events and (is_due or self._wants_snapshot):
            text = json.dumps(snapshot.to_json(self.machine))
            marking = MarkingRecord(deployment=self.id, seq=seq, snapshot=text)
            self._snapshot_seq = seq
        handles, gone = [], []
        for component in self._handles:
            held = self.held.get(component)
            if held is None:
                gone.append(component)
            else:
                handles.append(_handle_record(self.id, component, held))
        batch = Batch(
            events=tuple(self.events),
            commands=tuple(self._commands.values()),
            timers=tuple(self._timers.values()),
            timer_stops=tuple(self._timer_stops),
            handles=tuple(handles),
            handle_removals=tuple(gone),
            reconfigurations=tuple(self._reconfigurations.values()),
            deployment=self.record if self._has_deployment or self._is_new else None,
            marking=marking,
            expected_seq=self.seq,
        )
        self.seq = seq
        self._is_new = False
        self._begin()
        return batch

    def take_up(
        self,
        *,
        handles: Iterable[HandleRecord],
        commands: Iterable[CommandRecord],
        timers: Iterable[TimerRecord],
        reconfigurations: Iterable[ReconfigurationRecord],
    ) -> None:
        """Fill in what was stored, after a start of the server."""
        for stored in handles:
            self.held[stored.component] = _held(stored)
        for record in commands:
            self.commands[record.id] = OpenCommand(
                record=record, job=job_of(record, self.record.name, self.held)
            )
        self.timers = {each.id: each for each in timers}
        for each in reconfigurations:
            state = ReconfigurationState(each.state)
            if state is ReconfigurationState.QUEUED:
                self.queue.append(each)
            elif not state.is_over:
                self.current = each
                self.wanted = targets.from_json(each.options["target"])


def job_of(record: CommandRecord, deployment_name: str, held: Mapping[str, Held]) -> Job:
    """The job that a stored command asks for."""
    arguments = record.arguments
    known = held.get(record.component)
    return Job(
        deployment=record.deployment,
        deployment_name=deployment_name,
        command=CommandId(record.id),
        attempt=record.attempt,
        component=record.component,
        transition=record.transition,
        action=_action(arguments["action"]),
        definition=applications.from_json(arguments["definition"]),
        inputs=arguments["inputs"],
        handle=known.handle if known else None,
    )


def command_arguments(job: Job) -> dict[str, Any]:
    """What is stored of a job besides its identity; `job_of` reads it."""
    action = job.action
    return {
        "action": action and {"verb": action.verb.value, "arguments": dict(action.arguments)},
        "definition": applications.to_json(job.definition),
        "inputs": dict(job.inputs),
    }


def _action(stored: Mapping[str, Any] | None) -> Action | None:
    if stored is None:
        return None
    return Action(verb=Verb(stored["verb"]), arguments=stored["arguments"])


def _handle_record(deployment: str, component: str, held: Held) -> HandleRecord:
    return HandleRecord(
        deployment=deployment,
        component=component,
        runtime_handle={
            "handle": base.to_json(held.handle) if held.handle else None,
            "inputs": dict(held.inputs),
            "restarts": held.restarts,
            "restart_at": held.restart_at.isoformat() if held.restart_at else None,
            "ready_since": held.ready_since.isoformat() if held.ready_since else None,
            "ended": [base.ended_to_json(each) for each in held.ended.values()],
            "is_mixed": held.is_mixed,
        },
        definition=applications.to_json(held.definition) if held.definition else {},
    )


def _held(record: HandleRecord) -> Held:
    stored = record.runtime_handle
    restart_at, ready_since = stored["restart_at"], stored["ready_since"]
    ended = [base.ended_from_json(each) for each in stored["ended"]]
    return Held(
        handle=base.from_json(stored["handle"]) if stored["handle"] else None,
        definition=applications.from_json(record.definition) if record.definition else None,
        inputs=stored["inputs"],
        restarts=stored["restarts"],
        restart_at=datetime.fromisoformat(restart_at) if restart_at else None,
        ready_since=datetime.fromisoformat(ready_since) if ready_since else None,
        ended={each.slot: each for each in ended},
        is_mixed=stored["is_mixed"],
    )
