"""The course of a reconfiguration: come to rest, plan, execute, follow up, or go back.

Called by the supervisor once a turn. Where a reconfiguration stands is in its record's options, so
that it goes on from there after a crash.

    settling -> executing -> following -> completed
                    |            +-> executing: users of an address that has changed
                    +-> draining -> failed
                    +-> unwinding -> cancelled, or failed and rolled back
"""

import asyncio
import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ripieno.control import changes, ending, planning, resting
from ripieno.control import life as lives
from ripieno.control import target as targets
from ripieno.control.condition import condition_of
from ripieno.control.errors import Held, InvalidRequest
from ripieno.control.requests import OnFailure
from ripieno.control.scope import reads_differ
from ripieno.control.target import Target
from ripieno.control.views import DeploymentState, ReconfigurationKind, ReconfigurationState
from ripieno.engine import explain, look
from ripieno.model import plan as plans
from ripieno.model.application import Strategy
from ripieno.model.builtin_types import RESTART, UPDATE
from ripieno.model.command import EndProgram
from ripieno.model.component_type import ComponentType
from ripieno.model.errors import RipienoError
from ripieno.model.event import (
    ProgramCancelled,
    ProgramsSubmitted,
)
from ripieno.model.plan import Plan
from ripieno.model.program import Outcome
from ripieno.store.records import ReconfigurationRecord

if TYPE_CHECKING:
    from ripieno.control.supervisor import Supervisor

MOST_ROUNDS = 10
"""How often users of changed addresses are followed up before something must be wrong."""


class Stage(StrEnum):
    """Where a reconfiguration stands."""

    SETTLING = "settling"
    EXECUTING = "executing"
    FOLLOWING = "following"
    DRAINING = "draining"
    UNWINDING = "unwinding"


class Course:
    """Decides what the reconfiguration under way does next."""

    def __init__(self, supervisor: "Supervisor") -> None:
        self._supervisor = supervisor
        self._state = supervisor.state

    @property
    def is_settling(self) -> bool:
        """Whether everything is being brought to rest, so that nothing else may begin."""
        return self._stage in (Stage.SETTLING, Stage.UNWINDING, Stage.DRAINING)

    @property
    def _stage(self) -> Stage | None:
        current = self._state.current
        return Stage(current.options["stage"]) if current is not None else None

    def begin(self, record: ReconfigurationRecord, *, queues: bool) -> None:
        """Take up a reconfiguration, or queue it. Raises: `Held` where it may do neither."""
        state = self._state
        current = state.current
        if current is None:
            self._take_up(record)
            return
        if not queues:
            raise Held(
                f"deployment {state.record.name} is held by reconfiguration {current.id} "
                f"({current.kind}, {current.state}); wait for it, cancel it, or queue behind it"
            )
        queued = dataclasses.replace(record, state=ReconfigurationState.QUEUED)
        state.queue.append(queued)
        state.put_reconfiguration(queued)
        self._supervisor.tell("reconfiguration.queued", id=record.id, behind=current.id)

    def program_ended(self, command: EndProgram) -> None:
        """Note how the program of the reconfiguration has ended."""
        current = self._state.current
        if current is not None and current.options.get("program") == command.program:
            self._set(outcome=command.outcome.value, reason=command.reason)

    def unwind(
        self, outcome: ReconfigurationState, reason: str, *, rolls_back: bool = False
    ) -> None:
        """Give up what is under way, and end the reconfiguration so once all has come to rest."""
        self._set(
            stage=Stage.UNWINDING.value,
            ending=outcome.value,
            reason=reason,
            rolls_back=rolls_back,
            dropped=False,
        )

    def change(self, record: ReconfigurationRecord, **changed: Any) -> None:
        """Note other values of a reconfiguration's fields."""
        self._state.put_reconfiguration(dataclasses.replace(record, **changed))

    async def advance(self) -> None:
        """Go on as far as it goes now."""
        while await self._step():
            pass
        self._note_deployment_state()

    async def _step(self) -> bool:
        """One step; whether another may follow at once."""
        state = self._state
        if state.current is None:
            if not state.queue or self._supervisor.is_over:
                return False
            self._take_up_queued(state.queue.pop(0))
            return True
        match self._stage:
            case Stage.SETTLING:
                return await self._settle()
            case Stage.EXECUTING:
                return self._execute()
            case Stage.FOLLOWING:
                return await self._follow()
            case Stage.DRAINING:
                return self._drain()
            case _:
                return self._unwound()

    def _take_up_queued(self, record: ReconfigurationRecord) -> None:
        """Take up one whose turn it is, from what has become of those before it."""
        change = changes.change_of(record)
        if change.kind in changes.RELATIVE:
            state = self._state
            try:
                target = changes.changed(state.machine, state.target, change)
            except RipienoError as problem:
                self._refuse(record, str(problem))
                return
            options = {**record.options, "target": targets.to_json(target)}
            record = dataclasses.replace(record, options=options)
        self._take_up(record)

    def _refuse(self, queued: ReconfigurationRecord, reason: str) -> None:
        refused = ReconfigurationState.REFUSED
        self.change(queued, state=refused, reason=reason, ended_at=self._supervisor.now())
        self._supervisor.tell("reconfiguration.refused", id=queued.id, reason=reason)

    def _take_up(self, record: ReconfigurationRecord) -> None:
        state = self._state
        state.current = dataclasses.replace(
            record,
            state=ReconfigurationState.RUNNING,
            started_at=self._supervisor.now(),
            options={**record.options, "stage": Stage.SETTLING.value, "round": 0},
        )
        state.wanted = targets.from_json(record.options["target"])
        state.put_reconfiguration(state.current)
        self._supervisor.tell(
            "reconfiguration.accepted", change=record.kind, by=record.requested_by
        )

    async def _settle(self) -> bool:
        if not self._come_to_rest():
            return self._state.current is None
        state = self._state
        current = state.current
        assert current is not None and state.wanted is not None
        wanted = state.wanted
        runs = changes.runs(state.machine, wanted, changes.change_of(current))
        try:
            plan = await self._plan(wanted, current.id, runs)
        except RipienoError as problem:
            resting = targets.at_rest(wanted)
            if current.kind == ReconfigurationKind.ROLLBACK and resting != wanted:
                # What was cancelled before may stand where nothing leads again.
                options = {**current.options, "target": targets.to_json(resting)}
                state.wanted = resting
                self.change(current, options=options)
                return True
            self._finish(ReconfigurationState.REFUSED, str(problem))
            return True
        self.change(current, plan=plans.to_json(plan))
        for each in plan.touched:
            held = state.held.get(each.component)
            if held is not None and held.restarts and each.behaviours:
                held.restarts = 0  # People have taken it in hand: its crashes count anew.
                state.put_handle(each.component)
        self._submit(plan, wanted)
        return True

    async def _plan(self, wanted: Target, name: str, runs: Mapping[str, tuple[str, ...]]) -> Plan:
        state = self._state
        running = {
            component: held.definition
            for component, held in state.held.items()
            if held.definition is not None
        }
        # Planning can take a second for thousands of components; others go on meanwhile.
        return await asyncio.to_thread(
            planning.plan_for,
            state.machine,
            wanted,
            running,
            name=name,
            durations=await self._supervisor.durations(),
            runs=runs,
            mixed=[name for name, held in state.held.items() if held.is_mixed],
        )

    def _submit(self, plan: Plan, wanted: Target) -> None:
        types: dict[str, ComponentType] = {
            each.type.name: each.type for each in wanted.components.values()
        }
        known = self._state.machine.core.types
        new = {name: each for name, each in types.items() if name not in known}
        if plan.is_empty:
            self._set(stage=Stage.FOLLOWING.value, program=None)
            return
        self._set(stage=Stage.EXECUTING.value, program=plan.program.name, outcome=None)
        self._supervisor.feed(
            ProgramsSubmitted(programs=(plan.program,)),
            "reconfiguration.started",
            types=new,
            data={"predicted_s": plan.makespan_s},
        )

    def _execute(self) -> bool:
        state = self._state
        current = state.current
        assert current is not None
        outcome, reason = current.options.get("outcome"), current.options.get("reason")
        if outcome is None:
            if self._goes_on_by_itself():
                return False
            reason = explain.explain(state.machine).text
            self._supervisor.feed(
                ProgramCancelled(program=current.options["program"], winds_down=False),
                "reconfiguration.stuck",
                data={"reason": reason},
            )
            outcome = Outcome.FAILED.value
        if outcome == Outcome.COMPLETES.value:
            self._set(stage=Stage.FOLLOWING.value)
        elif current.options["on_failure"] == OnFailure.ROLLBACK.value:
            self._supervisor.tell("reconfiguration.failing", reason=reason)
            self.unwind(ReconfigurationState.FAILED, reason or "it failed", rolls_back=True)
        else:
            self._supervisor.tell("reconfiguration.failing", reason=reason)
            self._set(stage=Stage.DRAINING.value, reason=reason)
        return True

    def _goes_on_by_itself(self) -> bool:
        """Whether something is under way, or will be without anybody's asking."""
        state = self._state
        is_moving = look.under_way(state.machine) or look.has_timers(state.machine)
        return bool(is_moving) or any(held.restart_at for held in state.held.values())

    async def _follow(self) -> bool:
        """Bring components up to date whose providers have other addresses than they know."""
        state = self._state
        current = state.current
        assert current is not None and state.wanted is not None
        runs: dict[str, tuple[str, ...]] = {}
        for each in look.looks(state.machine):
            held = state.held.get(each.name)
            wanted = state.wanted.components.get(each.name)
            if held is None or held.definition is None or wanted is None:
                continue
            now = look.inputs(state.machine, each.name)
            if "ready" in each.places and reads_differ(
                held.definition, state.record.name, held.inputs, now
            ):
                is_rolling = wanted.definition.strategy is Strategy.ROLLING
                runs[each.name] = (UPDATE,) if is_rolling else (RESTART,)
        if not runs:
            self._finish(ReconfigurationState.COMPLETED, None)
            return True
        if self._goes_on_by_itself():
            return False  # A service that has crashed is being started again; plans are for rest.
        number = current.options["round"] + 1
        try:
            if number > MOST_ROUNDS:
                raise InvalidRequest(f"addresses still change after {MOST_ROUNDS} rounds")
            plan = await self._plan(state.wanted, f"{current.id}#{number}", runs)
        except RipienoError as problem:
            self._finish(
                ReconfigurationState.FAILED,
                f"{', '.join(runs)} cannot be told of changed addresses: {problem}",
            )
            return True
        self._set(round=number)
        self._submit(plan, state.wanted)
        return True

    def _drain(self) -> bool:
        current = self._state.current
        assert current is not None
        if look.under_way(self._state.machine):
            return False
        self._finish(ReconfigurationState.FAILED, current.options.get("reason"))
        return True

    def _unwound(self) -> bool:
        current = self._state.current
        assert current is not None
        if not self._come_to_rest():
            return self._state.current is None
        options = current.options
        ending = ReconfigurationState(options["ending"])
        reason = options["reason"] if ending is ReconfigurationState.FAILED else None
        self._finish(ending, reason, rolls_back=options["rolls_back"])
        return True

    def _come_to_rest(self) -> bool:
        """Give up whatever is under way; whether all has come to rest."""
        state, supervisor = self._state, self._supervisor
        machine = state.machine
        current = state.current
        assert current is not None
        if look.is_at_rest(machine):
            return True
        drops = not current.options.get("dropped")
        if drops:
            self._set(dropped=True)
        resting.give_up(supervisor, drops=drops)
        if look.is_at_rest(machine):
            return True
        if not look.under_way(machine):
            self._finish(ReconfigurationState.FAILED, resting.why_not(machine))
        return False

    def _finish(
        self, outcome: ReconfigurationState, reason: str | None, *, rolls_back: bool = False
    ) -> None:
        state, supervisor = self._state, self._supervisor
        current, wanted = state.current, state.wanted
        assert current is not None and wanted is not None
        rollback = None
        if rolls_back:
            rollback = ending.rollback_of(state, current, supervisor.now())
            self._set(rollback=rollback.id)
        supervisor.tell(f"reconfiguration.{outcome}", reason=reason)
        self.change(
            state.current or current, state=outcome, reason=reason, ended_at=supervisor.now()
        )
        match outcome:
            case ReconfigurationState.COMPLETED:
                ending.adopt(state, current, wanted)
                ending.update_policies(state, wanted)
            case ReconfigurationState.FAILED if rollback is None:
                ending.adopt(state, current, wanted)
            case ReconfigurationState.CANCELLED:
                state.aim(ending.standing(state, wanted))
        state.current = state.wanted = None
        if rollback is not None:
            state.queue.insert(0, rollback)
            state.put_reconfiguration(rollback)
        if outcome is ReconfigurationState.COMPLETED and current.kind == ReconfigurationKind.REMOVE:
            for component in list(state.held):
                del state.held[component]
                state.put_handle(component)
            for queued in state.queue:
                self._refuse(queued, "the deployment was removed")
            state.queue.clear()
            state.put_deployment(state=DeploymentState.REMOVED.value)
            supervisor.end()

    def _set(self, **options: Any) -> None:
        current = self._state.current
        assert current is not None
        self.change(current, options={**current.options, **options})

    def _note_deployment_state(self) -> None:
        from_now = condition_of(self._state)
        if self._state.record.state != from_now.value:
            now = self._supervisor.now()
            self._state.put_deployment(state=from_now.value, updated_at=now)
            self._state.live(lives.after(self._state.life, from_now, now))
