"""The waits in a simulated phase: whose, for what, from when until when."""

from pathlib import Path

import pytest

from ripieno import offline
from ripieno.model.simulation import PhaseReport, SpanKind

TYPES = """
component_types:
  Server:
    initial: off
    places: [off, up]
    transitions:
      start: {from: off, to: up, behavior: start, duration: 4}
      stop: {from: up, to: off, behavior: stop, duration: 1}
    ports:
      sql: {kind: provide, on: up}
      address: {kind: data_provide, on: up}
  User:
    initial: off
    places: [off, ready, done]
    groups: {busy: [ready, done]}
    transitions:
      pull: {from: off, to: ready, behavior: start, duration: 9}
      configure: {from: off, to: ready, behavior: start, duration: 1}
      leave: {from: ready, to: done, behavior: stop, duration: 2}
      back: {from: done, to: off, behavior: stop, duration: 1}
    ports:
      store: {kind: use, on: busy}
      place: {kind: data_use, on: configure}
phases:
- name: up
  program:
  - [add, db, Server]
  - [add, app, User]
  - [connect, app.store, db.sql]
  - [connect, app.place, db.address]
  - [push, app, start]
  - [push, db, start]
  - [wait_all]
- name: down
  program:
  - [push, db, stop]
  - [push, app, stop]
  - [wait_all]
"""

Wait = tuple[str, SpanKind, str, float, float | None]


def waits(report: PhaseReport) -> set[Wait]:
    return {
        (span.component, span.kind, span.name, span.start_s, span.end_s)
        for span in report.spans
        if span.kind in (SpanKind.WAITING, SpanKind.HOLDING)
    }


@pytest.fixture
def simulated(tmp_path: Path) -> tuple[PhaseReport, ...]:
    file = tmp_path / "case.yaml"
    file.write_text(TYPES, encoding="utf-8")
    (report,) = offline.simulate_file(str(file))
    return report.phases


def test_a_branch_that_waits_is_told_while_another_runs(
    simulated: tuple[PhaseReport, ...],
) -> None:
    assert waits(simulated[0]) == {("app", SpanKind.WAITING, "db.address", 0.0, 4.0)}


def test_a_branch_that_waits_for_its_sibling_is_no_wait(
    simulated: tuple[PhaseReport, ...],
) -> None:
    # configure has arrived at 5; pull arrives at 9, and nobody else is waited for.
    assert simulated[0].makespan_s == 9


def test_a_provider_holds_its_place_until_its_user_has_left(
    simulated: tuple[PhaseReport, ...],
) -> None:
    assert waits(simulated[1]) == {("db", SpanKind.HOLDING, "app.store", 0.0, 2.0)}


def test_what_never_comes_is_waited_for_without_end(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    unconnected = TYPES.replace("  - [connect, app.place, db.address]\n", "")
    file.write_text(unconnected.partition("- name: down")[0], encoding="utf-8")
    (report,) = offline.simulate_file(str(file))
    assert waits(report.phases[0]) == {
        ("app", SpanKind.WAITING, "place (not connected)", 0.0, None)
    }


def test_a_wait_goes_on_through_the_phases(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    program = "- name: up\n  program:\n"
    stuck = TYPES.partition(program)[0] + (
        f"{program}  - [add, app, User]\n  - [push, app, start]\n  - [wait_all]\n"
        "- name: later\n  program:\n  - [add, db, Server]\n  - [push, db, start]\n  - [wait, db]\n"
    )
    file.write_text(stuck, encoding="utf-8")
    (report,) = offline.simulate_file(str(file))
    assert ("app", SpanKind.WAITING, "place (not connected)", 0.0, None) in waits(report.phases[1])
