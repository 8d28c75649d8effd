"""In one sentence: is all well, is there nothing yet and why, or is something lost."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tweetoscope.dashboard.board import FORECASTS, SCORES, TWEETS, Board

LEAST_EVENTS = 10
PATIENCE_MS = 10_000
SILENCE_MS = 30_000


class Tone(Enum):
    """How to look at it."""

    GOOD = "good"
    WAITING = "busy"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """How it stands with the broker. `lags`: records that each service has not read yet."""

    since_ms: int = 0
    lost: str = ""
    is_reading_past: bool = False
    lags: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """`at_ms` is the time that the words are about: since when, or when it will be."""

    tone: Tone
    title: str
    said: str = ""
    at_ms: int | None = None


def standing(board: Board, link: Link, windows_s: Sequence[float], now_ms: int) -> Standing:
    """What to say on top of the page."""
    if link.lost:
        return Standing(
            tone=Tone.BAD,
            title="Nothing can be read from the broker",
            said=f"What is shown is from before; it is asked again all the time. {link.lost}",
            at_ms=link.since_ms,
        )
    if link.is_reading_past:
        return Standing(tone=Tone.WAITING, title="Reading what came before", at_ms=link.since_ms)
    last_ms = board.flow.last_ms.get(TWEETS)
    if last_ms is None:
        return Standing(
            tone=Tone.WAITING,
            title="No tweet has come yet",
            said="Nothing has been written to the topic tweets: start a generator or a source; one "
            "that is there says in its log what it waits for.",
            at_ms=link.since_ms,
        )
    if not board.flow.totals.get(FORECASTS):
        return _before_forecasts(board, link, windows_s, now_ms)
    if now_ms - last_ms > SILENCE_MS:
        return Standing(
            tone=Tone.BAD,
            title="No tweets come any more",
            said="Windows close by the time of later tweets, so nothing is foretold meanwhile.",
            at_ms=last_ms,
        )
    if not board.flow.totals.get(SCORES):
        return Standing(
            tone=Tone.GOOD,
            title="Live",
            said="How good forecasts are shows as soon as the first cascades have ended.",
        )
    return Standing(tone=Tone.GOOD, title="Live")


def closing_ms(board: Board, windows_s: Sequence[float]) -> float | None:
    """When the first window closes that has enough tweets, by the pace of the sources so far."""
    first_ms = math.inf
    for cascade in board.open():
        clock = board.flow.clocks.get(cascade.source)
        if cascade.first_s is None or clock is None or cascade.counted < LEAST_EVENTS:
            continue
        pace = clock.pace or board.flow.pace()
        if pace is not None and pace > 0.0:
            left_s = cascade.first_s + windows_s[0] - clock.newest_s
            first_ms = min(first_ms, clock.at_ms + 1000.0 * left_s / pace)
    return first_ms if math.isfinite(first_ms) else None


def _before_forecasts(
    board: Board, link: Link, windows_s: Sequence[float], now_ms: int
) -> Standing:
    due_ms = closing_ms(board, windows_s)
    if due_ms is None:
        return Standing(
            tone=Tone.WAITING,
            title="Waiting for a cascade",
            said=f"Tweets come, but none has been retweeted {LEAST_EVENTS - 1} times so far.",
        )
    if due_ms >= now_ms - PATIENCE_MS:
        return Standing(
            tone=Tone.WAITING,
            title="Waiting for the first window to close",
            said=f"Nothing is foretold before {windows_s[0]:g} s of a cascade were seen: "
            "that will be at about",
            at_ms=max(int(due_ms), now_ms),
        )
    behind = [f"{name} ({lag:,} behind)" for name, lag in link.lags.items() if lag]
    asked = f"Behind are: {', '.join(behind)}." if behind else "Do all services run?"
    return Standing(
        tone=Tone.BAD,
        title="Windows have closed, but nothing was foretold",
        said=f"The first should have been foretold at the time beside. {asked}",
        at_ms=int(due_ms),
    )
