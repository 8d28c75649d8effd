"""The shared conformance cases: read, simulated, and compared with what they expect.

The expectations are read here on their own, and not by what is tested.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ripieno import offline
from ripieno.engine.machine import Machine
from ripieno.engine.simulate import simulate
from ripieno.model import document, errors, reading, simulation
from ripieno.model.case import Case, Phase, RefusedCase
from ripieno.model.event import ProgramsSubmitted
from ripieno.model.program import Wait, WaitAll
from ripieno.model.simulation import CaseReport

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("RIPIENO_SHARED", REPOSITORY.parent / "shared")) / "conformance"
"""The same as the fixture `shared`, which skips without it; needed here to name the cases."""

REFUSALS: dict[str, type[errors.ModelError]] = {
    "reject_incompatible_ports": errors.IncompatiblePorts,
    "reject_unknown_component": errors.UnknownComponent,
    "reject_duplicate_add": errors.NameTaken,
    "reject_second_provider": errors.SecondProvider,
    "reject_delete_connected": errors.StillConnected,
    "reject_provide_on_transition": errors.ProvideOnTransition,
    "reject_no_initial_place": errors.MissingInitialPlace,
}


def written(path: Path) -> list[dict[str, Any]]:
    """The cases of a file, as they are written."""
    # By libyaml, as every worker reads all of them to know the tests.
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded if isinstance(loaded, list) else [loaded]


def named() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        for number, each in enumerate(written(path)):
            yield pytest.param(path.name, number, id=f"{path.stem}/{each['id']}")


CASES = list(named()) or [pytest.param("", 0, id="none")]


def read(path: Path, number: int) -> Case | RefusedCase:
    """The case as the product reads it."""
    node = document.parse(path.read_text(encoding="utf-8"), path.name)
    return reading.read_cases(node, name=path.stem)[number]


def printed(report: CaseReport) -> list[dict[str, Any]]:
    """The phases as `ripieno simulate --json` prints them."""
    phases: list[dict[str, Any]] = simulation.to_json(report)["phases"]
    return phases


def check(phase: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    assert phase["outcome"] == expect["outcome"], phase["reason"]
    if "makespan" in expect:
        assert phase["makespan"] == pytest.approx(expect["makespan"], abs=1e-9)
    timeline = {
        name: runs if isinstance(runs[0], list) else [runs]
        for name, runs in (expect.get("timeline") or {}).items()
    }
    for name, runs in timeline.items():
        assert [pytest.approx(run, abs=1e-9) for run in runs] == phase["timeline"][name], name
    if expect.get("timeline_complete"):
        assert set(phase["timeline"]) == set(timeline)
    for name, final in (expect.get("final") or {}).items():
        got = phase["final"].get(name, "absent")
        if isinstance(final, list):
            assert set(got) == set(final), name
        else:
            assert got == final, name
    if phase["outcome"] != "completes":
        assert phase["reason"]
    for why in key_phrases(expect):
        assert why in phase["reason"].lower()


def key_phrases(expect: Mapping[str, Any]) -> list[str]:
    """What of the remarks must be recognisable in the reason: not what they add in brackets."""
    why = re.split(r"[;(]", expect.get("why", ""))[0]
    cycle = [re.sub(r"after its .*|: .*", "", each) for each in expect.get("cycle", ())]
    return [each.strip().lower() for each in (why, *cycle) if each]


@pytest.mark.parametrize(("file", "number"), CASES)
def test_case_comes_out_as_expected(shared: Path, file: str, number: int) -> None:
    path = shared / "conformance" / file
    expected = written(path)[number]
    phases = printed(offline.simulate_file(str(path))[number])
    expects = [each["expect"] for each in expected.get("phases", [expected])]
    assert len(phases) == len(expects)
    for phase, expect in zip(phases, expects, strict=True):
        check(phase, expect)


def with_deadline(phase: Phase, deadline_s: float) -> Phase:
    """The phase, with a deadline on the last wait of its only program."""
    (program,) = phase.programs
    instructions = list(program.instructions)
    last = max(i for i, each in enumerate(instructions) if isinstance(each, Wait | WaitAll))
    wait = instructions[last]
    assert isinstance(wait, Wait | WaitAll)
    instructions[last] = replace(wait, deadline_s=deadline_s)
    return replace(phase, programs=(replace(program, instructions=tuple(instructions)),))


def deadlines() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        for number, each in enumerate(written(path)):
            for index, phase in enumerate(each.get("phases", ())):
                for seconds in phase["expect"].get("at_time", ()):
                    yield pytest.param(
                        path.name, number, index, seconds, id=f"{path.stem}/{each['id']}@{seconds}"
                    )


@pytest.mark.parametrize(
    ("file", "number", "index", "seconds"),
    list(deadlines()) or [pytest.param("", 0, 0, "0", id="none")],
)
def test_wait_reports_what_is_active_at_its_deadline(
    shared: Path, file: str, number: int, index: int, seconds: str
) -> None:
    path = shared / "conformance" / file
    case = read(path, number)
    assert isinstance(case, Case)
    phases = list(case.phases)
    phases[index] = with_deadline(phases[index], float(seconds))
    phase = printed(simulate(replace(case, phases=tuple(phases))))[index]
    (report,) = phase["wait_reports"]
    expect = written(path)[number]["phases"][index]["expect"]
    for name, value in expect["at_time"][seconds].items():
        assert report[name] == value
    assert phase["outcome"] == expect["outcome"]
    assert phase["makespan"] == expect["makespan"]


@pytest.mark.parametrize(("case_id", "error"), REFUSALS.items())
def test_refusal_has_a_type_of_its_own(
    shared: Path, case_id: str, error: type[errors.ModelError]
) -> None:
    path = shared / "conformance" / "31_rejects.yaml"
    numbers = {each["id"]: number for number, each in enumerate(written(path))}
    assert set(numbers) == set(REFUSALS)
    case = read(path, numbers[case_id])
    if isinstance(case, RefusedCase):
        assert type(case.error) is error
    else:
        machine = Machine(case.component_types)
        with pytest.raises(error) as caught:
            for phase in case.phases:
                machine.handle(ProgramsSubmitted(programs=phase.programs))
        assert type(caught.value) is error
