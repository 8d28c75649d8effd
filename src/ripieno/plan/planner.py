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
from ripieno.plan.order import Order, Pace


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
    for orders in _attempts(difference):
        best: tuple[Negotiation, Program, Forecast] | None = None
        for negotiation, order in orders:
            program = order.program(name)
            try:
                found = forecast.simulate(negotiation, program, types)
            except errors.PlanWouldFail as problem:
                failure = failure or problem
                continue
            if best is None or found.cost < best[2].cost:
                best = (negotiation, program, found)
        if best is not None:
            return _described(*best)
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


def _attempts(difference: change.Change) -> Iterator[Iterator[tuple[Negotiation, Order]]]:
    """Orders to be simulated, the most promising first: later ones only if those before fail."""
    together = Negotiation(difference)
    yield _paces(together, passing_first=False)
    yield _paces(together, passing_first=True)
    one_by_one = Negotiation(difference, together=False)
    yield _paces(one_by_one, passing_first=False)
    yield _paces(one_by_one, passing_first=True)


def _paces(
    negotiation: Negotiation, *, passing_first: bool
) -> Iterator[tuple[Negotiation, Order]]:
    """The orders that differ in pace only: two, or one where the pace makes no difference."""
    for pace in Pace:
        order = Order(negotiation, pace, passing_first=passing_first)
        yield negotiation, order
        if not order.has_choice:
            return


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
    names = {mover.name for mover in negotiation.movers if mover.route.moves}
    names |= {*difference.added, *difference.removed, *wirings}
    reasons: Mapping[str, dict[str, None]] = {each: {} for each in names}
    behaviours: dict[str, list[str]] = {each: [] for each in names}
    for mover in negotiation.movers:
        if mover.name in names:
            reasons[mover.name].update(mover.why)
            behaviours[mover.name] += [move.behaviour for move in mover.route.moves]
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
        touched.append(
            Touched(
                component=each,
                type=component.type.name,
                sign=sign,
                why=tuple(reasons[each]),
                behaviours=tuple(behaviours[each]),
                wirings=tuple(wirings.get(each, ())),
                source=tuple(sorted(before)),
                target=after if isinstance(after, tuple) else (),
                start_s=course.start_s if course else 0.0,
                end_s=course.end_s if course else 0.0,
                downtime_s=(course.downtime_s if course else 0.0)
                if sign is Sign.CHANGE
                else None,
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
