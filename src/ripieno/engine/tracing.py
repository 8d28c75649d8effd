"""The course of a simulation: what ran when, what waited when, and what made it take as long.

Every span knows the span whose end set it off, so that the critical path is read off backwards
from the last thing that ended.
"""

from collections.abc import Iterable

from ripieno.engine.core import Happening
from ripieno.engine.rules import Fact
from ripieno.model.simulation import Span, SpanKind

NANOSECONDS = 1_000_000_000


class Trace:
    """Spans as parallel lists: quick to write, made into records once, at the end."""

    def __init__(self) -> None:
        self._components: list[str] = []
        self._names: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._causes: list[int] = []
        self._rebinds: set[int] = set()
        self._failed: set[int] = set()
        self._last = -1
        self.happenings: list[tuple[int, Happening]] = []

    def start(self, component: str, name: str, time_ns: int, cause: int, *, is_rebind: bool) -> int:
        """Begin a span that the end of the span `cause` set off (-1: the program); its number."""
        number = len(self._names)
        self._components.append(component)
        self._names.append(name)
        self._starts.append(time_ns)
        self._ends.append(-1)
        self._causes.append(cause)
        if is_rebind:
            self._rebinds.add(number)
        return number

    def end(self, span: int, time_ns: int, *, has_failed: bool) -> None:
        """End a span."""
        self._ends[span] = time_ns
        self._last = span
        if has_failed:
            self._failed.add(span)

    def note(self, facts: Iterable[Happening], time_ns: int) -> None:
        """Keep what happened, with the time."""
        self.happenings.extend((time_ns, fact) for fact in facts)

    def critical(self) -> list[int]:
        """The spans that determine the makespan, first to last."""
        path = []
        span = self._last
        while span >= 0:
            path.append(span)
            span = self._causes[span]
        return path[::-1]

    def critical_path(self) -> tuple[str, ...]:
        """The critical spans, as `component.transition`."""
        return tuple(f"{self._components[i]}.{self._names[i]}" for i in self.critical())

    def timeline(self) -> dict[str, tuple[tuple[float, float], ...]]:
        """Start and end in seconds of every execution, by `component.transition`."""
        runs: dict[str, list[tuple[float, float]]] = {}
        for component, name, start, end in zip(
            self._components, self._names, self._starts, self._ends, strict=True
        ):
            runs.setdefault(f"{component}.{name}", []).append(
                (start / NANOSECONDS, end / NANOSECONDS)
            )
        return {name: tuple(each) for name, each in runs.items()}

    def spans(self) -> tuple[Span, ...]:
        """What ran and what waited, as records."""
        critical = set(self.critical())
        ran = [self._span(i, is_critical=i in critical) for i in range(len(self._names))]
        return (*ran, *self._waits())

    def _span(self, number: int, *, is_critical: bool) -> Span:
        kind = SpanKind.RUNNING
        if number in self._failed:
            kind = SpanKind.FAILED
        elif number in self._rebinds:
            kind = SpanKind.REBIND
        return Span(
            component=self._components[number],
            name=self._names[number],
            kind=kind,
            start_s=self._starts[number] / NANOSECONDS,
            end_s=self._ends[number] / NANOSECONDS,
            is_critical=is_critical,
        )

    def _waits(self) -> list[Span]:
        """The gaps in which a busy component ran nothing: it waited for others.

        `WAITING` for something it needs, `HOLDING` on a place that others still use.
        """
        waits: list[Span] = []
        running: dict[str, int] = {}
        standing: dict[str, int] = {}
        since: dict[str, int] = {}
        busy: set[str] = set()

        def gap(component: str, time_ns: int) -> None:
            begun = since.pop(component, time_ns)
            if begun < time_ns:
                holds = component in standing
                waits.append(
                    Span(
                        component=component,
                        name="",
                        kind=SpanKind.HOLDING if holds else SpanKind.WAITING,
                        start_s=begun / NANOSECONDS,
                        end_s=time_ns / NANOSECONDS,
                    )
                )

        for time_ns, (component, fact, _) in self.happenings:
            if fact is Fact.BEGAN:
                busy.add(component)
                standing[component] = time_ns
                since.setdefault(component, time_ns)
            elif fact is Fact.LEFT:
                gap(component, time_ns)
                standing.pop(component, None)
                since.setdefault(component, time_ns)
            elif fact is Fact.STARTED:
                gap(component, time_ns)
                running[component] = running.get(component, 0) + 1
            elif fact in (Fact.ARRIVED, Fact.FAILED, Fact.SKIPPED):
                running[component] = running.get(component, 0) - 1
                if not running[component] and component in busy:
                    since[component] = time_ns
            elif fact in (Fact.FINISHED, Fact.DROPPED):
                gap(component, time_ns)
                busy.discard(component)
        for component in list(since):
            if component in busy:
                holds = component in standing
                waits.append(
                    Span(
                        component=component,
                        name="",
                        kind=SpanKind.HOLDING if holds else SpanKind.WAITING,
                        start_s=since[component] / NANOSECONDS,
                        end_s=None,
                    )
                )
        return waits
