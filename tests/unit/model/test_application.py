"""Definitions of components and applications as records."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.model import application, errors
from ripieno.model.application import (
    Address,
    Application,
    ComponentDefinition,
    Hold,
    Strategy,
    Use,
)
from ripieno.model.workload import Health, HealthKind, Secret, Workload
from tests.strategies import data

RUN = Workload(argv=("a",), tcp_ports={"http": 0})

names = st.text(alphabet="abc", min_size=1, max_size=3)
texts = st.text(alphabet="a$ {}é\n", max_size=5)
workloads = st.builds(
    Workload,
    argv=st.lists(texts, min_size=1, max_size=3).map(lambda words: ("run", *words)),
    env=st.dictionaries(names, texts | st.builds(Secret, name=names), max_size=2),
    tcp_ports=st.sampled_from([{"http": 0}, {"http": 80, "sql": 81}]),
    health=st.none() | st.just(Health(kind=HealthKind.HTTP)),
    replicas=st.integers(1, 5),
    cpus=st.none() | st.floats(0.1, 4),
)
uses = st.builds(
    Use,
    port=st.just("store"),
    interface=names,
    select=st.none() | names | st.dictionaries(names, texts, max_size=2),
    hold=st.sampled_from(Hold),
)
definitions = st.builds(
    ComponentDefinition,
    name=names,
    kind=st.sampled_from(["service", "job"]),
    workload=workloads,
    uses=uses.map(lambda use: {use.port: use}) | st.just({}),
    provides=st.sampled_from([{}, {"http": "web"}]),
    labels=st.dictionaries(names, texts, max_size=2),
    strategy=st.sampled_from(Strategy),
    deadline_s=st.floats(0.1, 100),
    settings=st.dictionaries(names, data, max_size=2),
) | st.builds(
    ComponentDefinition,
    name=names,
    kind=st.just("external"),
    address=st.builds(
        Address,
        host=names,
        tcp_ports=st.just({"http": 80}),
        health=st.none() | st.just(Health(kind=HealthKind.TCP, tcp_port="http")),
    ),
    provides=st.sampled_from([{}, {"http": "web"}]),
)


@given(definitions)
def test_a_definition_comes_back_from_json(definition: ComponentDefinition) -> None:
    stored = json.loads(json.dumps(application.to_json(definition)))
    assert application.from_json(stored) == definition


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "A"}, "'A' cannot be the name of a component"),
        ({"name": "a.b"}, "'a.b' cannot be the name of a component"),
        ({"name": "a" * 64}, "at most 63"),
        ({"host": "a b"}, "'a b' cannot be the name of a host"),
        ({"workload": None}, "a service runs something"),
        ({"kind": "external"}, "what is external exists already; give its address"),
        ({"address": Address(host="a")}, "a service gets its address from where it runs"),
        ({"uses": {"port": Use(port="port", interface="x")}}, "${port} means already"),
        ({"uses": {"http": Use(port="http", interface="x")}, "provides": {"http": "y"}}, "both"),
        ({"provides": {"sql": "x"}}, "provides 'sql', which is no tcp_port of it; there are http"),
        ({"provides": {"url": "x"}}, "a provide port cannot be called 'url'"),
        ({"deadline_s": 0.0}, "deadline_s is 0; give seconds, more than 0"),
        ({"deadline_s": float("nan")}, "deadline_s is nan"),
    ],
)
def test_a_component_that_makes_no_sense_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.ApplicationError) as caught:
        ComponentDefinition(**{"name": "a", "kind": "service", "workload": RUN, **fields})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"host": ""}, "'' is no host"),
        ({"host": "http://x"}, "'http://x' is no host"),
        ({"tcp_ports": {"a": 0}}, "address: a is 0; give 1 to 65535"),
        ({"health": Health(kind=HealthKind.HTTP)}, "there is no tcp_port"),
        ({"health": Health(kind=HealthKind.COMMAND, argv=("a",))}, "asked over http or tcp"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.ApplicationError) as caught:
        Address(**{"host": "a", **fields})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "version", ["0.0.0", "1.2.3", "1.2.3-rc.1", "1.2.3-0a.b-c+build.05", "10.20.30+x"]
)
def test_a_version_is_semantic(version: str) -> None:
    assert Application(name="a", version=version).version == version


@pytest.mark.parametrize(
    "version", ["", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-01", "1.2.3 ", "١.٢.٣"]
)
def test_another_version_is_refused(version: str) -> None:
    with pytest.raises(errors.ApplicationError, match="is no semantic version; write three"):
        Application(name="a", version=version)
