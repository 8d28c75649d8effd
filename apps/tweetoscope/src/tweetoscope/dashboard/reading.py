"""Feeds the board from a broker: the last records of each topic first, then what comes.

When the broker is lost, what was read stays to be looked at, and all is read anew when it is back,
as by a dashboard that has just begun. So there is one way to come up to date.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from tweetoscope import fields, messages, reports
from tweetoscope.broker import Broker, BrokerError, Follower, Record
from tweetoscope.dashboard.board import Board, Taught
from tweetoscope.dashboard.standing import Link
from tweetoscope.errors import BadMessage
from tweetoscope.processing import DEAD_LETTERS
from tweetoscope.topics import ALERTS, INPUTS, MODELS, PREDICTIONS, PROPERTIES, STATS, TWEETS

LAST = 5000
"""Records of each partition that are read of what is there when the dashboard begins."""
LIMIT = 2000
POLL_S = 0.2
PATIENCE_S = 0.5
"""Twice as long as the broker is asked to wait: pages change once a second. Asked at every
opportunity about all these topics, Tansu would spend more on its dashboard than on the rest."""
LOOK_EVERY_S = 2.0
PAUSE_S = 1.0

Told = TypeVar("Told")
log = logging.getLogger(__name__)


class Reading:
    """Has the board, which one thread feeds and others look at."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._lock = threading.Lock()
        self._board, self._link = Board(), Link(since_ms=_now_ms(), is_reading_past=True)

    def look(self, at: Callable[[Board, Link], Told]) -> Told:
        """What somebody makes of the board and the link, while nothing of them changes."""
        with self._lock:
            return at(self._board, self._link)

    def run(self, stop: threading.Event) -> None:
        """Read until asked to stop."""
        while not stop.is_set():
            try:
                self._read(stop)
            except BrokerError as error:
                if not self._link.lost:
                    log.warning("the broker is lost", extra={"reason": str(error)})
                    self._link = Link(since_ms=_now_ms())
                self._link = replace(self._link, lost=str(error))
                stop.wait(PAUSE_S)

    def _read(self, stop: threading.Event) -> None:
        watch = self._broker.watch(INPUTS)
        watch.lags()
        follower = self._broker.follow(list(_TAKES), last=LAST, patience_s=PATIENCE_S)
        try:
            if not self._link.lost:
                self._link = Link(since_ms=_now_ms(), is_reading_past=True)
            board = _past(follower, stop)
            with self._lock:
                self._board, self._link = board, Link(since_ms=_now_ms())
            look_at = 0.0
            while not stop.is_set():
                records = follower.poll(POLL_S, LIMIT)
                with self._lock:
                    take(board, records)
                if time.monotonic() >= look_at:
                    self._link = replace(self._link, lags=watch.lags())
                    look_at = time.monotonic() + LOOK_EVERY_S
        finally:
            follower.close()


def take(board: Board, records: Iterable[Record]) -> None:
    """Tell a board what records say; what is no message of its topic is passed over.

    The services that it is for put it into the dead letters, which are counted.
    """
    for record in records:
        with contextlib.suppress(BadMessage):
            _TAKES[record.topic](board, record)


def _past(follower: Follower, stop: threading.Event) -> Board:
    """A board of what is there already: in the order of time, whatever the topics."""
    records: list[Record] = []
    while not (follower.is_at_end() or stop.is_set()):
        records.extend(follower.poll(POLL_S, LIMIT))
    records.sort(key=_time)
    board, since_ms = Board(), _whole_since_ms(records)
    take(board, (record for record in records if record.time_ms >= since_ms))
    return board


def _whole_since_ms(records: Iterable[Record]) -> int:
    """From when on the ends of cascades are there, without which forecasts wait for ever."""
    first: dict[int, int] = {}
    counts: dict[int, int] = {}
    for record in records:
        if record.topic == PROPERTIES:
            first.setdefault(record.partition, record.time_ms)
            counts[record.partition] = counts.get(record.partition, 0) + 1
    return max((first[at] for at, count in counts.items() if count >= LAST), default=0)


def _tweet(board: Board, record: Record) -> None:
    source, tweet = messages.read_tweet(record.value or b"", record.key)
    board.tweet(source, tweet, record.time_ms)


def _prediction(board: Board, record: Record) -> None:
    board.predict(reports.read_prediction(record.value or b""), record.time_ms)


def _alert(board: Board, record: Record) -> None:
    board.alert(reports.read_alert(record.value or b""), record.time_ms)


def _stat(board: Board, record: Record) -> None:
    board.score(reports.read_stat(record.value or b""), record.time_ms)


def _property(board: Board, record: Record) -> None:
    # Nine tenths of a record's cost is reading parameters, which its forecast repeats.
    if b'"parameters"' in (record.value or b"")[:40]:
        return
    told = messages.read_property(record.value or b"")
    if isinstance(told, messages.Size):
        board.end(told, record.time_ms)


def _model(board: Board, record: Record) -> None:
    said = fields.opened(record.value or b"", "model")
    taught = Taught(
        window_s=fields.positive(said, "T_obs"),
        version=fields.count(said, "version"),
        samples=fields.count(said, "samples"),
    )
    board.teach(taught, record.time_ms)


def _dead_letter(board: Board, _: Record) -> None:
    board.unreadable += 1


_TAKES: Mapping[str, Callable[[Board, Record], None]] = {
    TWEETS: _tweet,
    PREDICTIONS: _prediction,
    ALERTS: _alert,
    STATS: _stat,
    PROPERTIES: _property,
    MODELS: _model,
    DEAD_LETTERS: _dead_letter,
}


def _time(record: Record) -> int:
    return record.time_ms


def _now_ms() -> int:
    return int(time.time() * 1000)
