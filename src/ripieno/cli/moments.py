"""Times for people: durations, how long ago, and what was written as `5m` or in ISO 8601."""

import re
from datetime import UTC, datetime, timedelta

from ripieno.cli.exits import usage

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhdw])")


def duration(seconds: float) -> str:
    """A duration: `0.48 s`, `57.6 s`, `5 min 5 s`, `2 h 3 min`, `3 d 4 h`."""
    if seconds < 10:
        return f"{max(0.0, seconds):.3g} s"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def measured(seconds: float) -> str:
    """A duration that was measured: as `duration`, and `44 ms` below a second."""
    return f"{max(0.0, seconds) * 1000:.0f} ms" if seconds < 0.9995 else duration(seconds)


def ago(then: datetime, now: datetime | None = None) -> str:
    """How long ago, roughly: `5 s ago`, `3 min ago`, `2 h ago`, `4 d ago`."""
    seconds = max(0.0, ((now or datetime.now(UTC)) - then).total_seconds())
    for unit, unit_s in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def clock(moment: datetime) -> str:
    """The time of day here, to the millisecond."""
    return moment.astimezone().strftime("%H:%M:%S.%f")[:-3]


def clock_or_day(moment: datetime) -> str:
    """The time of day here, and the day where that is another one than today."""
    is_today = moment.astimezone().date() == datetime.now(UTC).astimezone().date()
    return clock(moment) if is_today else day_and_time(moment)


def day_and_time(moment: datetime) -> str:
    """The day and the time here, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def seconds(text: str) -> float:
    """An amount of time: `90s`, `5m`, `12h`, `30d`, `2w`. Raises: `CommandError`."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise usage(f"{text!r} is no amount of time: write 90s, 5m, 12h, 30d or 2w")
    return float(match[1]) * _UNITS_S[match[2]]


def since(text: str) -> datetime:
    """A moment: so long ago (`5m`), or in ISO 8601. Raises: `CommandError`."""
    if _AMOUNT.fullmatch(text):
        return datetime.now(UTC) - timedelta(seconds=seconds(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise usage(
            f"{text!r} is no moment: write how long ago (5m, 2h), or 2026-01-31T12:00:00"
        ) from problem
    return moment.astimezone(UTC)  # a time without a zone is one of here
