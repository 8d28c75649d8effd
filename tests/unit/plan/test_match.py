"""Automatic assembly: which provider a use port gets."""

import pytest

from ripieno.model.assembly import Assembly, Component
from ripieno.model.component_type import ComponentType
from ripieno.model.goal import Goal
from ripieno.model.port import Connection, Port, PortKind, PortRef
from ripieno.plan import errors
from ripieno.plan.match import match


def component_type(name: str, **ports: tuple[PortKind, str | None]) -> ComponentType:
    return ComponentType(
        name=name,
        initial="off",
        places=("off", "up"),
        ports=tuple(
            Port(name=port, kind=kind, on=("up",), interface=interface)
            for port, (kind, interface) in ports.items()
        ),
    )


STORE = component_type("Store", sql=(PortKind.PROVIDE, "postgresql"))
WEB = component_type("Web", db=(PortKind.USE, "postgresql"))
NAMED = component_type("Named", sql=(PortKind.USE, None))
PLAIN = component_type("Plain", sql=(PortKind.PROVIDE, None))
SOURCE = component_type("Source", address=(PortKind.DATA_PROVIDE, "address"))
READER = component_type("Reader", address=(PortKind.DATA_USE, "address"))
NOTHING = Assembly()


def goal(*components: Component, connections: tuple[tuple[PortRef, PortRef], ...] = ()) -> Goal:
    return Goal(components={each.name: each for each in components}, connections=connections)


def test_a_use_port_gets_the_only_component_that_provides_its_interface() -> None:
    found = match(goal(Component(name="w", type=WEB), Component(name="s", type=STORE)), NOTHING)
    assert found == {Connection(PortRef("w", "db"), PortRef("s", "sql"))}


def test_a_port_without_an_interface_is_matched_by_its_own_name() -> None:
    found = match(goal(Component(name="n", type=NAMED), Component(name="p", type=PLAIN)), NOTHING)
    assert found == {Connection(PortRef("n", "sql"), PortRef("p", "sql"))}


def test_data_ports_are_matched_likewise() -> None:
    found = match(goal(Component(name="r", type=READER), Component(name="s", type=SOURCE)), NOTHING)
    assert found == {Connection(PortRef("r", "address"), PortRef("s", "address"))}


def test_no_provider_is_an_error_that_says_what_is_provided() -> None:
    with pytest.raises(errors.NoProvider, match=r"w\.db needs 'postgresql'.*provided are sql"):
        match(goal(Component(name="w", type=WEB), Component(name="p", type=PLAIN)), NOTHING)


def test_several_providers_are_an_error_that_lists_them() -> None:
    stores = [Component(name=name, type=STORE) for name in ("s1", "s2")]
    with pytest.raises(errors.SeveralProviders, match=r"s1\.sql, s2\.sql"):
        match(goal(Component(name="w", type=WEB), *stores), NOTHING)


def test_a_selector_chooses_by_name_or_by_labels() -> None:
    stores = (
        Component(name="s1", type=STORE, labels={"site": "north"}),
        Component(name="s2", type=STORE, labels={"site": "south"}),
    )
    by_name = Component(name="w1", type=WEB, select={"db": "s2"})
    by_label = Component(name="w2", type=WEB, select={"db": {"site": "north"}})
    found = match(goal(by_name, by_label, *stores), NOTHING)
    assert found == {
        Connection(PortRef("w1", "db"), PortRef("s2", "sql")),
        Connection(PortRef("w2", "db"), PortRef("s1", "sql")),
    }


def test_a_component_selected_by_name_may_provide_under_another_interface_name() -> None:
    user = Component(name="n", type=NAMED, select={"sql": "s"})
    found = match(goal(user, Component(name="s", type=STORE)), NOTHING)
    assert found == {Connection(PortRef("n", "sql"), PortRef("s", "sql"))}


def test_labels_that_nobody_has_are_refused_by_name() -> None:
    lost = Component(name="w", type=WEB, select={"db": {"site": "moon"}})
    with pytest.raises(errors.NoProvider, match=r"site: moon.*s\.sql does"):
        match(goal(lost, Component(name="s", type=STORE)), NOTHING)


def test_a_selector_for_nobody_leaves_the_port_unconnected() -> None:
    alone = Component(name="w", type=WEB, select={"db": None})
    assert match(goal(alone, Component(name="s", type=STORE)), NOTHING) == frozenset()


def test_a_selected_component_that_is_not_there_is_refused_by_name() -> None:
    lost = Component(name="w", type=WEB, select={"db": "gone"})
    with pytest.raises(errors.WrongSelection, match="'gone'"):
        match(goal(lost, Component(name="s", type=STORE)), NOTHING)


def test_a_listed_connection_wins_over_the_choice_among_several() -> None:
    stores = [Component(name=name, type=STORE) for name in ("s1", "s2")]
    listed = ((PortRef("s2", "sql"), PortRef("w", "db")),)
    found = match(goal(Component(name="w", type=WEB), *stores, connections=listed), NOTHING)
    assert found == {Connection(PortRef("w", "db"), PortRef("s2", "sql"))}


def test_a_listed_connection_that_does_not_fit_is_refused() -> None:
    listed = ((PortRef("w", "db"), PortRef("v", "db")),)
    users = [Component(name=name, type=WEB) for name in ("w", "v")]
    with pytest.raises(errors.WrongSelection, match="use to use"):
        match(goal(*users, connections=listed), NOTHING)


def test_two_listed_providers_of_one_port_are_refused() -> None:
    stores = [Component(name=name, type=STORE) for name in ("s1", "s2")]
    listed = tuple((PortRef("w", "db"), PortRef(name, "sql")) for name in ("s1", "s2"))
    with pytest.raises(errors.SeveralProviders, match=r"s1\.sql and to s2\.sql"):
        match(goal(Component(name="w", type=WEB), *stores, connections=listed), NOTHING)


def test_a_provider_is_kept_although_a_second_one_comes() -> None:
    web, old = Component(name="w", type=WEB), Component(name="s1", type=STORE)
    connection = Connection(PortRef("w", "db"), PortRef("s1", "sql"))
    now = Assembly(components={"w": web, "s1": old}, connections=frozenset((connection,)))
    found = match(goal(web, old, Component(name="s2", type=STORE)), now)
    assert found == {connection}


def test_a_port_that_is_unconnected_now_stays_so_where_nothing_fits() -> None:
    web = Component(name="w", type=WEB)
    assert match(goal(web), Assembly(components={"w": web})) == frozenset()


def test_no_component_is_matched_to_itself() -> None:
    both = component_type("Both", svc=(PortKind.PROVIDE, "http"), up=(PortKind.USE, "http"))
    found = match(goal(Component(name="a", type=both), Component(name="b", type=both)), NOTHING)
    assert {str(each) for each in found} == {"a.up -> b.svc", "b.up -> a.svc"}
