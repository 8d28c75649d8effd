"""Progress while a command waits: a picture that is drawn anew in a terminal, lines elsewhere."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from ripieno.cli import moments, progress
from ripieno.cli.output import safe
from ripieno.cli.progress import Progress, Row, Stand
from ripieno.wire.deployment import Deployment
from ripieno.wire.reconfiguration import Reconfiguration, ReconfigurationState, Span

SILENCE_S = 15.0
"""After how long without a line one says what is waited for."""

WIDEST = 120

_STYLES = {
    Stand.FAILED: "bold red",
    Stand.BUSY: "yellow",
    Stand.WAITING: "bright_black",
    Stand.DONE: "green",
}
_SIGNS = {Stand.FAILED: "✗", Stand.BUSY: "▸", Stand.WAITING: "·", Stand.DONE: "✓"}
_PLAIN_SIGNS = {Stand.FAILED: "X", Stand.BUSY: ">", Stand.WAITING: ".", Stand.DONE: "+"}


class View(Protocol):
    """Shows how a reconfiguration goes on, as long as it is entered."""

    wants_deployment: bool

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def show(
        self, name: str, reconfiguration: Reconfiguration, deployment: Deployment | None
    ) -> None:
        """Show what is known now; `name` is that of the deployment."""

    def note(self, component: str | None, text: str) -> None:
        """Show something that the server says on the way."""

    def away(self, problem: str) -> None:
        """The server does not answer at the moment."""


def view_for(console: Console, *, is_quiet: bool) -> View:
    """The view that suits where the output goes."""
    if is_quiet:
        return Silence()
    return Picture(console) if console.is_terminal else Lines(console)


class Silence:
    """Shows nothing."""

    wants_deployment = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def show(
        self, name: str, reconfiguration: Reconfiguration, deployment: Deployment | None
    ) -> None:
        """Nothing."""

    def note(self, component: str | None, text: str) -> None:
        """Nothing."""

    def away(self, problem: str) -> None:
        """Nothing."""


class Lines(Silence):
    """A line for each transition that has ended, and one now and then when nothing happens."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: set[tuple[str, str, int, datetime]] = set()
        self._headed: set[str] = set()
        self._last_line = datetime.now(UTC)
        self._away = ""

    def show(
        self, name: str, reconfiguration: Reconfiguration, deployment: Deployment | None
    ) -> None:
        """Print what is new."""
        self._away = ""
        if reconfiguration.id not in self._headed and reconfiguration.forecast:
            self._headed.add(reconfiguration.id)
            self._print(Text(headline(name, reconfiguration, count=True)))
        start = reconfiguration.started_at or reconfiguration.created_at
        for span in sorted(reconfiguration.timeline, key=lambda span: span.end or span.start):
            key = (span.component, span.transition, span.attempt, span.start)
            if span.end is not None and key not in self._told:
                self._told.add(key)
                self._print(_line(span, start))
        now = datetime.now(UTC)
        if (now - self._last_line).total_seconds() >= SILENCE_S:
            self._print(Text(f"{'':>9}  {_still(reconfiguration, now)}"))

    def note(self, component: str | None, text: str) -> None:
        """Print it."""
        self._print(_note(component, text))

    def away(self, problem: str) -> None:
        """Say it once."""
        if problem != self._away:
            self._away = problem
            self._print(Text(f"{safe(problem)} (trying again)"))

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)
        self._last_line = datetime.now(UTC)


class Picture:
    """A row for each component, drawn anew several times a second until it is over."""

    wants_deployment = True

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: tuple[str, Reconfiguration, Deployment | None] | None = None
        self._problem = ""
        self._live = Live(
            self, console=console, transient=True, refresh_per_second=5, vertical_overflow="crop"
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(
        self, name: str, reconfiguration: Reconfiguration, deployment: Deployment | None
    ) -> None:
        """Have this in the picture from now on."""
        self._seen = (name, reconfiguration, deployment)
        self._problem = ""

    def note(self, component: str | None, text: str) -> None:
        """Print it above the picture."""
        self._console.print(_note(component, text))

    def away(self, problem: str) -> None:
        """Have it under the picture."""
        self._problem = problem

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._seen is not None:
            name, reconfiguration, deployment = self._seen
            yield from draw(
                name,
                reconfiguration,
                progress.measure(reconfiguration, deployment, datetime.now(UTC)),
                width=min(options.max_width, WIDEST),
                height=console.height - (2 if self._problem else 1),
                is_ascii=options.ascii_only,
            )
        if self._problem:
            yield Text(f"{safe(self._problem)} (trying again)", style="yellow")


def headline(name: str, reconfiguration: Reconfiguration, *, count: bool = False) -> str:
    """What is going on: `shop: deploy r-42, 3 components, about 3.5 s`."""
    parts = [f"{safe(name)}: {reconfiguration.kind} {reconfiguration.id}"]
    if count:
        number = len(reconfiguration.components)
        parts.append(f"{number} component{'' if number == 1 else 's'}")
    if reconfiguration.predicted_s:
        parts.append(f"about {moments.duration(reconfiguration.predicted_s)}")
    return ", ".join(parts)


def draw(
    name: str,
    reconfiguration: Reconfiguration,
    measured: Progress,
    *,
    width: int,
    height: int,
    is_ascii: bool = False,
) -> Iterator[Text]:
    """The lines of the picture, at most `height` of them and none wider than `width`."""
    yield _cut(_title(name, reconfiguration, measured), width)
    room = max(1, height - 2)
    rows = list(measured.rows)
    if len(rows) > room:
        # Those that something happens to now; the order of the deployment among equals.
        chosen = sorted(range(len(rows)), key=lambda index: (rows[index].stand, index))[:room]
        rows = [rows[index] for index in sorted(chosen)]
    names = max((cell_len(safe(row.component)) for row in rows), default=0)
    margin = min(names, max(8, width // 3))
    for row in rows:
        yield _cut(_drawn(row, margin=margin, width=width, is_ascii=is_ascii), width)
    if len(measured.rows) > len(rows) or len(rows) > 8:
        yield _cut(_summary(measured), width)


def _title(name: str, reconfiguration: Reconfiguration, measured: Progress) -> Text:
    text = Text(f"{safe(name)}: {reconfiguration.kind}", style="bold")
    state = reconfiguration.state
    if state is not ReconfigurationState.RUNNING:
        text.append(f" {state}", style="yellow")
    if state is ReconfigurationState.QUEUED:
        return text
    time = moments.measured(measured.elapsed_s)
    if measured.predicted_s:
        time += f" of about {moments.duration(measured.predicted_s)}"
    return text.append(f"  {time}", style="not bold")


def _drawn(row: Row, *, margin: int, width: int, is_ascii: bool) -> Text:
    signs = _PLAIN_SIGNS if is_ascii else _SIGNS
    style = _STYLES[row.stand]
    text = Text.assemble((f"{signs[row.stand]} ", style), _padded(safe(row.component), margin), " ")
    time = "" if row.stand is Stand.WAITING else _time(row)
    free = width - text.cell_len - len(time) - 1
    bar = 0
    if row.stand is Stand.BUSY and row.predicted_s is not None and free >= 22:
        bar = min(24, free // 2)
        free -= bar + 1
    text.append(_padded(safe(row.doing), max(4, free)), style=style)
    if bar:
        full = round(row.share * bar)
        done, rest = ("#", "-") if is_ascii else ("━", "─")
        text.append(" ").append(done * full, style="yellow").append(rest * (bar - full), "dim")
    return text.append(f" {time}", style="dim") if time else text


def _time(row: Row) -> str:
    if row.stand is Stand.DONE and row.elapsed_s <= 0:
        return ""
    told = moments.measured(row.elapsed_s)
    if row.stand is Stand.BUSY and row.predicted_s:
        return f"{told} of {moments.measured(row.predicted_s)}"
    return told


def _summary(measured: Progress) -> Text:
    words = {
        Stand.DONE: "done",
        Stand.BUSY: "busy",
        Stand.WAITING: "waiting",
        Stand.FAILED: "failed",
    }
    counts = [(measured.count(stand), word, stand) for stand, word in words.items()]
    told = [Text(f"{count} {word}", style=_STYLES[stand]) for count, word, stand in counts if count]
    return Text(", ").join(told).append(f"  of {len(measured.rows)} components", style="dim")


def _note(component: str | None, text: str) -> Text:
    about = "" if component is None else f"{safe(component)}: "
    return Text(f"{'':>9}  {about}{safe(text)}", style="yellow")


def _line(span: Span, start: datetime) -> Text:
    after_s = ((span.end or span.start) - start).total_seconds()
    took_s = ((span.end or span.start) - span.start).total_seconds()
    head = f"{moments.measured(after_s):>9}  {safe(span.component)}  {safe(span.transition)} "
    if span.state == "failed":
        again = f" (attempt {span.attempt})" if span.attempt > 1 else ""
        return Text(f"{head}failed{again}: {safe(span.cause or 'no cause is known')}")
    if span.state == "done":
        return Text(f"{head}done in {moments.measured(took_s)}")
    return Text(f"{head}{safe(span.state)}")


def _still(reconfiguration: Reconfiguration, now: datetime) -> str:
    if reconfiguration.state is not ReconfigurationState.RUNNING:
        return f"still {reconfiguration.state}"
    running = [span for span in reconfiguration.timeline if span.end is None]
    if not running:
        return "still waiting; see: ripieno status"
    told = [
        f"{safe(span.component)}.{safe(span.transition)} "
        f"({moments.measured((now - span.start).total_seconds())})"
        for span in running[:3]
    ]
    rest = f" and {len(running) - 3} more" if len(running) > 3 else ""
    return f"still busy with {', '.join(told)}{rest}"


def _padded(text: str, width: int) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    text.no_wrap = True
    return text
