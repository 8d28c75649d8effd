"""A comparison in a terminal: under what happened, in grey, what was predicted."""

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from ripieno.cli import axis, moments
from ripieno.cli.comparison import MEANINGS, Bar, BarKind, Comparison
from ripieno.cli.output import safe

MOST_LANES = 40
WIDEST = 160
MOST_DIFFERENCES = 5
LEAST_DIFFERENCE_S = 0.05

_STYLES = {
    BarKind.DONE: "blue",
    BarKind.OPEN: "yellow",
    BarKind.FAILED: "bold red",
    BarKind.DROPPED: "magenta",
    BarKind.PREDICTED: "bright_black",
}
# What fills a bar, and the first cell of one that follows another directly.
_BLOCKS = {
    BarKind.DONE: "█▐",
    BarKind.OPEN: "▒▐",
    BarKind.FAILED: "▓▐",
    BarKind.DROPPED: "░▐",
    BarKind.PREDICTED: "┄┆",
}
_ASCII = {
    BarKind.DONE: "=|",
    BarKind.OPEN: "~|",
    BarKind.FAILED: "X|",
    BarKind.DROPPED: "/|",
    BarKind.PREDICTED: ".:",
}


def show(compared: Comparison, console: Console) -> None:
    """Print the chart, and what took another time than was predicted."""
    if not compared.lanes:
        console.print("No transition was begun.")
        return
    _Chart(compared, console).show()
    if compared.lanes_left_out:
        console.print(
            Text(f"{compared.lanes_left_out} more components; --svg draws more", style="dim")
        )
    differences = [
        each
        for each in compared.differences[:MOST_DIFFERENCES]
        if abs(each.took_s - each.predicted_s) >= LEAST_DIFFERENCE_S
    ]
    if differences:
        console.print(Text("Otherwise than predicted", style="bold"))
    for each in differences:
        console.print(
            Text(
                f"  {safe(each.component)}.{safe(each.transition)}: "
                f"{moments.measured(each.took_s)} rather than "
                f"{moments.measured(each.predicted_s)}"
            )
        )


class _Chart:
    """Lanes and axis, in the columns that the console has."""

    def __init__(self, compared: Comparison, console: Console) -> None:
        self.compared = compared
        self.console = console
        self.is_ascii = console.options.ascii_only
        self.glyphs = _ASCII if self.is_ascii else _BLOCKS
        width = min(console.width, WIDEST)
        longest = max(cell_len(safe(lane.component)) for lane in compared.lanes)
        self.margin = min(longest, max(6, width // 4))
        # One cell is left at the end: some terminals wrap a line that fills them.
        self.columns = max(10, width - self.margin - 3)
        self.axis = axis.make(compared.horizon_s, most_ticks=max(2, self.columns // 10))

    def show(self) -> None:
        for lane in self.compared.lanes:
            head = _fitted(safe(lane.component), self.margin)
            for row in (*lane.went, *lane.predicted):
                self._print(Text.assemble((f"{head} ", "bold"), self._row(row)))
                head = " " * self.margin
        for line in axis.ruler(self.axis, self.columns, is_ascii=self.is_ascii):
            self._print(Text(f"{' ' * self.margin} {line}", style="dim"))
        legend = Text(" " * (self.margin + 1))
        for kind in self.compared.kinds:
            entry = Text.assemble(
                (self.glyphs[kind][0] * 2, _STYLES[kind]), (f" {MEANINGS[kind]}   ", "dim")
            )
            if legend.cell_len + entry.cell_len > self.console.width:
                self._print(legend)
                legend = Text(" " * (self.margin + 1))
            legend.append_text(entry)
        self._print(legend)

    def _print(self, line: Text) -> None:
        line.rstrip()
        self.console.print(line, no_wrap=True, overflow="crop")

    def _row(self, row: tuple[Bar, ...]) -> Text:
        text = Text()
        at = 0
        for bar in row:
            begin = max(at, min(self._column(bar.start_s), self.columns - 1))
            end = min(self.columns, max(self._column(bar.end_s), begin + 1))
            if begin >= end:
                continue  # The row is full of instants; the JSON has them all.
            text.append(" " * (begin - at))
            text.append_text(self._bar(bar, end - begin, follows=begin == at and at > 0))
            at = end
        return text

    def _bar(self, bar: Bar, width: int, *, follows: bool) -> Text:
        glyphs = self.glyphs[bar.kind]
        fill, edge = glyphs[0], glyphs[1]
        style = _STYLES[bar.kind]
        first = edge if follows or bar.kind is BarKind.PREDICTED else fill
        room = width - 2
        name = safe(bar.name)
        if cell_len(name) > room:
            name = "" if room < 4 else _fitted(name, room)
        if not name:
            return Text(first + fill * (width - 1), style=style)
        named = style if bar.kind is BarKind.PREDICTED else f"reverse {style}"
        return Text.assemble(
            (first, style), (name, named), (fill * (width - 1 - cell_len(name)), style)
        )

    def _column(self, seconds: float) -> int:
        return round(seconds / self.axis.horizon_s * self.columns)


def _fitted(name: str, width: int) -> str:
    if cell_len(name) > width:
        name = set_cell_size(name, width - 1) + "…"
    return set_cell_size(name, width) if cell_len(name) < width else name
