"""Numbers, durations and times as people read them; the filters of the templates."""

from datetime import UTC, datetime

UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def size(value: float) -> str:
    """A number of tweets."""
    if value < 1e6:
        return f"{value:,.0f}"
    return f"{value / 1e6:,.1f} M" if value < 1e9 else "over 1,000 M"


def span(seconds: float) -> str:
    """A duration, with one decimal where the number is small."""
    for unit_s, name in UNITS:
        if seconds >= unit_s:
            many = seconds / unit_s
            return (
                f"{many:.0f} {name}" if many >= 10.0 or many % 1.0 < 0.05 else f"{many:.1f} {name}"
            )
    return "0 s" if seconds < 0.05 else f"{seconds:.1f} s"


def latency(milliseconds: float) -> str:
    """A short duration."""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000.0 else span(milliseconds / 1000.0)


def percent(part: float) -> str:
    """A part of all."""
    if part > 0.995:
        return "over 99 %" if part < 1.0 else "100 %"
    return "under 1 %" if 0.0 < part < 0.005 else f"{100.0 * part:.0f} %"


def rate(value: float) -> str:
    """How many in a second."""
    return f"{value:,.0f}" if value >= 10.0 or value == 0.0 else f"{value:.1f}"


def pace(value: float | None) -> str:
    """How fast the stream's time goes."""
    if value is None or 0.8 < value < 1.25:
        return "in real time" if value is not None else ""
    return (
        f"{value:,.0f} times as fast as real time" if value > 1.0 else f"{value:.1g} of real time"
    )


def error(value: float) -> str:
    """A relative error."""
    return f"{100.0 * value:.0f} %" if value < 10.0 else "over 1,000 %"


def iso(at_ms: float) -> str:
    """A time for programs."""
    return _utc(at_ms).isoformat(timespec="seconds").replace("+00:00", "Z")


def clock(at_ms: float) -> str:
    """A time for people whose page has no scripts, which else show it in their own zone."""
    return _utc(at_ms).strftime("%H:%M:%S UTC")


def _utc(at_ms: float) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000.0, UTC)


FILTERS = {
    each.__name__: each for each in (size, span, latency, percent, rate, pace, error, iso, clock)
}
