"""A simulated case as an SVG Gantt chart: lanes by component, the critical path marked.

The drawing carries its own colours for light and dark pages, and no script. Everything that comes
from a file goes in as text or attribute of an element, so names cannot become markup.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ripieno.cli import axis, lanes
from ripieno.cli.axis import Axis
from ripieno.cli.lanes import Lane, Lanes
from ripieno.model.node import printable
from ripieno.model.program import Outcome
from ripieno.model.simulation import CaseReport, PhaseReport, Span, SpanKind

WIDTH = 960
MARGIN = 20
ROW = 22
BAR = 16
LANE_GAP = 7
CHARACTER = 6.3
"""Pixels: of the whole drawing, its margin, a row, a bar, between lanes, of a letter at 11 px."""

MOST_LANES = 80
MOST_SPANS = 1_500
MOST_LABEL = 26
LEAST_BAR = 1.5

_KINDS = {
    SpanKind.RUNNING: "running",
    SpanKind.REBIND: "changing provider",
    SpanKind.WAITING: "waiting for a provider",
    SpanKind.HOLDING: "holding until users leave",
    SpanKind.FAILED: "failed",
}
_OUTCOMES = {
    Outcome.COMPLETES: "completes in {}",
    Outcome.DEADLOCK: "deadlock at {}",
    Outcome.FAILED: "fails, over at {}",
    Outcome.REJECTED: "rejected",
    Outcome.CANCELLED: "cancelled at {}",
}
# Okabe and Ito's palette, which holds for colour-blind readers, a little lighter on dark paper.
_STYLE = """
svg { --paper: #ffffff; --ink: #1b1f24; --soft: #5c6670; --grid: #e3e7eb; --band: #f6f8fa;
  --running: #a9d3ee; --rebind: #97dcc2; --waiting: #8a949e; --holding: #e7a3c8; --failed: #ee9a6b;
  --critical: #1b1f24; }
@media (prefers-color-scheme: dark) { svg { --paper: #0f1318; --ink: #e8ecf0; --soft: #9aa5b0;
  --grid: #262d35; --band: #151a20; --running: #2c6a94; --rebind: #1f7d5f; --waiting: #7b8691;
  --holding: #93416f; --failed: #b4541f; --critical: #ffd166; } }
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  font-size: 12px; fill: var(--ink); }
.title { font-size: 16px; font-weight: 600; } .phase { font-size: 14px; font-weight: 600; }
.soft { fill: var(--soft); } .small { font-size: 11px; } .end { text-anchor: end; }
.middle { text-anchor: middle; } .paper { fill: var(--paper); } .band { fill: var(--band); }
.grid { stroke: var(--grid); stroke-width: 1; }
.running { fill: var(--running); } .rebind { fill: var(--rebind); } .failed { fill: var(--failed); }
.holding { fill: var(--holding); fill-opacity: .55; }
.waiting { stroke: var(--waiting); stroke-width: 2; stroke-dasharray: 2 4; fill: none; }
.critical { stroke: var(--critical); stroke-width: 2; }
.path { stroke: var(--critical); stroke-width: 1.5; fill: none; }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scale:
    """Seconds to pixels."""

    left: float
    right: float
    horizon_s: float

    def x(self, seconds: float) -> float:
        """The pixel of a moment."""
        return self.left + (self.right - self.left) * seconds / self.horizon_s


def draw(reports: Sequence[CaseReport]) -> str:
    """The SVG of all phases of some cases, one under the other."""
    svg = Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "width": str(WIDTH), "role": "img"},
    )
    SubElement(svg, "title").text = "; ".join(_shown(each.title or each.id) for each in reports)
    SubElement(svg, "desc").text = " ".join(
        f"{_shown(phase.name)} {_outcome(phase)}." for each in reports for phase in each.phases
    )
    SubElement(svg, "style").text = _STYLE
    paper = SubElement(svg, "rect", {"class": "paper", "width": str(WIDTH)})
    y = float(MARGIN)
    for report in reports:
        for line in _wrapped(_shown(report.title or report.id, 300), 95):
            _text(svg, MARGIN, y + 14, line, "title")
            y += 20
        y += 10
        for phase in report.phases:
            y = _Phase(svg, phase, y).draw() + 26
    height = f"{y:.0f}"
    svg.set("height", height)
    svg.set("viewBox", f"0 0 {WIDTH} {height}")
    paper.set("height", height)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


class _Phase:
    """One phase, drawn from a height on."""

    def __init__(self, svg: Element, phase: PhaseReport, top: float) -> None:
        self.svg = svg
        self.phase = phase
        self.top = top
        self.lanes: Lanes = lanes.lay_out(phase, most_lanes=MOST_LANES, most_spans=MOST_SPANS)
        names = [_shown(lane.component) for lane in self.lanes.shown]
        margin = max([60.0, *(len(name) * 7.0 for name in names)])
        self.axis: Axis = axis.make(
            phase.makespan_s or 0.0, most_ticks=10, is_open=self.lanes.is_open
        )
        self.scale = _Scale(
            left=MARGIN + margin + 10, right=WIDTH - MARGIN - 12, horizon_s=self.axis.horizon_s
        )
        self.centres: list[tuple[Span, float]] = []

    def draw(self) -> float:
        """Draw it; returns the height where it ends."""
        y = self.top
        _text(self.svg, MARGIN, y + 13, _shown(self.phase.name), "phase")
        offset = len(_shown(self.phase.name)) * 8.4 + 14
        _text(self.svg, MARGIN + offset, y + 13, _outcome(self.phase), "soft")
        y += 26
        if self.lanes.shown:
            y = self._draw_chart(y)
        for note in self._notes():
            _text(self.svg, MARGIN, y + 14, note, "soft small")
            y += 17
        return y

    def _draw_chart(self, top: float) -> float:
        bottom = top + sum(len(lane.rows) * ROW + LANE_GAP for lane in self.lanes.shown)
        grid = SubElement(self.svg, "g")
        bars = SubElement(self.svg, "g")
        y = top
        for number, lane in enumerate(self.lanes.shown):
            height = len(lane.rows) * ROW + LANE_GAP
            if number % 2 == 0:
                _rect(grid, MARGIN - 8, y, WIDTH - 2 * MARGIN + 16, height, "band")
            self._draw_lane(bars, lane, y + LANE_GAP / 2)
            y += height
        for seconds, label in self.axis.ticks:
            x = self.scale.x(seconds)
            _line(grid, x, top, x, bottom, "grid")
            _text(self.svg, x, bottom + 16, label, "soft small middle")
        last = self.axis.ticks[-1]
        label_end = self.scale.x(last[0]) + len(last[1]) * 3.5 + 6
        _text(self.svg, label_end, bottom + 16, self.axis.unit, "soft small")
        self._draw_critical_path()
        return self._draw_legend(bottom + 26)

    def _draw_lane(self, parent: Element, lane: Lane, top: float) -> None:
        middle = top + len(lane.rows) * ROW / 2
        _text(parent, self.scale.left - 10, middle + 4, _shown(lane.component), "end")
        for number, row in enumerate(lane.rows):
            y = top + number * ROW + (ROW - BAR) / 2
            following = [*(self.scale.x(span.start_s) for span in row[1:]), self.scale.right]
            for span, free_until in zip(row, following, strict=True):
                self._draw_span(parent, span, y, free_until)

    def _draw_span(self, parent: Element, span: Span, y: float, free_until: float) -> None:
        begin = self.scale.x(span.start_s)
        end = self.scale.x(self.axis.horizon_s if span.end_s is None else span.end_s)
        group = SubElement(parent, "g")
        told = f"{span.component}: {span.name}" if span.name else span.component
        SubElement(group, "title").text = _shown(
            f"{told}, {_KINDS[span.kind]}, {axis.span(span.start_s, span.end_s)}", 300
        )
        middle = y + BAR / 2
        if span.kind is SpanKind.WAITING:
            _line(group, begin + 2, middle, max(end - 2, begin + 3), middle, "waiting")
        elif end - begin < LEAST_BAR:
            _diamond(group, begin, middle, f"{span.kind.value}{' critical' * span.is_critical}")
        else:
            style = f"{span.kind.value}{' critical' * span.is_critical}"
            _rect(group, begin + 0.5, y, max(end - begin - 1, 1), BAR, style, radius=3)
        if span.is_critical:
            self.centres.append((span, middle))
        self._label(group, span, begin, end, middle, free_until)

    def _label(
        self,
        parent: Element,
        span: Span,
        begin: float,
        end: float,
        middle: float,
        free_until: float,
    ) -> None:
        """The name of what runs: in its bar if it fits, behind it if there is room."""
        if not span.name or span.kind is SpanKind.WAITING:
            return
        name = _shown(span.name)
        width = len(name) * CHARACTER
        if width <= end - begin - 8:
            _text(parent, (begin + end) / 2, middle + 4, name, "small middle")
        elif width <= free_until - end - 10:
            _text(parent, end + 6, middle + 4, name, "small")

    def _draw_critical_path(self) -> None:
        """A thin line from each critical span to the one that it set off, in another row."""
        path = sorted(self.centres, key=lambda each: (each[0].start_s, each[0].end_s or 0.0))
        for (_one, from_y), (other, to_y) in itertools.pairwise(path):
            if from_y != to_y:
                x = self.scale.x(other.start_s)
                down = 1 if to_y > from_y else -1
                _line(self.svg, x, from_y + down * BAR / 2, x, to_y - down * BAR / 2, "path")

    def _draw_legend(self, y: float) -> float:
        shown = {span.kind for span in self.lanes.spans}
        x = self.scale.left
        entries = [(kind.value, words) for kind, words in _KINDS.items() if kind in shown]
        if any(span.is_critical for span in self.lanes.spans):
            entries.append(("paper critical", "critical path"))
        for style, words in entries:
            if style == SpanKind.WAITING:
                _line(self.svg, x, y + 6, x + 20, y + 6, style)
            else:
                _rect(self.svg, x, y, 20, 11, style, radius=2)
            _text(self.svg, x + 26, y + 10, words, "soft small")
            x += 26 + len(words) * CHARACTER + 20
        return y + 18

    def _notes(self) -> Iterator[str]:
        if self.lanes.lanes_left_out:
            yield (
                f"{self.lanes.lanes_left_out:,} more components are not drawn; these are those of "
                "the critical path and the busiest."
            )
        elif self.lanes.spans_left_out:
            yield f"{self.lanes.spans_left_out:,} shorter spans are not drawn."
        if self.lanes.idle and self.lanes.shown:
            names = ", ".join(map(_shown, self.lanes.idle[:10]))
            more = len(self.lanes.idle) - 10
            yield f"Nothing happens to {names}{f' and {more:,} more' if more > 0 else ''}."
        if self.phase.reason:
            yield from _wrapped(_shown(self.phase.reason, 900))


def _outcome(phase: PhaseReport) -> str:
    return _OUTCOMES[phase.outcome].format(axis.amount(phase.makespan_s or 0.0))


def _shown(text: str, most: int = MOST_LABEL) -> str:
    return printable(text, most)


def _wrapped(text: str, width: int = 150) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + len(word) + 1 > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _text(parent: Element, x: float, y: float, text: str, style: str) -> None:
    SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "class": style}).text = text


def _line(parent: Element, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    SubElement(parent, "line", {k: f"{v:.1f}" for k, v in ends.items()} | {"class": style})


def _rect(
    parent: Element,
    x: float,
    y: float,
    width: float,
    height: float,
    style: str,
    *,
    radius: float = 0,
) -> None:
    sizes = {"x": x, "y": y, "width": width, "height": height, "rx": radius}
    SubElement(parent, "rect", {k: f"{v:.1f}" for k, v in sizes.items()} | {"class": style})


def _diamond(parent: Element, x: float, y: float, style: str) -> None:
    """What takes no time."""
    half = BAR / 2 - 2
    points = [(x, y - half), (x + half * 0.7, y), (x, y + half), (x - half * 0.7, y)]
    drawn = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    SubElement(parent, "polygon", {"points": drawn, "class": style})
