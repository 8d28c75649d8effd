"""From a situation and a goal to a plan: what everybody outside this layer calls."""

from collections.abc import Iterator, Mapping

from ripieno.model.assembly import Situation
from ripieno.model.component_type import ComponentType
from ripieno.model.errors import DuplicateName
from ripieno.model.goal import Goal, Wish
from ripieno.model.plan import Plan, Sign, Touched, Wiring
from ripieno.model.port import PortRef
from ripieno.model.program import Program
from ripieno.plan import change, errors, forecast
from ripieno.plan.forecast import Forecast
from ripieno.plan.negotiation import Negotiation
from ripieno.plan.order import LATE_RELEASE, SIGN_OFF_FIRST, Choice, Order

MOST_STEPS = 5_000
"""Steps that are simulated at most in search of a better order, once there is one."""

_Found = tuple[Negotiation, Program, Forecast]


def plan(situation: Situation, goal: Goal, *, name: str = "plan") -> Plan:
    """The plan from a situation to a goal.

    Ways of ordering it that could differ are simulated, and the one with the shortest makespan is
    taken; of two that take as long, the one with less downtime.

    Raises: a `PlanError` that names the component and the remedy when there is none: no or several
    providers, a goal out of reach, or a plan that would deadlock.
    """
    types = _types(situation, goal)
    difference = change.find(situation, goal)
    failure: errors.PlanWouldFail | None = None
    for together in (True, False):
        try:
            found = _best_order(Negotiation(difference, together=together), types, name)
        except errors.PlanWouldFail as problem:
            failure = failure or problem
        else:
            return _described(*found)
    assert failure is not None
    raise failure


def goal_of(situation: Situation) -> Goal:
    """The goal that is reached already: everything stays as it is, unconnected ports included."""
    connected = {connection.use for connection in situation.assembly.connections}
    components = {}
    for component_name, component in situation.assembly.components.items():
        loose = {
            port.name: None
            for port in component.type.ports
            if port.kind.is_consumer and PortRef(component_name, port.name) not in connected
        }
        components[component_name] = (
            type(component)(
                name=component_name,
                type=component.type,
                labels=component.labels,
                select={**component.select, **loose},
            )
            if loose
            else component
        )
    wishes = {each: Wish(state=marking) for each, marking in situation.marking.items()}
    return Goal(components=components, wishes=wishes)


def _best_order(negotiation: Negotiation, types: Mapping[str, ComponentType], name: str) -> _Found:
    """Simulate the orders that differ in their choices, and take the best.

    Raises: the `PlanWouldFail` of the first one if none reaches the goal.
    """
    best: _Found | None = None
    failure: errors.PlanWouldFail | None = None
    base = Order(negotiation)
    tried: set[frozenset[Choice]] = set()
    pending = [frozenset[Choice](), *_other_ways(base)]
    steps_left = MOST_STEPS
    while pending:
        against = pending.pop(0)
        if against in tried:
            continue
        tried.add(against)
        program = Order(negotiation, against).program(name)
        steps_left -= len(program.instructions)
        try:
            found = forecast.simulate(negotiation, program, types)
        except errors.PlanWouldFail as problem:
            failure = failure or problem
        else:
            if best is None or found.cost < best[2].cost:
                best = (negotiation, program, found)
                pending += [against ^ {choice} for choice in base.choices]
        if steps_left < 0 and best is not None:
            break
    if best is None:
        assert failure is not None
        raise failure
    return best


def _other_ways(order: Order) -> Iterator[frozenset[Choice]]:
    """All choices of a kind the other way, then all of both kinds."""
    for kinds in ({LATE_RELEASE}, {SIGN_OFF_FIRST}, {LATE_RELEASE, SIGN_OFF_FIRST}):
        yield frozenset(choice for choice in order.choices if choice.kind in kinds)


def _types(situation: Situation, goal: Goal) -> dict[str, ComponentType]:
    types: dict[str, ComponentType] = {}
    for components in (situation.assembly.components, goal.components):
        for component in components.values():
            known = types.setdefault(component.type.name, component.type)
            if known is not component.type and known != component.type:
                raise DuplicateName(
                    f"two component types are called {component.type.name!r}: that of "
                    f"{component.name} differs from another one; give the new one its own name"
                )
    return types


def _described(negotiation: Negotiation, program: Program, found: Forecast) -> Plan:
    difference = negotiation.change
    wirings = _wirings(negotiation)
    touched = []
    names = {mover.name for mover in negotiation.movers if mover.path.moves}
    names |= {*difference.added, *difference.removed, *wirings}
    reasons: Mapping[str, dict[str, None]] = {each: {} for each in names}
    behaviours: dict[str, list[str]] = {each: [] for each in names}
    for mover in negotiation.movers:
        if mover.name in names:
            reasons[mover.name].update(mover.why)
            behaviours[mover.name] += [move.behaviour for move in mover.path.moves]
    for each in names:
        is_added, is_removed = each in difference.added, each in difference.removed
        sign = Sign.CHANGE
        if is_added != is_removed:
            sign = Sign.ADD if is_added else Sign.REMOVE
        course = found.courses.get(each)
        before = difference.situation.marking.get(each, frozenset())
        after = found.report.final.get(each)
        component = difference.goal.components.get(each)
        component = component or difference.situation.assembly.components[each]
        why = tuple(reasons[each])
        if is_added and is_removed:
            old = difference.removed[each].type.name
            why = (f"the goal has it of the type {component.type.name} instead of {old}",)
        touched.append(
            Touched(
                component=each,
                type=component.type.name,
                sign=sign,
                why=why,
                behaviours=tuple(behaviours[each]),
                wirings=tuple(wirings.get(each, ())),
                source=tuple(sorted(before)),
                target=after if isinstance(after, tuple) else (),
                start_s=course.start_s if course else 0.0,
                end_s=course.end_s if course else 0.0,
                downtime_s=(course.downtime_s if course else 0.0) if sign is Sign.CHANGE else None,
            )
        )
    touched.sort(key=lambda each: (each.start_s, each.end_s, each.component))
    present = difference.goal.components.keys() | difference.situation.assembly.components.keys()
    return Plan(
        program=program,
        touched=tuple(touched),
        untouched_count=len(present) - len(touched),
        forecast=found.report,
    )


def _wirings(negotiation: Negotiation) -> dict[str, list[Wiring]]:
    """The connections that change, by the component whose use port it is."""
    difference = negotiation.change
    wirings: dict[str, list[Wiring]] = {}
    for use in difference.rewired:
        before, after = difference.before.get(use), difference.after.get(use)
        changes = wirings.setdefault(use.component, [])
        if after is not None and negotiation.is_rebound(use):
            changes.append(Wiring(sign=Sign.CHANGE, use=str(use), provide=str(after)))
            continue
        if before is not None:
            changes.append(Wiring(sign=Sign.REMOVE, use=str(use), provide=str(before)))
        if after is not None:
            changes.append(Wiring(sign=Sign.ADD, use=str(use), provide=str(after)))
    return wirings
