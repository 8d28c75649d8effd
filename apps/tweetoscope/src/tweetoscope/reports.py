"""What is told to people and to their dashboards: the topics `alerts`, `stats` and `logs`.

As in `messages`, the course's format with extra fields only.
"""

from dataclasses import dataclass
from typing import Any

from tweetoscope import fields
from tweetoscope.errors import BadMessage

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


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


def read_alert(value: bytes) -> Alert:
    """The inverse. The course's alerts have neither interval nor threshold."""
    said = fields.opened(value, "alert")
    size = fields.positive(said, "n_tot")
    interval = fields.numbers(said, "interval") or (size, size)
    if len(interval) != 2 or not interval[0] <= interval[1]:
        raise BadMessage(f"interval is {fields.shown(interval)}, not [low, high]")
    return Alert(
        cascade=fields.cascade(said, "cid"),
        text=fields.text(said, "msg"),
        window_s=fields.positive(said, "T_obs"),
        size=size,
        low=interval[0],
        high=interval[1],
        threshold=fields.number(said, "threshold") if "threshold" in said else 0.0,
        probability=fields.number(said, "probability") if "probability" in said else 1.0,
        model_version=int(fields.number(said, "model_version")) if "model_version" in said else 0,
        closed_ms=int(fields.positive(said, "closed_ms")) if "closed_ms" in said else None,
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
