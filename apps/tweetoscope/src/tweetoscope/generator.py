"""The generator: tweets of several sources, written as a feed says they come.

How far the feed was written is committed with what was, so one that was killed goes on from there.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tweetoscope import messages, told, whereabouts
from tweetoscope.broker import Broker, BrokerError, Message, Writer
from tweetoscope.metrics import Metrics
from tweetoscope.sources import Emitted
from tweetoscope.topics import GENERATOR, TWEETS

BATCH = 2000
BATCH_S = 0.05
PAUSE_S = 0.5

log = logging.getLogger(__name__)


class Portion(NamedTuple):
    """What is written together, and where the feed goes on after it.

    The causes of the messages ascend, also over portions, and are not above that position.
    """

    messages: Sequence[Message]
    position: int
    dead: int = 0


class Feed(Protocol):
    """Where tweets come from."""

    def portions(self, position: int | None, stop: threading.Event) -> Iterator[Portion]:
        """What comes from a position on (None: its beginning), when it comes, until asked to stop.

        An empty portion says that there is nothing at the moment.
        """


@dataclass(frozen=True, kw_only=True)
class Paced:
    """Tweets that are there already, at the pace at which they came, times `acceleration`.

    A position is a number of tweets. An acceleration of 0 never waits.
    """

    emitted: Callable[[], Iterable[Emitted]]
    acceleration: float

    def portions(self, position: int | None, stop: threading.Event) -> Iterator[Portion]:
        """All that is left, when it is due."""
        at = position or 0
        rest = itertools.islice(self.emitted(), at, None)
        for batch in _batches(rest, self.acceleration, stop):
            written = [message(each, at + number) for number, each in enumerate(batch)]
            at += len(batch)
            yield Portion(written, at)


def message(emitted: Emitted, cause: int) -> Message:
    """A tweet as it is written."""
    _, source, tweet = emitted
    value = messages.write_tweet(tweet, source)
    # Past the constructor, as there are tens of thousands a second.
    return tuple.__new__(Message, (TWEETS, source.encode(), value, cause, None))


def run(feed: Feed, broker: Broker, metrics: Metrics, stop: threading.Event) -> None:
    """Write until there is no more, or until asked to stop."""
    while not stop.is_set():
        try:
            _write(feed, broker, metrics, stop)
            return
        except BrokerError as error:
            metrics.rejoined()
            log.warning("beginning anew", extra={"reason": str(error)})
            stop.wait(PAUSE_S)


def _write(feed: Feed, broker: Broker, metrics: Metrics, stop: threading.Event) -> None:
    """A portion is made while the one before is committed."""
    whereabouts.check_arrived(broker)
    writer = broker.write(GENERATOR)
    try:
        restored = writer.restore()
        whereabouts.check_stays(restored)
        writer = told.passing(writer, restored)
        position = restored.position
        with ThreadPoolExecutor(1) as pool:
            before = pool.submit(lambda: None)
            for portion in feed.portions(position, stop):
                before.result()
                if portion.position == position:
                    continue
                position = portion.position
                writer.send(portion.messages, [], position)
                before = pool.submit(_commit, writer, metrics, portion)
            before.result()
        if not stop.is_set():
            log.info("all that is due was written", extra={"position": position})
    finally:
        writer.close()


def _commit(writer: Writer, metrics: Metrics, portion: Portion) -> None:
    writer.commit()
    metrics.handled(0, len(portion.messages), dead=portion.dead)


def _batches(
    emitted: Iterable[Emitted], acceleration: float, stop: threading.Event
) -> Iterator[list[Emitted]]:
    """What is due together, when it is."""
    began_s: float | None = None
    now_s = 0.0
    batch: list[Emitted] = []
    for each in emitted:
        if acceleration > 0.0:
            if began_s is None:
                now_s = time.monotonic()
                began_s = now_s - each.after_s / acceleration
            due_s = began_s + each.after_s / acceleration
            if due_s > now_s:
                now_s = time.monotonic()
            if due_s - now_s > BATCH_S:
                if batch:
                    yield batch
                    batch = []
                yield []  # There is time to look what became of the last one.
                stop.wait(due_s - time.monotonic())
        if stop.is_set():
            return
        batch.append(each)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
