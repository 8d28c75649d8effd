"""From what runs and what is wanted to a plan, with the durations that were last measured.

Called by the supervisor before a reconfiguration and by `preview`. Pure, apart from the time the
planner takes.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping

from ripieno.control.target import Target, Wanted
from ripieno.engine import look, snapshot
from ripieno.engine.machine import Machine
from ripieno.engine.situation import situation
from ripieno.model import application as applications
from ripieno.model.application import ComponentDefinition, Hold, Strategy
from ripieno.model.assembly import Component, Situation
from ripieno.model.builtin_types import RUN, SCALE, STOP, UPDATE
from ripieno.model.component_type import ComponentType, Transition
from ripieno.model.event import (
    AbandonAsked,
    BehavioursDropped,
    CommandId,
    TransitionFailed,
)
from ripieno.model.goal import Goal, Wish
from ripieno.model.plan import Plan, Sign
from ripieno.model.program import Add, Program
from ripieno.plan import planner

_PLANNERS_WORDS = ("the goal asks it to run", "the goal has it of the type")
"""How the planner, which sees no definitions, begins to say why a component changes."""

Durations = Mapping[tuple[str, str], float]
"""Seconds that the last execution took, by component and transition."""


def plan_for(
    machine: Machine,
    target: Target,
    running: Mapping[str, ComponentDefinition],
    *,
    name: str,
    durations: Durations | None = None,
    runs: Mapping[str, tuple[str, ...]] | None = None,
    mixed: Collection[str] = (),
) -> Plan:
    """The plan from where a machine at rest stands to the target.

    `running` are the definitions that the components were last started with; `runs` are behaviours
    that are wanted in any case; `mixed` are components of which not all replicas run what they
    should. Raises: a `PlanError`; `IllegalMarking` if it is not at rest.
    """
    now = situation(machine)
    extra = runs or {}
    wishes = {}
    for each, wanted in target.components.items():
        behaviours = extra.get(each, ())
        there = now.assembly.components.get(each)
        if there is not None and there.type == wanted.type and not behaviours:
            marking = now.marking[each]
            behaviours = changes(running.get(each), wanted, marking)
            if each in mixed and behaviours in ((), (SCALE,)) and "ready" in marking:
                is_rolling = wanted.definition.strategy is Strategy.ROLLING
                behaviours = (UPDATE,) if is_rolling else (STOP,)
        wishes[each] = Wish(state=frozenset(wanted.state), run=behaviours)
    goal = Goal(
        components={
            each: Component(
                name=each,
                type=wanted.type,
                labels=wanted.definition.labels,
                select={port: use.select for port, use in wanted.definition.uses.items()},
            )
            for each, wanted in target.components.items()
        },
        connections=target.connections,
        wishes=wishes,
    )
    measured = _Measured(durations or {})
    plan = planner.plan(measured.situation(now), measured.goal(goal), name=name)
    return _with_reasons(measured.restored(plan), target, running, now, extra)


def _with_reasons(
    plan: Plan,
    target: Target,
    running: Mapping[str, ComponentDefinition],
    now: Situation,
    runs: Mapping[str, tuple[str, ...]],
) -> Plan:
    """The plan, saying of components whose definition changes what of it does."""
    touched = []
    for each in plan.touched:
        wanted, before = target.components.get(each.component), running.get(each.component)
        there = now.assembly.components.get(each.component)
        reason = None
        if each.component in runs:
            reason = f"it is asked to {', '.join(runs[each.component])}"
        elif wanted is not None and before is not None and there is not None:
            marking = now.marking[each.component]
            if there.type != wanted.type or changes(before, wanted, marking):
                reason = f"its {', '.join(differences(before, wanted.definition))} changed"
        if reason is not None:
            others = [why for why in each.why if not why.startswith(_PLANNERS_WORDS)]
            each = dataclasses.replace(each, why=(reason, *others))
        # Behind the slash is what tells types apart that people call by the same name.
        touched.append(dataclasses.replace(each, type=each.type.partition("/")[0]))
    return dataclasses.replace(plan, touched=tuple(touched))


def warnings(
    machine: Machine, target: Target, running: Mapping[str, ComponentDefinition]
) -> tuple[str, ...]:
    """What a person should know of a change before it is made."""
    found = []
    for each in look.looks(machine):
        wanted, before = target.components.get(each.name), running.get(each.name)
        if wanted is None or before is None or before.settings == wanted.definition.settings:
            continue
        if each.type == wanted.type and UPDATE not in wanted.type.behaviours:
            found.append(
                f"{each.name} gets other settings (with), and nothing brings them into force: its "
                f"type {wanted.definition.kind} has no behaviour {UPDATE}; give it one, or restart "
                "it yourself"
            )
    return tuple(found)


def differences(before: ComponentDefinition, after: ComponentDefinition) -> list[str]:
    """What of a definition is not as it was, in the words of the application file."""
    found = []
    if before.host != after.host:
        found.append("host")
    one, other = before.workload, after.workload
    if one is not None and other is not None:
        if one.replicas != other.replicas:
            found.append(f"replicas ({one.replicas} to {other.replicas})")
        fields = {
            "argv": "command" if other.image is None else "args",
            "entrypoint": "command",
            "stop_signal": "stop",
            "memory_mib": "memory",
        }
        for field in dataclasses.fields(one):
            if field.name in ("replicas", "restart", "health", "grace_s"):
                continue
            if getattr(one, field.name) != getattr(other, field.name):
                found.append(fields.get(field.name, field.name))
    said = {"settings": "with", "public": "route"}
    for name in ("uses", "provides", "address", "settings", "public"):
        if getattr(before, name) != getattr(after, name):
            found.append(said.get(name, name))
    return found or ["definition"]


def changes(
    running: ComponentDefinition | None, wanted: Wanted, marking: Iterable[str]
) -> tuple[str, ...]:
    """The behaviours that bring a component's new definition into force, where it stands now."""
    definition = wanted.definition
    if running is None or running == definition:
        return ()
    places = set(marking)
    if running.host != definition.host and not places & {"absent"}:
        return _moving(definition, places)
    if _what_runs(running) == _what_runs(definition):
        return ()
    match definition.kind:
        case applications.SERVICE:
            return _service_changes(running, definition, places)
        case applications.JOB:
            return (RUN,) if "done" in places else ()
        case applications.EXTERNAL:
            return ("remove",) if "available" in places else ()
        case _:
            return (UPDATE,) if UPDATE in wanted.type.behaviours else ()


def run_alike(one: ComponentDefinition, other: ComponentDefinition) -> bool:
    """Whether a process of the one is a process of the other too."""
    return one.host == other.host and _what_runs(one) == _what_runs(other)


def settled(machine: Machine) -> Machine:
    """A copy in which everything under way has been given up; the machine stays as it is."""
    copy = snapshot.from_json(snapshot.to_json(machine))
    copy.end_programs()
    for command in look.under_way(copy):
        copy.handle(TransitionFailed(command=CommandId(command), cause="given up"))
    for component, transition in look.failures(copy):
        copy.handle(AbandonAsked(component=component, transition=transition))
    copy.handle(BehavioursDropped(components=tuple(each.name for each in look.looks(copy))))
    return copy


def connections_after(machine: Machine, plan: Plan) -> tuple[tuple[str, str], ...]:
    """The connections that there would be after a plan, the use ports first."""
    found = dict(look.connections(machine))
    for touched in plan.touched:
        for wiring in touched.wirings:
            if wiring.sign is Sign.REMOVE:
                found.pop(wiring.use, None)
            else:
                found[wiring.use] = wiring.provide
    return tuple(found.items())


def _service_changes(
    running: ComponentDefinition, definition: ComponentDefinition, places: set[str]
) -> tuple[str, ...]:
    if "ready" not in places:
        return (STOP,) if "started" in places else ()
    assert running.workload is not None and definition.workload is not None
    as_many = dataclasses.replace(running.workload, replicas=definition.workload.replicas)
    if _what_runs(dataclasses.replace(running, workload=as_many)) == _what_runs(definition):
        return (SCALE,)
    return (UPDATE,) if definition.strategy is Strategy.ROLLING else (STOP,)


def _moving(definition: ComponentDefinition, places: set[str]) -> tuple[str, ...]:
    """A component that goes to another host is taken away from the old one first."""
    if definition.kind == applications.SERVICE and places & {"ready", "started"}:
        return (STOP, "remove")
    return ("remove",)


def _what_runs(definition: ComponentDefinition) -> ComponentDefinition:
    """A definition without what can change under a running process.

    Who provides what it holds while it runs is not said by `select`, but by its connection: a new
    one replaces the process once, where both would do so twice.
    """
    workload = definition.workload
    if workload is not None:
        workload = dataclasses.replace(
            workload, restart=type(workload.restart)(), health=None, grace_s=10.0
        )
    uses = definition.uses
    if definition.kind == applications.SERVICE:
        uses = {
            name: dataclasses.replace(use, select={}) if use.hold is Hold.RUNNING else use
            for name, use in uses.items()
        }
    return dataclasses.replace(
        definition,
        workload=workload,
        uses=uses,
        labels={},
        deadline_s=60.0,
        strategy=Strategy.RECREATE,
        state=(),
    )


class _Measured:
    """Types with measured durations under names of their own, for the planner alone."""

    def __init__(self, durations: Durations) -> None:
        self._durations: dict[str, dict[str, float]] = {}
        for (component, transition), seconds in durations.items():
            # Two digits are what a prediction is worth; equal ones share a type.
            self._durations.setdefault(component, {})[transition] = float(f"{seconds:.1e}")
        self._real_names: dict[str, str] = {}
        self._made: dict[tuple[str, tuple[float, ...]], ComponentType] = {}

    def situation(self, real: Situation) -> Situation:
        assembly = dataclasses.replace(
            real.assembly, components=self._components(real.assembly.components)
        )
        return dataclasses.replace(real, assembly=assembly)

    def goal(self, real: Goal) -> Goal:
        return dataclasses.replace(real, components=self._components(real.components))

    def restored(self, plan: Plan) -> Plan:
        """The plan with the real names of the types."""
        instructions = tuple(
            Add(component=each.component, type=self._real(each.type))
            if isinstance(each, Add)
            else each
            for each in plan.program.instructions
        )
        program = Program(
            name=plan.program.name,
            instructions=instructions,
            after=plan.program.after,
            settles=plan.program.settles,
        )
        touched = tuple(
            dataclasses.replace(each, type=self._real(each.type)) for each in plan.touched
        )
        return dataclasses.replace(plan, program=program, touched=touched)

    def _real(self, name: str) -> str:
        return self._real_names.get(name, name)

    def _components(self, components: Mapping[str, Component]) -> dict[str, Component]:
        return {
            name: dataclasses.replace(each, type=self._type(name, each.type))
            for name, each in components.items()
        }

    def _type(self, component: str, real: ComponentType) -> ComponentType:
        measured = self._durations.get(component)
        if not measured:
            return real
        seconds = tuple(_seconds(real, each, measured) for each in real.transitions)
        made = self._made.get((real.name, seconds))
        if made is None:
            name = f"{real.name} ({len(self._made) + 1})"
            made = dataclasses.replace(
                real,
                name=name,
                transitions=tuple(
                    dataclasses.replace(each, durations_s=(duration_s,))
                    for each, duration_s in zip(real.transitions, seconds, strict=True)
                ),
            )
            self._made[real.name, seconds] = made
            self._real_names[name] = real.name
        return made


def _seconds(
    component_type: ComponentType, transition: Transition, measured: Mapping[str, float]
) -> float:
    """What a transition took, or others that do the same, or else what its type says.

    What does the same, like stopping from another place, will take as long. If each had its own
    number, the way down could seem shorter by way of coming up first.
    """
    action = transition.action
    alike = [transition]
    if action is not None and not action.verb.is_own:
        verb = action.verb
        alike = [t for t in component_type.transitions if t.action and t.action.verb is verb]
    known = [measured[each.name] for each in alike if each.name in measured]
    return max(known) if known else transition.duration_s(0)
