"""A simulated phase in a terminal: bars over time, the critical path, where everything ends.

Readable without colour and in 60 columns. Names go into `Text` objects, never into markup.
"""

from collections import defaultdict

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from ripieno.cli import axis, lanes, wording
from ripieno.cli.lanes import Lanes
from ripieno.model.node import listed, printable
from ripieno.model.program import Outcome
from ripieno.model.simulation import (
    CaseReport,
    FailedTransitions,
    Final,
    PhaseReport,
    Span,
    SpanKind,
)

MOST_LANES = 40
MOST_SPANS = 200
MOST_STEPS = 24
WIDEST = 160

_CRITICAL = "critical"
_STYLES = {
    _CRITICAL: "bold yellow",
    SpanKind.RUNNING: "blue",
    SpanKind.FAILED: "bold red",
    SpanKind.REBIND: "green",
    SpanKind.WAITING: "bright_black",
    SpanKind.HOLDING: "magenta",
}
_MEANINGS = {
    _CRITICAL: "critical",
    SpanKind.RUNNING: "running",
    SpanKind.FAILED: "failed",
    SpanKind.REBIND: "changing provider",
    SpanKind.WAITING: "waiting for a provider",
    SpanKind.HOLDING: "holding until users leave",
}
# What fills a bar, and the first cell of one that follows another directly.
_BLOCKS = {
    _CRITICAL: "█▐",
    SpanKind.RUNNING: "▄▗",
    SpanKind.FAILED: "▓▐",
    SpanKind.REBIND: "▒▐",
    SpanKind.WAITING: "┄┄",
    SpanKind.HOLDING: "░░",
}
_ASCII = {
    _CRITICAL: "#|",
    SpanKind.RUNNING: "=|",
    SpanKind.FAILED: "X|",
    SpanKind.REBIND: "~|",
    SpanKind.WAITING: "..",
    SpanKind.HOLDING: "--",
}
_OUTCOME_STYLES = {Outcome.COMPLETES: "bold green", Outcome.CANCELLED: "bold yellow"}


def show(report: CaseReport, console: Console) -> None:
    """Print a case: its title, then every phase."""
    title = Text(printable(report.id), style="bold")
    if report.title:
        title.append(f"  {printable(report.title)}", style="not bold")
    console.print(title)
    for phase in report.phases:
        console.print()
        show_phase(phase, console)


def show_phase(phase: PhaseReport, console: Console) -> None:
    """Print one phase."""
    console.print(_headline(phase))
    laid_out = lanes.lay_out(phase, most_lanes=MOST_LANES, most_spans=MOST_SPANS)
    if laid_out.shown:
        _Chart(phase, laid_out, console).show()
    for note in wording.notes(laid_out):
        console.print(Text(note, style="dim"))
    if phase.reason:
        _show_reason(phase, console)
    _show_deadlines(phase, console)
    _show_critical_path(phase, console)
    _show_final(phase, console)


def _headline(phase: PhaseReport) -> Text:
    style = _OUTCOME_STYLES.get(phase.outcome, "bold red")
    told = wording.outcome(phase)
    return Text.assemble((printable(phase.name), "bold underline"), "  ", (told, style))


class _Chart:
    """Lanes, bars and axis, in the columns that the console has."""

    def __init__(self, phase: PhaseReport, laid_out: Lanes, console: Console) -> None:
        self.console = console
        self.lanes = laid_out
        self.is_ascii = console.options.ascii_only
        self.glyphs = _ASCII if self.is_ascii else _BLOCKS
        if console.color_system and not console.no_color and not self.is_ascii:
            # Colours tell what is critical, so that all that runs may be as high.
            self.glyphs = {**_BLOCKS, SpanKind.RUNNING: _BLOCKS[_CRITICAL]}
        width = min(console.width, WIDEST)
        longest = max(cell_len(printable(lane.component)) for lane in laid_out.shown)
        self.margin = min(longest, max(6, width // 4))
        # One cell is left at the end: some terminals wrap a line that fills them.
        self.columns = max(10, width - self.margin - 3)
        ticks = max(2, self.columns // 10)
        self.axis = axis.make(phase.makespan_s or 0.0, most_ticks=ticks, is_open=laid_out.is_open)

    def show(self) -> None:
        for lane in self.lanes.shown:
            name = _fitted(printable(lane.component), self.margin)
            for number, row in enumerate(lane.rows):
                head = name if number == 0 else " " * self.margin
                self._print(Text.assemble((f"{head} ", "bold"), self._row(row)))
        for line in axis.ruler(self.axis, self.columns, is_ascii=self.is_ascii):
            self._print(Text(f"{' ' * self.margin} {line}", style="dim"))
        for legend in self._legend():
            self._print(legend)

    def _print(self, line: Text) -> None:
        line.rstrip()
        self.console.print(line, no_wrap=True, overflow="crop")

    def _row(self, row: tuple[Span, ...]) -> Text:
        text = Text()
        at = 0
        for span in row:
            begin = max(at, min(self._column(span.start_s), self.columns - 1))
            end = self.columns if span.end_s is None else self._column(span.end_s)
            end = min(self.columns, max(end, begin + 1))
            if begin >= end:
                continue  # The row is full of instants; the JSON has them all.
            text.append(" " * (begin - at))
            text.append_text(self._bar(span, end - begin, follows=begin == at and at > 0))
            at = end
        return text

    def _bar(self, span: Span, width: int, *, follows: bool) -> Text:
        key = _key(span)
        glyphs = self.glyphs[key]
        fill, edge = glyphs[0], glyphs[1]
        style = _STYLES[key]
        if width == 1:
            return Text(edge if follows else fill, style=style)
        first = edge if follows else fill
        room = width - 2
        name = printable(span.name)
        if cell_len(name) > room:
            name = "" if room < 4 else _fitted(name, room)
        if not name:
            return Text(first + fill * (width - 1), style=style)
        is_wait = span.kind in lanes.WAITS
        return Text.assemble(
            (first, style),
            (name, style if is_wait else f"reverse {style}"),
            (fill * (width - 1 - cell_len(name)), style),
        )

    def _column(self, seconds: float) -> int:
        return round(seconds / self.axis.horizon_s * self.columns)

    def _legend(self) -> list[Text]:
        """The kinds that occur, in as many lines as are needed."""
        shown = {_key(span) for span in self.lanes.spans}
        lines: list[Text] = []
        for key, meaning in _MEANINGS.items():
            if key not in shown:
                continue
            entry = Text.assemble((self.glyphs[key][0] * 2, _STYLES[key]), (f" {meaning}", "dim"))
            if lines and lines[-1].cell_len + 3 + entry.cell_len < self.console.width:
                lines[-1].append("   ").append_text(entry)
            else:
                lines.append(Text(" " * (self.margin + 1)).append_text(entry))
        return lines


def _key(span: Span) -> str:
    if span.is_critical and span.kind in (SpanKind.RUNNING, SpanKind.REBIND):
        return _CRITICAL
    return span.kind


def _fitted(name: str, width: int) -> str:
    if cell_len(name) > width:
        name = set_cell_size(name, width - 1) + "…"
    return set_cell_size(name, width) if cell_len(name) < width else name


def _show_reason(phase: PhaseReport, console: Console) -> None:
    console.print(Text("Why", style="bold"))
    for clause in wording.clauses(phase):
        _print_hanging(Text.assemble(("  - ", "red"), clause), 4, console)


def _print_hanging(text: Text, indent: int, console: Console) -> None:
    """Print a paragraph whose lines after the first are indented."""
    lines = text.wrap(console, max(10, console.width - 1))
    for line in lines:
        line.rstrip()
    first, *rest = lines
    console.print(first)
    if rest:
        text = Text(" ").join(rest)
        for line in text.wrap(console, max(10, console.width - 1 - indent)):
            line.pad_left(indent)
            console.print(line)


def _show_deadlines(phase: PhaseReport, console: Console) -> None:
    for report in phase.reports:
        for component, activity in report.waited_for.items():
            doing = activity.active_transitions or activity.active_places
            console.print(
                Text(
                    f"Deadline of instruction {report.instruction + 1} of program "
                    f"{printable(report.program)}: {printable(component)} was still in "
                    f"{listed(doing, wording.MOST_NAMES)}",
                    style="yellow",
                )
            )


def _show_critical_path(phase: PhaseReport, console: Console) -> None:
    steps = sorted((s for s in phase.spans if s.is_critical), key=lambda s: (s.start_s, s.end_s))
    if not steps:
        return
    console.print(Text("Critical path", style="bold"))
    times = [axis.span(step.start_s, step.end_s) for step in steps]
    half = MOST_STEPS // 2
    width = max(map(len, times))
    for number, (step, time) in enumerate(zip(steps, times, strict=True)):
        if len(steps) > MOST_STEPS and half <= number < len(steps) - half:
            if number == half:
                console.print(Text(f"  ({len(steps) - 2 * half:,} more)", style="dim"))
            continue
        name = printable(f"{step.component}.{step.name}")
        console.print(Text.assemble((f"  {time:>{width}}", "dim"), f"  {name}"))


def _show_final(phase: PhaseReport, console: Console) -> None:
    if not phase.final:
        return
    places: dict[str, list[str]] = defaultdict(list)
    for component, final in phase.final.items():
        places[_said(final)].append(component)
    console.print(Text("At the end", style="bold"))
    for number, (where, components) in enumerate(places.items()):
        if number == MOST_STEPS:
            console.print(Text(f"  ({len(places) - number:,} more)", style="dim"))
            break
        style = "red" if isinstance(phase.final[components[0]], FailedTransitions) else "cyan"
        line = Text.assemble((f"  {where}", style), ": ", listed(components, wording.MOST_NAMES))
        _print_hanging(line, 4, console)


def _said(final: Final) -> str:
    if final is None:
        return "absent"
    if isinstance(final, FailedTransitions):
        return f"failed in {listed(final.transitions, wording.MOST_NAMES)}"
    return listed(final, wording.MOST_NAMES) if final else "between places"
