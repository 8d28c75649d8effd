"""The course of a simulation: what ran when, what waited when, and what made it take as long.

Every span knows the span whose end set it off, so that the critical path is read off backwards
from the last thing that ended.
"""

from collections.abc import Iterator

from ripieno.engine import waiting
from ripieno.engine.core import Core, Happening
from ripieno.engine.waiting import Awaited, Spot
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
        self._waited: dict[Span, None] = {}
        self._waiting: dict[str, dict[Spot, tuple[Awaited, int]]] = {}

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

    def note(self, core: Core, time_ns: int) -> None:
        """Keep what happened in the event that was just handled, and who waits since then."""
        is_first = not self.happenings
        self.happenings.extend([(time_ns, happening) for happening in core.happenings()])
        self._follow_waits(core, time_ns, is_first=is_first)

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

    def spans(self, *, marks_critical: bool = True) -> tuple[Span, ...]:
        """What ran and what waited, as records."""
        critical = set(self.critical()) if marks_critical else set()
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

    def _follow_waits(self, core: Core, time_ns: int, *, is_first: bool) -> None:
        """Begin and end the waits of the components that something has just happened to.

        Before the first event of a phase it is those that were left waiting by the one before.
        """
        touched = dict.fromkeys(core.facts[::3])
        if is_first:
            touched |= dict.fromkeys(state.name for state in core.busy)
        for component in touched:
            state = core.components.get(component)
            now = waiting.waits(state) if state is not None else {}
            before = self._waiting.get(component)
            if not now and not before:
                continue
            kept = {}
            for spot, (awaited, since_ns) in (before or {}).items():
                if spot in now and now[spot].kind is awaited.kind:
                    kept[spot] = (awaited, since_ns)
                elif since_ns < time_ns:
                    self._waited[_wait(component, awaited, since_ns, time_ns)] = None
            for spot, awaited in now.items():
                kept.setdefault(spot, (awaited, time_ns))
            self._waiting[component] = kept

    def _waits(self) -> Iterator[Span]:
        """What waited, and what waits still; tokens that do so side by side make one span."""
        yield from self._waited
        still = {
            _wait(component, awaited, since_ns, None): None
            for component, waits in self._waiting.items()
            for awaited, since_ns in waits.values()
        }
        yield from still


def _wait(component: str, awaited: Awaited, since_ns: int, until_ns: int | None) -> Span:
    return Span(
        component=component,
        name=awaited.name,
        kind=awaited.kind,
        start_s=since_ns / NANOSECONDS,
        end_s=None if until_ns is None else until_ns / NANOSECONDS,
    )
