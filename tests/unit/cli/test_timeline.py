"""The timeline in a terminal of any width, with and without colour."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from ripieno.cli import timeline
from ripieno.model.command import Activity, ReportWait
from ripieno.model.program import Outcome
from ripieno.model.simulation import CaseReport, FailedTransitions, PhaseReport, SpanKind
from tests.unit.cli.reports import phase, span


def shown(*phases: PhaseReport, width: int = 80, encoding: str = "utf-8") -> str:
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding, errors="replace")
    console = Console(file=file, width=width, highlight=False, color_system=None)
    timeline.show(CaseReport(id="case", phases=phases), console)
    file.flush()
    return written.getvalue().decode(encoding)


def line_of(text: str, component: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"{component} "))


SHOP = phase(
    span("db", "start", 0, 6, is_critical=True),
    span("api", "install", 0, 3),
    span("api", "db.sql", 3, 6, SpanKind.WAITING),
    span("api", "start", 6, 10, is_critical=True),
    span("old", "api.sql", 0, 4, SpanKind.HOLDING),
)


def test_critical_running_waiting_and_holding_differ_without_colour() -> None:
    text = shown(SHOP)
    assert "█start█" in line_of(text, "db")
    assert "▄install▄" in line_of(text, "api") and "┄db.sql┄" in line_of(text, "api")
    assert "░api.sql░" in line_of(text, "old")
    assert "completes in 10 s" in text and "  6 to 10 s  api.start" in text


def test_bars_are_to_scale() -> None:
    text = shown(SHOP, width=104)
    bar = line_of(text, "db").removeprefix("db  ")
    assert len(bar) == pytest.approx(60, abs=2)


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 250])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    names = phase(span("日本語の部品" * 9, "開始する" * 9, 0, 2), span("b" * 90, "t" * 90, 1, 3))
    lines = shown(SHOP, names, width=width).splitlines()
    if width >= 20:
        assert max(map(cell_len, lines)) <= width


def test_a_terminal_that_has_ascii_only_gets_ascii_bars() -> None:
    text = shown(SHOP, encoding="ascii")
    assert "#start#" in line_of(text, "db") and ".db.sql." in line_of(text, "api")


def test_markup_and_control_characters_in_names_are_shown_not_obeyed() -> None:
    text = shown(phase(span("[red]a[/red]", "\x1b[31mt\x07", 0, 1, is_critical=True)))
    assert "[red]a[/red]" in text and "\x1b" not in text and "\x07" not in text
    assert "\\x1b[31mt" in text


def test_the_reasons_of_a_deadlock_are_told_one_a_line() -> None:
    text = shown(
        phase(
            span("a", "u (not connected)", 0, None, SpanKind.WAITING),
            outcome=Outcome.DEADLOCK,
            reason="program p waits; a.u has no provider; connect it; that is a cycle: p -> a -> p",
        )
    )
    assert "  - program p waits\n  - a.u has no provider; connect it\n  - that is a cycle" in text


def test_what_failed_and_what_is_gone_is_said_at_the_end() -> None:
    report = PhaseReport(
        name="x",
        outcome=Outcome.FAILED,
        makespan_s=1.0,
        final={"a": FailedTransitions(transitions=("t",)), "b": None, "c": ("up",), "d": ("up",)},
        reason="a.t: disk full",
    )
    text = shown(report)
    for words in ("failed in t: a", "absent: b", "up: c, d", "- a.t: disk full"):
        assert words in text


def test_a_deadline_that_was_reached_is_told() -> None:
    report = PhaseReport(
        name="x",
        outcome=Outcome.COMPLETES,
        makespan_s=1.0,
        reports=(
            ReportWait(
                program="p",
                instruction=2,
                waited_for={"a": Activity(active_transitions=("boot",), active_places=())},
            ),
        ),
    )
    assert "Deadline of instruction 3 of program p: a was still in boot" in shown(report)


def test_a_large_assembly_is_shown_in_part() -> None:
    text = shown(phase(*(span(f"c{i}", "t", i, i + 1, is_critical=True) for i in range(5_000))))
    assert "40 of 5,000 components are drawn" in text and "(4,976 more)" in text
    assert len(text.splitlines()) < 100


def test_more_instants_than_columns_are_no_trouble() -> None:
    text = shown(phase(*(span("a", f"t{i}", 0, 0) for i in range(150))))
    assert "completes in 0 s" in text
