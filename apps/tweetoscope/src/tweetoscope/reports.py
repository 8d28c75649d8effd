"""What is told to people and to their dashboards: `predictions`, `alerts`, `stats` and `logs`.

As in `messages`, the course's format with extra fields only.
"""

from dataclasses import dataclass
from typing import Any

from tweetoscope import fields
from tweetoscope.errors import BadMessage

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """Of the topic `predictions`: what was foretold of a cascade when a window closed.

    `constant` is the size by the usual growth alone, `g1` as in `hawkes.Estimate`. `passes_s` is
    when the threshold is passed, after the window; None: it is not to be. `closed_ms` is when the
    tweet that closed the window was written, in Unix milliseconds.
    """

    cascade: str
    text: str
    window_s: float
    events: int
    size: float
    low: float
    high: float
    constant: float
    n_star: float
    beta: float
    g1: float
    model_version: int
    threshold: float
    probability: float
    passes_s: float | None
    closed_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Of the topic `alerts`: a cascade that is likely to pass the threshold."""

    cascade: str
    text: str
    window_s: float
    size: float
    low: float
    high: float
    threshold: float
    probability: float
    model_version: int
    closed_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stat:
    """Of the topic `stats`: how wrong a forecast was, and the constant beside it."""

    cascade: str
    window_s: float
    error: float
    error_of_constant: float | None = None
    is_covered: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """Of the topic `logs`."""

    time_s: int
    source: str
    level: str
    message: str


def write_prediction(told: Prediction) -> bytes:
    """What was foretold of a cascade."""
    return fields.packed({
        "type": "prediction",
        "cid": told.cascade,
        "msg": told.text,
        "T_obs": fields.whole(told.window_s),
        "n_obs": told.events,
        "n_tot": told.size,
        "interval": [told.low, told.high],
        "constant": told.constant,
        "n_star": told.n_star,
        "beta": told.beta,
        "G1": told.g1,
        "model_version": told.model_version,
        "threshold": told.threshold,
        "probability": told.probability,
        "passes_in": told.passes_s,
        "closed_ms": told.closed_ms,
    })  # fmt: skip


def write_alert(alert: Alert) -> bytes:
    """A cascade that is likely to pass the threshold."""
    said: dict[str, Any] = {
        "type": "alert",
        "cid": alert.cascade,
        "msg": alert.text,
        "T_obs": fields.whole(alert.window_s),
        "n_tot": alert.size,
        "interval": [alert.low, alert.high],
        "threshold": alert.threshold,
        "probability": alert.probability,
        "model_version": alert.model_version,
    }
    if alert.closed_ms is not None:
        said["closed_ms"] = alert.closed_ms
    return fields.packed(said)


def write_stat(stat: Stat) -> bytes:
    """How wrong a forecast was."""
    said: dict[str, Any] = {
        "type": "stat",
        "cid": stat.cascade,
        "T_obs": fields.whole(stat.window_s),
        "ARE": stat.error,
    }
    if stat.error_of_constant is not None:
        said["ARE_constant"] = stat.error_of_constant
    if stat.is_covered is not None:
        said["covered"] = stat.is_covered
    return fields.packed(said)


def write_log(log: Log) -> bytes:
    """A line of the log."""
    return fields.packed({
        "t": log.time_s, "source": log.source, "level": log.level, "message": log.message
    })  # fmt: skip


def read_prediction(value: bytes) -> Prediction:
    """The inverse."""
    said = fields.opened(value, "prediction")
    size = fields.positive(said, "n_tot")
    low, high = _interval(said, size)
    n_star = fields.number(said, "n_star")
    if not 0.0 <= n_star < 1.0:
        raise BadMessage(f"n_star is {n_star:g}, not from 0 to 1")
    return Prediction(
        cascade=fields.cascade(said, "cid"),
        text=fields.text(said, "msg"),
        window_s=fields.positive(said, "T_obs"),
        events=fields.count(said, "n_obs"),
        size=size,
        low=low,
        high=high,
        constant=fields.positive(said, "constant"),
        n_star=n_star,
        beta=fields.positive(said, "beta"),
        g1=fields.number(said, "G1"),
        model_version=int(fields.number(said, "model_version")),
        threshold=fields.number(said, "threshold"),
        probability=fields.number(said, "probability"),
        passes_s=None if said.get("passes_in") is None else fields.number(said, "passes_in"),
        closed_ms=_closed_ms(said),
    )


def read_alert(value: bytes) -> Alert:
    """The inverse. The course's alerts have neither interval nor threshold."""
    said = fields.opened(value, "alert")
    size = fields.positive(said, "n_tot")
    low, high = _interval(said, size)
    return Alert(
        cascade=fields.cascade(said, "cid"),
        text=fields.text(said, "msg"),
        window_s=fields.positive(said, "T_obs"),
        size=size,
        low=low,
        high=high,
        threshold=fields.number(said, "threshold") if "threshold" in said else 0.0,
        probability=fields.number(said, "probability") if "probability" in said else 1.0,
        model_version=int(fields.number(said, "model_version")) if "model_version" in said else 0,
        closed_ms=_closed_ms(said),
    )


def read_stat(value: bytes) -> Stat:
    """The inverse."""
    said = fields.opened(value, "stat")
    is_covered = said.get("covered")
    if is_covered is not None and not isinstance(is_covered, bool):
        raise BadMessage(f"covered is {fields.shown(is_covered)}, neither true nor false")
    of_constant = fields.number(said, "ARE_constant") if "ARE_constant" in said else None
    return Stat(
        cascade=fields.cascade(said, "cid"),
        window_s=fields.positive(said, "T_obs"),
        error=fields.number(said, "ARE"),
        error_of_constant=of_constant,
        is_covered=is_covered,
    )


def read_log(value: bytes) -> Log:
    """The inverse."""
    said = fields.opened(value)
    level = fields.text(said, "level").upper()
    if level not in LEVELS:
        raise BadMessage(f"level is {fields.shown(level)}, none of {', '.join(LEVELS)}")
    return Log(
        time_s=int(fields.number(said, "t")),
        source=fields.text(said, "source"),
        level=level,
        message=fields.text(said, "message"),
    )


def _interval(said: fields.Json, size: float) -> tuple[float, float]:
    """From where to where; the course has none."""
    interval = fields.numbers(said, "interval") or (size, size)
    if len(interval) != 2 or not interval[0] <= interval[1]:
        raise BadMessage(f"interval is {fields.shown(interval)}, not [low, high]")
    return interval[0], interval[1]


def _closed_ms(said: fields.Json) -> int | None:
    return None if said.get("closed_ms") is None else int(fields.positive(said, "closed_ms"))
