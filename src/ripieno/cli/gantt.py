"""Simulated phases as one SVG Gantt chart: lanes by component, the critical path marked.

Pure, from reports to text. Names are shown in the bars where they fit, behind them where the row
is free, and in tooltips always.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from ripieno.cli import axis, lanes, svg, wording
from ripieno.cli.svg import MARGIN, WIDTH, Sheet, explain, text_width
from ripieno.model.node import printable
from ripieno.model.program import Outcome
from ripieno.model.simulation import CaseReport, PhaseReport, Span, SpanKind

MOST_LANES = 100
MOST_SPANS = 2_000
MOST_REASONS = 12
WIDEST_NAME = 180.0
ROW = 22.0
BAR = 17.0
LANE_GAP = 6.0
LEAST_BAR = 1.5
"""Pixels: of a row, of a bar, between lanes, of the shortest bar that is not an instant."""

KINDS = {
    SpanKind.RUNNING: "running",
    SpanKind.REBIND: "changing provider",
    SpanKind.WAITING: "waiting for a provider",
    SpanKind.HOLDING: "holding until users leave",
    SpanKind.FAILED: "failed",
}


class Box(NamedTuple):
    """Where a span is drawn; one that takes no time has no width."""

    x: float
    y: float
    width: float

    @property
    def end(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def middle(self) -> float:
        """Half-way down."""
        return self.y + BAR / 2


def draw(reports: Sequence[CaseReport]) -> str:
    """The SVG of all phases of some cases, one under the other."""
    sheet = Sheet()
    told = []
    for report in reports:
        sheet.title(printable(report.title or report.id, 300))
        sheet.y += 8
        for phase in report.phases:
            told.append(_in_words(phase))
            _Chart(sheet, phase).draw()
        sheet.y += 10
    return sheet.document("; ".join(printable(r.title or r.id, 300) for r in reports), told)


def _in_words(phase: PhaseReport) -> str:
    sentence = f"{printable(phase.name)} {wording.outcome(phase)}."
    if not phase.critical_path:
        return sentence
    path = [*phase.critical_path[:MOST_REASONS], *["…"][: len(phase.critical_path) - MOST_REASONS]]
    return f"{sentence} Critical path: {', '.join(map(printable, path))}."


class _Chart:
    """One phase: its title, lanes, axis, legend and notes, drawn below what the sheet has."""

    def __init__(self, sheet: Sheet, phase: PhaseReport) -> None:
        self.sheet = sheet
        self.phase = phase
        self.lanes = lanes.lay_out(phase, most_lanes=MOST_LANES, most_spans=MOST_SPANS)
        names = [text_width(printable(lane.component)) for lane in self.lanes.shown]
        self.left = MARGIN + min(max(names, default=0.0), WIDEST_NAME) + 10
        self.width = WIDTH - MARGIN - 10 - self.left
        self.axis = axis.make(phase.makespan_s or 0.0, most_ticks=10, is_open=self.lanes.is_open)
        self.critical: list[tuple[Span, Box]] = []

    def draw(self) -> None:
        self._draw_title()
        if self.lanes.shown:
            self._draw_grid()
            self._draw_lanes()
            self._draw_critical_path()
            self.sheet.axis(self.axis, left=self.left, width=self.width)
            self._draw_legend()
        for note in wording.notes(self.lanes):
            self.sheet.paragraph(note, "soft")
        reasons = wording.clauses(self.phase)
        for reason in reasons[:MOST_REASONS]:
            self.sheet.paragraph(reason, "bad")
        if len(reasons) > MOST_REASONS:
            self.sheet.paragraph(f"and {len(reasons) - MOST_REASONS} more reasons", "bad")
        self.sheet.y += 16

    def _x(self, seconds: float) -> float:
        return self.left + seconds / self.axis.horizon_s * self.width

    def _draw_title(self) -> None:
        sheet, phase = self.sheet, self.phase
        name = printable(phase.name)
        shown = svg.fitted(name, WIDTH / 2, 13 * svg.BOLD)
        explain(sheet.text(shown, "phase", x=MARGIN, y=sheet.y + 13), name)
        style = "soft" if phase.outcome is Outcome.COMPLETES else "bad"
        x = MARGIN + text_width(shown, 13 * svg.BOLD) + 8
        sheet.text(wording.outcome(phase), style, x=x, y=sheet.y + 13)
        sheet.y += 22

    def _draw_grid(self) -> None:
        """A band behind every other lane, and a line at every tick."""
        sheet = self.sheet
        heights = [len(lane.rows) * ROW + LANE_GAP for lane in self.lanes.shown]
        tops = list(itertools.accumulate(heights, initial=sheet.y))
        for top, height in list(zip(tops, heights, strict=False))[::2]:
            sheet.add("rect", "band", x=MARGIN / 2, y=top, width=WIDTH - MARGIN, height=height)
        for seconds, _ in self.axis.ticks:
            x = self._x(seconds)
            sheet.add("line", "grid", x1=x, x2=x, y1=tops[0], y2=tops[-1])
        if self.lanes.is_open:
            x = self._x(self.phase.makespan_s or 0.0)
            end = sheet.add("line", "end", x1=x, x2=x, y1=tops[0], y2=tops[-1])
            explain(end, "from here on nothing moves")

    def _draw_lanes(self) -> None:
        sheet = self.sheet
        for lane in self.lanes.shown:
            name = printable(lane.component)
            baseline = sheet.y + LANE_GAP / 2 + ROW / 2 + 4
            shown = svg.fitted(name, WIDEST_NAME)
            label = sheet.text(shown, "", x=self.left - 10, y=baseline, anchor="end")
            if shown != name:
                explain(label, name)
            for number, row in enumerate(lane.rows):
                top = sheet.y + LANE_GAP / 2 + number * ROW + (ROW - BAR) / 2
                boxes = [self._box(span, top) for span in row]
                ends = [*(box.x for box in boxes[1:]), self.left + self.width]
                drawn = zip(row, boxes, ends, strict=True)
                # Instants come last: they lie on the bars beside them.
                for span, box, free_until in sorted(drawn, key=lambda each: not each[1].width):
                    self._draw_span(span, box, free_until)
            sheet.y += len(lane.rows) * ROW + LANE_GAP

    def _box(self, span: Span, y: float) -> Box:
        x = self._x(span.start_s)
        if span.start_s == span.end_s:
            return Box(x, y, 0)
        end = self.left + self.width if span.end_s is None else self._x(span.end_s)
        return Box(x, y, max(end - x, LEAST_BAR))

    def _draw_span(self, span: Span, box: Box, free_until: float) -> None:
        sheet = self.sheet
        style = f"{span.kind.value} critical" if span.is_critical else span.kind.value
        if not box.width:
            top = f"M{svg.px(box.x)} {svg.px(box.y + 2)}"
            shape = sheet.path(style, f"{top}l4.5 6.5l-4.5 6.5l-4.5 -6.5z")
        else:
            inset = 2.5 if span.kind in lanes.WAITS else 0.5
            width = max(box.width - 1, LEAST_BAR / 2)
            height = BAR - 2 * inset
            shape = sheet.add(
                "rect", style, x=box.x + 0.5, y=box.y + inset, width=width, height=height, rx=2.5
            )
        if span.kind is SpanKind.HOLDING:
            shape.set("style", svg.HATCHED)
        name = printable(span.name)
        when = axis.span(span.start_s, span.end_s)
        explain(shape, f"{printable(span.component)}: {name}, {KINDS[span.kind]}, {when}")
        if span.is_critical:
            self.critical.append((span, box))
        self._label(span.kind, name, box, free_until)

    def _label(self, kind: SpanKind, name: str, box: Box, free_until: float) -> None:
        """The name in the bar, or behind it where the row is free; or as much as fits the bar."""
        room = box.width - 9
        if kind is SpanKind.FAILED and room > 12:
            room -= 13
            x, y = svg.px(box.end - 13), svg.px(box.y + 4.5)
            self.sheet.path("cross", f"M{x} {y}l8 8m0 -8l-8 8")
        width = text_width(name)
        baseline = box.middle + 4
        behind = box.x + max(box.width, 5) + 4
        if width > room and kind not in lanes.WAITS and width < free_until - behind - 4:
            self.sheet.text(name, "soft", x=behind, y=baseline)
        elif shown := svg.fitted(name, room):
            self.sheet.text(shown, "", x=box.x + 5, y=baseline)

    def _draw_critical_path(self) -> None:
        """A thin arrow from each critical span to the one that it set off, in another row."""
        path = sorted(self.critical, key=lambda each: (each[0].start_s, each[0].end_s or 0.0))
        for (one, source), (other, target) in itertools.pairwise(path):
            if one.end_s != other.start_s or source.y == target.y:
                continue
            x = svg.px(target.x)
            down = 1 if target.y > source.y else -1
            begin = svg.px(source.middle + down * BAR / 2)
            end = target.middle - down * BAR / 2
            head = f"m-3 {-4 * down}l3 {4 * down}l3 {-4 * down}"
            self.sheet.path("path", f"M{x} {begin}V{svg.px(end)}{head}")

    def _draw_legend(self) -> None:
        """Only what occurs; on another line where the paper ends."""
        sheet = self.sheet
        occur = {span.kind for span in self.lanes.spans}
        entries = [(kind.value, words) for kind, words in KINDS.items() if kind in occur]
        if self.critical:
            entries.append(("paper critical", "critical path"))
        x = self.left
        for style, words in entries:
            width = 22 + text_width(words) + 12
            if x > self.left and x + width > WIDTH:
                x = self.left
                sheet.y += 17
            swatch = sheet.add("rect", style, x=x, y=sheet.y + 2, width=16, height=10, rx=2.5)
            if style == SpanKind.HOLDING:
                swatch.set("style", svg.HATCHED)
            sheet.text(words, "soft", x=x + 22, y=sheet.y + 11)
            x += width
        sheet.y += 22
