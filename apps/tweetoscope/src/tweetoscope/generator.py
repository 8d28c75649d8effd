"""The generator: tweets of several sources, written at the pace at which they came.

How many were written is committed with them, so one that was killed goes on with the next.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from tweetoscope import messages
from tweetoscope.broker import Broker, BrokerError, Message
from tweetoscope.metrics import Metrics
from tweetoscope.sources import Emitted
from tweetoscope.topics import GENERATOR, TWEETS

BATCH = 2000
BATCH_S = 0.05
PAUSE_S = 0.5

log = logging.getLogger(__name__)


def run(
    emitted: Callable[[], Iterable[Emitted]],
    acceleration: float,
    broker: Broker,
    metrics: Metrics,
    stop: threading.Event,
) -> None:
    """Write until there is no more, or until asked to stop. An acceleration of 0 never waits."""
    while not stop.is_set():
        try:
            _write(emitted(), acceleration, broker, metrics, stop)
            return
        except BrokerError as error:
            metrics.rejoined()
            log.warning("beginning anew", extra={"reason": str(error)})
            stop.wait(PAUSE_S)


def _write(
    emitted: Iterable[Emitted],
    acceleration: float,
    broker: Broker,
    metrics: Metrics,
    stop: threading.Event,
) -> None:
    writer = broker.write(GENERATOR)
    try:
        position = writer.restore().position or 0
        rest = itertools.islice(emitted, position, None)
        for batch in _batches(rest, acceleration, stop):
            written = [
                Message(
                    TWEETS,
                    each.source.encode(),
                    messages.write_tweet(each.tweet, each.source),
                    position + number,
                )
                for number, each in enumerate(batch)
            ]
            position += len(batch)
            writer.send(written, [], position)
            writer.commit()
            metrics.handled(0, len(written), dead=0)
        log.info("all that is due was written", extra={"tweets": position})
    finally:
        writer.close()


def _batches(
    emitted: Iterable[Emitted], acceleration: float, stop: threading.Event
) -> Iterator[list[Emitted]]:
    """What is due together, when it is."""
    began_s: float | None = None
    batch: list[Emitted] = []
    for each in emitted:
        if acceleration > 0.0:
            if began_s is None:
                began_s = time.monotonic() - each.after_s / acceleration
            early_s = began_s + each.after_s / acceleration - time.monotonic()
            if early_s > BATCH_S and batch:
                yield batch
                batch = []
            if early_s > 0.0:
                stop.wait(early_s if early_s > BATCH_S else 0.0)
        if stop.is_set():
            return
        batch.append(each)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
