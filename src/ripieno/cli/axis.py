"""Model seconds for people: ticks of a time axis, and amounts in words."""

import math
from dataclasses import dataclass

_UNITS = (
    # From how many seconds on, the unit, and its seconds.
    (0.0, "ns", 1e-9),
    (1e-6, "µs", 1e-6),
    (1e-3, "ms", 1e-3),
    (1.0, "s", 1.0),
    (1_200.0, "min", 60.0),
    (3 * 3_600.0, "h", 3_600.0),
    (3 * 86_400.0, "d", 86_400.0),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """An axis from 0 to `horizon_s`, which is above 0; ticks are (seconds, label)."""

    horizon_s: float
    unit: str
    ticks: tuple[tuple[float, str], ...]


def make(makespan_s: float, *, most_ticks: int, is_open: bool = False) -> Axis:
    """The axis for a makespan, with round ticks.

    `is_open`: something never ends; the axis then goes on behind the makespan to show it.
    """
    if makespan_s <= 0:
        return Axis(horizon_s=1.0, unit="s", ticks=((0.0, "0"),))
    unit, unit_s = _unit(makespan_s)
    step = _round_step(makespan_s / unit_s / max(1, most_ticks))
    count = math.floor(makespan_s / unit_s / step + 1e-9)
    ticks = tuple((i * step * unit_s, _number(i * step)) for i in range(count + 1))
    return Axis(horizon_s=makespan_s * (1.12 if is_open else 1.0), unit=unit, ticks=ticks)


def ruler(scale: Axis, columns: int, *, is_ascii: bool) -> tuple[str, str]:
    """The axis as two lines of text, the second one up to two columns wider than the first."""
    line, cross = ("-", "+") if is_ascii else ("─", "┬")
    rule = [line] * columns
    labels = [" "] * (columns + 2)
    free = 0
    for number, (seconds, label) in enumerate(scale.ticks):
        column = min(round(seconds / scale.horizon_s * columns), columns - 1)
        rule[column] = cross
        told = f"{label} {scale.unit}" if number == len(scale.ticks) - 1 else label
        at = max(0, min(column - len(label) // 2, len(labels) - len(told)))
        if at >= free:
            labels[at : at + len(told)] = told
            free = at + len(told) + 1
    return "".join(rule), "".join(labels).rstrip()


def amount(seconds: float) -> str:
    """Seconds exactly as the model has them, and in words where that helps: `305.3 s (5 min)`."""
    exact = f"{_number(seconds, digits=12)} s"
    if seconds < 120:
        return exact
    for unit, unit_s in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 2 * unit_s:
            return f"{exact} ({_number(seconds / unit_s, digits=3)} {unit})"
    return exact


def span(start_s: float, end_s: float | None) -> str:
    """`1 to 2.5 s`, or `from 1 s on` for what never ends."""
    if end_s is None:
        return f"from {_number(start_s, digits=12)} s on"
    if end_s == start_s:
        return f"at {_number(start_s, digits=12)} s"
    return f"{_number(start_s, digits=12)} to {_number(end_s, digits=12)} s"


def _unit(makespan_s: float) -> tuple[str, float]:
    return next((unit, unit_s) for least, unit, unit_s in reversed(_UNITS) if makespan_s >= least)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, … (and their tenths) that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= least * (1 - 1e-9))


def _number(value: float, digits: int = 6) -> str:
    text = f"{value:.{digits}g}"
    if "e" not in text or not 1e-9 <= abs(value) < 1e16:
        return text
    return f"{value:.0f}" if value >= 1 else f"{value:.12f}".rstrip("0")
