"""The drawing: what it shows, of what, and that nothing in a report can break it."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from ripieno.cli import gantt, svg
from ripieno.model.program import Outcome
from ripieno.model.simulation import CaseReport, PhaseReport, SpanKind
from tests.unit.cli.reports import phase, span

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script>]]>&\x00\x1b[31m\u202e"


def drawn(*phases: PhaseReport, title: str = "") -> Element:
    return ElementTree.fromstring(gantt.draw([CaseReport(id="case", phases=phases, title=title)]))


def texts(root: Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def shapes(root: Element, kind: str) -> list[Element]:
    """Shapes of a kind that stand for a span: those with a tooltip."""
    return [
        each
        for each in root.iter()
        if kind in each.get("class", "").split() and each.find(f"{SVG}title") is not None
    ]


def tooltip(shape: Element) -> str:
    title = shape.find(f"{SVG}title")
    return "" if title is None else title.text or ""


def test_the_critical_path_is_outlined_and_linked_from_lane_to_lane() -> None:
    root = drawn(
        phase(
            span("a", "install", 0, 4, is_critical=True),
            span("b", "install", 0, 1),
            span("b", "start", 4, 9, is_critical=True),
        )
    )
    assert [tooltip(each).partition(",")[0] for each in shapes(root, "critical")] == [
        "a: install",
        "b: start",
    ]
    arrows = [each for each in root.iter(f"{SVG}path") if each.get("class") == "path"]
    assert len(arrows) == 1
    assert "critical path" in texts(root)
    description = root.find(f"{SVG}desc")
    assert description is not None and "Critical path: a.install, b.start" in (
        description.text or ""
    )


def test_the_legend_has_the_kinds_that_occur_and_no_others() -> None:
    root = drawn(phase(span("a", "t", 0, 1), span("a", "b.p", 1, 2, SpanKind.WAITING)))
    shown = texts(root)
    assert "running" in shown and "waiting for a provider" in shown
    assert not {"failed", "holding until users leave", "critical path"} & set(shown)


def test_what_takes_no_time_is_a_mark_of_its_own() -> None:
    root = drawn(phase(span("a", "now", 0, 0, is_critical=True)))
    (mark,) = shapes(root, "running")
    assert mark.tag == f"{SVG}path" and tooltip(mark) == "a: now, running, at 0 s"


def test_a_wait_without_end_reaches_beyond_the_last_thing_that_ended() -> None:
    root = drawn(phase(span("a", "t", 0, 10), span("b", "a.p", 3, None, SpanKind.WAITING)))
    (ran,), (waits,) = shapes(root, "running"), shapes(root, "waiting")
    assert right(waits) > right(ran) + 20
    assert "from 3 s on" in tooltip(waits)


def right(shape: Element) -> float:
    return float(shape.get("x", "")) + float(shape.get("width", ""))


def test_names_that_do_not_fit_are_still_told() -> None:
    name = "a_transition_with_a_very_long_name"
    spans = [span("a", f"{name}{i}", i, i + 1) for i in range(40)]
    root = drawn(phase(*spans))
    assert f"{name}0" not in texts(root)
    assert any(tooltip(each).startswith(f"a: {name}0,") for each in shapes(root, "running"))


def test_hostile_names_are_text_and_harmless() -> None:
    root = drawn(
        phase(span(HOSTILE, HOSTILE, 0, 1), outcome=Outcome.FAILED, reason=HOSTILE), title=HOSTILE
    )
    assert not list(root.iter(f"{SVG}script"))
    assert any(text.startswith("</text><script>") for text in texts(root))
    assert not re.search("[\x00\x1b\u202e]", ElementTree.tostring(root, encoding="unicode"))


def test_reasons_stand_under_the_chart_one_a_line() -> None:
    reason = "a waits for b; b waits for a; that is a cycle: a -> b -> a"
    shown = texts(
        drawn(
            phase(
                span("a", "b.p", 0, None, SpanKind.WAITING), outcome=Outcome.DEADLOCK, reason=reason
            )
        )
    )
    assert {"a waits for b", "b waits for a", "that is a cycle: a -> b -> a"} <= set(shown)


@pytest.mark.parametrize("makespan_s", [0.0, 1e-6, 0.3, 42.0, 1e9])
def test_everything_is_on_the_paper_at_every_scale(makespan_s: float) -> None:
    root = drawn(phase(*(span(f"c{i}", "t", 0, makespan_s) for i in range(3))))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert width == svg.WIDTH == float(root.get("width", ""))
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", "")) <= width and 0 <= float(text.get("y", "")) <= height


def test_of_thousands_of_components_some_are_drawn_and_the_rest_is_counted() -> None:
    root = drawn(phase(*(span(f"c{i}", "t", 0, 1) for i in range(5_000))))
    assert len(shapes(root, "running")) == gantt.MOST_LANES
    assert any("100 of 5,000 components are drawn" in text for text in texts(root))


def test_a_phase_in_which_nothing_happens_is_its_title() -> None:
    refused = PhaseReport(name="x", outcome=Outcome.REJECTED, reason="no such component: z")
    shown = texts(drawn(phase(), refused))
    assert "completes in 0 s" in shown and "no such component: z" in shown


def test_the_colours_need_no_variables_which_tools_for_papers_do_not_know() -> None:
    style = drawn(phase(span("a", "t", 0, 1))).find(f"{SVG}style")
    assert style is not None and style.text is not None
    assert "var(" not in style.text and "prefers-color-scheme: dark" in style.text


def test_text_is_wrapped_and_cut_by_its_width() -> None:
    lines = list(svg.wrapped("one two three " * 30, 300))
    assert len(lines) > 3 and all(svg.text_width(line) <= 300 for line in lines)
    assert svg.fitted("x" * 500, 100).endswith("…")
    assert svg.fitted("wide", 10) == ""
