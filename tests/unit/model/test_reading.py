"""Cases in the file form of `ripieno simulate`."""

import pytest

from ripieno.model import document, errors
from ripieno.model.case import Case, Phase, RefusedCase, Start
from ripieno.model.component_type import Comparison, SwitchRule, Transition
from ripieno.model.port import Port, PortKind, PortRef
from ripieno.model.program import Add, Connect, Program, Push, Wait, WaitAll
from ripieno.model.reading import is_case, read_cases

TYPES = """
component_types:
  Srv:
    initial: off
    places: [off, up]
    transitions:
      start: {from: off, to: up, behavior: deploy}
"""


def read(text: str) -> list[Case | RefusedCase]:
    return read_cases(document.parse(text, "f.yaml"), name="f")


def only(text: str) -> Case:
    (case,) = read(text)
    assert isinstance(case, Case), case
    return case


def refused(text: str) -> RefusedCase:
    (case,) = read(text)
    assert isinstance(case, RefusedCase), case
    return case


def test_a_case_has_types_and_phases_and_all_else_is_a_remark() -> None:
    case = only(
        """
id: 16
title: A case
kind: accept
origin: {repo: somewhere}
parametric: [1]
scale_hint: {n: 5}
formula: x
static: {}
why: because
"""
        + TYPES
        + """
phases:
- name: deploy
  note: [any, {thing: 1}]
  program:
  - [add, c, Srv]
  - [connect, c.p, d.q]
  - [push, c, deploy]
  - [wait, c, deploy, {deadline_s: 2}]
  - [wait_all]
  expect: {outcome: completes, anything: [1]}
- programs:
    one: []
    two: [[wait_all]]
"""
    )
    assert (case.id, case.title, list(case.component_types)) == ("16", "A case", ["Srv"])
    assert case.phases == (
        Phase(
            name="deploy",
            programs=(
                Program(
                    name="main",
                    instructions=(
                        Add(component="c", type="Srv"),
                        Connect(one=PortRef("c", "p"), other=PortRef("d", "q")),
                        Push(component="c", behaviour="deploy"),
                        Wait(component="c", behaviour="deploy", deadline_s=2.0),
                        WaitAll(),
                    ),
                ),
            ),
        ),
        Phase(
            name="phase 2",
            programs=(
                Program(name="one", instructions=()),
                Program(name="two", instructions=(WaitAll(),)),
            ),
        ),
    )


def test_every_field_of_a_component_type_is_read() -> None:
    case = only(
        """
component_types:
  T:
    description: a remark
    initial: off
    places: {off: , up: {note: a remark}, 3: {}}
    groups: {late: [up, 3], one: up}
    switches:
      up:
        reads: d
        rules:
        - {if: < 5, take: a}
        - {if: "== '5'", take: [a]}
        - {if: '!= large room', take: []}
        - {if: ">= true", take: []}
        - {if: [<=, [1, x]], take: []}
        - {else: [b]}
    transitions:
      s:
        {from: off, to: up, behaviour: go, duration: [1, 2.5], dock_set: 1, reads: d,
         writes: {e: {k: [1]}}}
      a: {from: up, to: off, behavior: go, raises: disk full, dock_set: x}
      b: {from: up, to: 3, behavior: go, reads: [d, u], duration: 4}
    ports:
      u: {kind: use, on: late, interface: http, rebind: {duration: 2}}
      v: {kind: use, on: [s, a], rebind: 0.5}
      d: {kind: data_use, on: [up]}
      e: {kind: data_provide, on: up}
phases: [{program: []}]
"""
    )
    found = case.component_types["T"]
    assert (found.name, found.initial, found.places) == ("T", "off", ("off", "up", "3"))
    assert found.groups == {"late": ("up", "3"), "one": ("up",)}
    assert found.transition_by_name["s"] == Transition(
        name="s",
        source="off",
        target="up",
        behaviour="go",
        durations_s=(1.0, 2.5),
        dock_set="1",
        reads=("d",),
        writes={"e": {"k": [1]}},
    )
    assert found.transition_by_name["a"].raises == "disk full"
    assert found.transition_by_name["a"].durations_s == (0.0,)
    assert found.transition_by_name["b"].reads == ("d", "u")
    assert found.ports == (
        Port(name="u", kind=PortKind.USE, on=("late",), interface="http", rebind_s=2.0),
        Port(name="v", kind=PortKind.USE, on=("s", "a"), rebind_s=0.5),
        Port(name="d", kind=PortKind.DATA_USE, on=("up",)),
        Port(name="e", kind=PortKind.DATA_PROVIDE, on=("up",)),
    )
    assert found.switches[0].rules == (
        SwitchRule(take=("a",), comparison=Comparison.LESS, operand=5),
        SwitchRule(take=("a",), comparison=Comparison.EQUAL, operand="5"),
        SwitchRule(take=(), comparison=Comparison.DIFFERENT, operand="large room"),
        SwitchRule(take=(), comparison=Comparison.AT_LEAST, operand=True),
        SwitchRule(take=(), comparison=Comparison.AT_MOST, operand=[1, "x"]),
        SwitchRule(take=("b",)),
    )


@pytest.mark.parametrize(
    "start",
    [
        "after phase deploy of case 16 (every component in deployed)",
        "after phase deploy of case 16",
        "{case: 16, phase: deploy}",
    ],
)
def test_a_case_can_start_where_another_one_ended(start: str) -> None:
    case = only(f"start: {start}\nconnections: as in case 16\nprograms: {{a: [], b: []}}" + TYPES)
    assert case.start == Start(case="16", phase="deploy")
    assert [phase.name for phase in case.phases] == ["programs"]
    assert [program.name for program in case.phases[0].programs] == ["a", "b"]
    assert list(case.component_types) == ["Srv"]


def test_cases_without_an_id_are_called_by_the_file() -> None:
    assert only("phases: [{program: []}]").id == "f"
    assert [case.id for case in read("- phases: [{program: []}]\n- id: x\n- 1")] == [
        "f-1",
        "x",
        "f-3",
    ]


def test_an_illegal_case_of_a_list_does_not_hide_the_others() -> None:
    cases = read(
        """
- id: wrong
  title: Wrong
  component_types: {X: {places: [a]}}
  phases: [{name: x, program: []}]
- id: right
  phases: [{program: []}]
"""
    )
    assert isinstance(cases[0], RefusedCase)
    assert (cases[0].id, cases[0].title, cases[0].phase) == ("wrong", "Wrong", "x")
    assert type(cases[0].error) is errors.MissingInitialPlace
    assert str(cases[0].error).startswith("f.yaml:4: X: initial place missing")
    assert isinstance(cases[1], Case)


def test_a_refusal_names_the_phase_at_fault() -> None:
    case = refused("phases: [{name: a, program: []}, {name: b, program: [[push, c]]}]")
    assert case.phase == "b"


@pytest.mark.parametrize("text", ["", "just text", "12"])
def test_a_document_that_is_no_case_is_an_error_of_the_whole_file(text: str) -> None:
    with pytest.raises(errors.DocumentError, match="neither a case nor a list of cases"):
        read(text)


T = "component_types: {T: {initial: a, places: [a, b], "

# Each: the document, and what the refusal says.
REFUSALS = [
    ("phases: [{program: []}]\nphase: 1", "unknown field 'phase' (did you mean 'phases'?)"),
    ("phases: [{progam: []}]", "unknown field 'progam' (did you mean 'program'?)"),
    ("phases: {program: []}", "expected a list, found a mapping"),
    ("phases: [1]", "phases[0]: expected a mapping"),
    ("phases: []", "a case without phases"),
    ("id: x", "a case without phases"),
    ("phases: [{}]", "either a program"),
    ("phases: [{program: [], programs: {}}]", "either a program"),
    ("phases: [{programs: {}}]", "there are no programs"),
    ("phases: [{program: []}]\nprograms: {a: []}", "not both"),
    ("phases: [{program: []}]\nconnections: []", "a case is connected by its program"),
    ("phases: [{program: []}]\nstart: somewhere", "'somewhere' names no start"),
    ("phases: [{program: []}]\nstart: {case: 1}", "give both"),
    ("phases: [{name: [], program: []}]", "phases[0].name: expected text"),
    ("phases: [{program: [push c go]}]", "expected a list, found the text 'push c go'"),
    ("phases: [{program: [[]]}]", "is no instruction; instructions are add"),
    ("phases: [{program: [[pusch, c, go]]}]", "phases[0].program[0]: 'pusch' is no instruction"),
    ("phases: [{program: [[push, c]]}]", "write this instruction as [push, component, behaviour]"),
    ("phases: [{program: [[push, c, [go]]]}]", "program[0][2]: expected text, found a list"),
    ("phases: [{program: [[connect, c, d.q]]}]", "'c' is no port"),
    ("phases: [{program: [[add, c.d, T]]}]", "has a dot"),
    ("phases: [{program: [[wait_all, {deadline_s: -1}]]}]", "deadline_s is -1"),
    ("id: [x]\nphases: [{program: []}]", "id: expected text"),
    ("component_types: [T]", "component_types: expected a mapping"),
    ("component_types: {T: }", "initial place missing"),
    (T + "place: [c]}}", "unknown field 'place' (did you mean 'places'?)"),
    (T + "transitions: [t]}}", "transitions: expected a mapping"),
    (T + "transitions: {t: {to: b, behavior: go}}}}", "the field 'from' is missing"),
    (T + "transitions: {t: {from: a, behavior: go}}}}", "the field 'to' is missing"),
    (T + "transitions: {t: {from: a, behavior: go, behaviour: go}}}}", "are one field"),
    (T + "transitions: {t: {from: a, to: b, behavior: go, duration: fast}}}}", "expected a number"),
    (T + "transitions: {t: {from: a, to: b, behavior: go, duration: true}}}}", "expected a number"),
    (T + "transitions: {t: {from: a, to: b, behavior: go, dock_set: [1]}}}}", "dock_set"),
    (T + "transitions: {t: {from: a, to: b, go: c}}}}", "unknown field 'go'"),
    (T + "ports: {p: {on: a}}}}", "the field 'kind' is missing; give one of use, provide"),
    (T + "ports: {p: {kind: provides, on: a}}}}", "(did you mean 'provide'?)"),
    (T + "ports: {p: {kind: use, at: a}}}}", "unknown field 'at'"),
    (T + "ports: {p: {kind: use, on: b, rebind: {}}}}}", "the field 'duration' is missing"),
    (T + "switches: {a: {rules: []}}}}", "the field 'reads' is missing"),
    (T + "switches: {a: {reads: d, rules: [{take: []}]}}}}", "write a rule as"),
    (T + "switches: {a: {reads: d, rules: [{else: [], take: []}]}}}}", "write a rule as"),
    (T + "switches: {a: {reads: d, rules: [{if: '< 5'}]}}}}", "the field 'take' is missing"),
    (T + "switches: {a: {reads: d, rules: [{if: 5, take: []}]}}}}", "write a condition"),
    (T + "switches: {a: {reads: d, rules: [{if: [x, 5], take: []}]}}}}", "write a condition"),
    (T + "switches: {a: {reads: d, rules: [{if: '<', take: []}]}}}}", "write a condition"),
    (T + "switches: {a: {reads: d, rules: [{if: '< .nan', take: []}]}}}}", "cannot hold"),
    (T + "switches: {a: {reads: d, rules: [{if: '< \"a\" b', take: []}]}}}}", "not YAML"),
    (T + "places: [a]}}", "second time"),
    ('component_types: {"T\\e[2J": {}}', "has characters that do not print"),
]


@pytest.mark.parametrize(("text", "words"), REFUSALS)
def test_what_is_wrong_with_a_case_is_said_with_file_and_line(text: str, words: str) -> None:
    try:
        error: errors.ModelError = refused(text).error
    except errors.DocumentError as problem:
        error = problem
    assert words in str(error)
    assert str(error).startswith("f.yaml:1: ") or str(error).startswith("f.yaml:2: ")
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("- 1", True), ("phases: ", True), ("programs: ", True), ("components: ", False), ("", False)],
)
def test_a_case_is_known_by_its_phases_or_programs(text: str, is_one: bool) -> None:
    assert is_case(document.parse(text)) is is_one
