"""A comparison as an SVG chart: under what happened, thinner and in grey, what was predicted."""

from ripieno.cli import axis, moments, svg
from ripieno.cli.comparison import MEANINGS, Bar, BarKind, Comparison
from ripieno.cli.output import safe
from ripieno.cli.svg import MARGIN, WIDTH, Sheet, explain, fitted, text_width

MOST_LANES = 150
WIDEST_NAME = 180.0
ROW = 21.0
BAR = 16.0
THIN_ROW = 12.0
THIN_BAR = 8.0
LANE_GAP = 6.0
LEAST_BAR = 1.5
"""Pixels."""

_CLASSES = {
    BarKind.DONE: "running",
    BarKind.OPEN: "rebind",
    BarKind.FAILED: "failed",
    BarKind.DROPPED: "holding",
    BarKind.PREDICTED: "waiting",
}


def draw(title: str, compared: Comparison) -> str:
    """The chart as a document of its own."""
    sheet = Sheet()
    sheet.title(safe(title))
    told = f"took {moments.measured(compared.elapsed_s)}"
    if compared.predicted_s is not None:
        told += f", predicted {moments.duration(compared.predicted_s)}"
    sheet.paragraph(told, "soft")
    sheet.y += 8
    if compared.lanes:
        _Chart(sheet, compared).draw()
    else:
        sheet.paragraph("No transition was begun.", "soft")
    if compared.lanes_left_out:
        sheet.paragraph(f"{compared.lanes_left_out} more components are not drawn.", "soft")
    return sheet.document(safe(title), [told])


class _Chart:
    """Lanes, axis and legend, drawn below what the sheet has."""

    def __init__(self, sheet: Sheet, compared: Comparison) -> None:
        self.sheet = sheet
        self.compared = compared
        names = [text_width(safe(lane.component)) for lane in compared.lanes]
        self.left = MARGIN + min(max(names), WIDEST_NAME) + 10
        self.width = WIDTH - MARGIN - 10 - self.left
        self.axis = axis.make(compared.horizon_s, most_ticks=10)

    def draw(self) -> None:
        self._draw_grid()
        for lane in self.compared.lanes:
            name = safe(lane.component)
            shown = fitted(name, WIDEST_NAME)
            baseline = self.sheet.y + LANE_GAP / 2 + ROW / 2 + 4
            label = self.sheet.text(shown, "", x=self.left - 10, y=baseline, anchor="end")
            explain(label, name)
            self.sheet.y += LANE_GAP / 2
            for row in lane.went:
                self._draw_row(name, row, BAR, ROW)
            for row in lane.predicted:
                self._draw_row(name, row, THIN_BAR, THIN_ROW)
            self.sheet.y += LANE_GAP / 2
        self.sheet.axis(self.axis, left=self.left, width=self.width)
        self._draw_legend()

    def _draw_grid(self) -> None:
        """A band behind every other lane, and a line at every tick."""
        sheet = self.sheet
        top = y = sheet.y
        for number, lane in enumerate(self.compared.lanes):
            height = len(lane.went) * ROW + len(lane.predicted) * THIN_ROW + LANE_GAP
            if number % 2 == 0:
                sheet.add("rect", "band", x=MARGIN / 2, y=y, width=WIDTH - MARGIN, height=height)
            y += height
        for seconds, _ in self.axis.ticks:
            sheet.add("line", "grid", x1=self._x(seconds), x2=self._x(seconds), y1=top, y2=y)

    def _draw_row(self, component: str, row: tuple[Bar, ...], bar: float, height: float) -> None:
        for each in row:
            x = self._x(each.start_s)
            width = max(self._x(each.end_s) - x, LEAST_BAR)
            y = self.sheet.y + (height - bar) / 2
            shape = self.sheet.add(
                "rect", _CLASSES[each.kind], x=x, y=y, width=width, height=bar, rx=2
            )
            name = safe(each.name)
            when = axis.span(round(each.start_s, 3), round(each.end_s, 3))
            cause = f": {safe(each.cause)}" if each.cause else ""
            explain(shape, f"{component}: {name}, {MEANINGS[each.kind]}, {when}{cause}")
            shown = fitted(name, width - 9)
            if shown and each.kind is not BarKind.PREDICTED:
                self.sheet.text(shown, "", x=x + 5, y=y + bar / 2 + 4)
        self.sheet.y += height

    def _draw_legend(self) -> None:
        x = self.left
        for kind in self.compared.kinds:
            self.sheet.add(
                "rect", _CLASSES[kind], x=x, y=self.sheet.y + 2, width=16, height=10, rx=2
            )
            self.sheet.text(MEANINGS[kind], "soft", x=x + 22, y=self.sheet.y + 11)
            x += 22 + svg.text_width(MEANINGS[kind]) + 12
        self.sheet.y += 22

    def _x(self, seconds: float) -> float:
        return self.left + seconds / self.axis.horizon_s * self.width
