"""Bluesky's public stream as a feed: Jetstream, read over a websocket that may break at any time.

A position is a time in microseconds, Jetstream's cursor. Whoever connects goes back a few seconds
before it, since Jetstreams differ by that, and passes over what it has heard. If not even the last
event comes once more, others are missing: that is said and counted.
"""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tweetoscope.bluesky import POST, REPOST, Event, Tweets, read_event
from tweetoscope.broker import Message, Record
from tweetoscope.errors import BadMessage, BadParameters
from tweetoscope.followers import Followers
from tweetoscope.generator import Portion, message
from tweetoscope.metrics import Metrics
from tweetoscope.processing import dead_letter

ADDRESS = "wss://jetstream2.us-east.bsky.network/subscribe"
PROFILES = "https://public.api.bsky.app"
OVERLAP_US = 5_000_000
MOST_EVENTS = 2000
TOGETHER_S = 0.2
WAIT_S = 0.5
LONGEST_MESSAGE = 1 << 24

log = logging.getLogger(__name__)


class Heard:
    """The events of the last seconds, by which those that come again are known."""

    def __init__(self, until_us: int) -> None:
        self._until_us, self._newest_us = until_us, until_us
        self._keys: OrderedDict[str, int] = OrderedDict()

    def is_new(self, event: Event) -> bool:
        """Whether it is heard for the first time, as far as that can be known."""
        oldest_us = max(self._newest_us - 2 * OVERLAP_US, self._until_us)
        if event.time_us <= oldest_us or event.key in self._keys:
            return False
        self._keys[event.key] = event.time_us
        self._newest_us = max(self._newest_us, event.time_us)
        while next(iter(self._keys.values())) <= self._newest_us - 2 * OVERLAP_US:
            self._keys.popitem(last=False)
        return True


@dataclass(kw_only=True)
class Jetstream:
    """A feed of posts and reposts, spread over `sources`."""

    followers: Followers
    metrics: Metrics
    address: str = ADDRESS
    sources: int = 5
    pauses_s: tuple[float, float] = (0.5, 30.0)
    silent_s: float = 60.0
    _newest_us: int = field(default=0, init=False)
    _resumed_us: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not self.address.startswith(("ws://", "wss://")):
            raise BadParameters(f"{self.address} is no Jetstream: give ws://… or wss://…/subscribe")

    def portions(self, position: int | None, stop: threading.Event) -> Iterator[Portion]:
        """What comes from a time on; without one, from now on."""
        last = self._newest_us = position or 0
        heard, tweets = Heard(last), Tweets(self.sources)
        for values in self._values(stop):
            events: list[Event] = []
            dead: list[Message] = []
            for value in values:
                try:
                    event = read_event(value)
                except BadMessage as error:
                    dead.append(_letter(value, str(error)))
                    continue
                if event is not None:
                    self._look_for_gap(event)
                    if heard.is_new(event):
                        events.append(event)
            self.followers.ask(each for event in events for each in tweets.accounts(event))
            written: list[Message] = []
            for event in events:
                # Times grow, whichever Jetstream has told them.
                last = max(event.time_us, last + 1)
                emitted = tweets.of(event._replace(time_us=last), self.followers.of)
                written += [message(each, last) for each in emitted]
            for letter in dead:
                last += 1
                written.append(letter._replace(cause=last))
            yield Portion(written, last, len(dead))

    def _look_for_gap(self, event: Event) -> None:
        """After a break the last event is to come once more; else some are missing."""
        if self._resumed_us is not None and event.time_us > self._resumed_us:
            missing_s = (event.time_us - self._resumed_us) / 1e6
            self.metrics.count("missed_seconds_total", math.ceil(missing_s))
            log.warning("tweets are missing", extra={"seconds": round(missing_s, 3)})
        self._resumed_us = None
        self._newest_us = max(self._newest_us, event.time_us)

    def _values(self, stop: threading.Event) -> Iterator[list[str | bytes]]:
        """Messages as they come, over all connections; none where there are none for a while."""
        pause_s, longest_s = self.pauses_s
        while not stop.is_set():
            try:
                with connect(
                    self._request(), compression=None, max_size=LONGEST_MESSAGE, close_timeout=1.0
                ) as connection:
                    log.info("connected", extra={"cursor": self._newest_us})
                    for values in self._of(connection, stop):
                        if values:
                            pause_s = self.pauses_s[0]
                        yield values
            except (OSError, WebSocketException) as error:
                self.metrics.count("reconnected_total")
                log.warning("the stream is away", extra={"reason": str(error), "pause_s": pause_s})
                stop.wait(pause_s)
                pause_s = min(2.0 * pause_s, longest_s)

    def _request(self) -> str:
        asked = [("wantedCollections", POST), ("wantedCollections", REPOST)]
        self._resumed_us = self._newest_us or None
        if self._newest_us:
            asked.append(("cursor", str(self._newest_us - OVERLAP_US)))
        return f"{self.address}?{urlencode(asked)}"

    def _of(
        self, connection: ClientConnection, stop: threading.Event
    ) -> Iterator[list[str | bytes]]:
        silent_until_s = time.monotonic() + self.silent_s
        while not stop.is_set():
            if values := _together(connection):
                silent_until_s = time.monotonic() + self.silent_s
            elif time.monotonic() > silent_until_s:
                raise TimeoutError(f"nothing was heard for {self.silent_s:g} s")
            yield values


def _together(connection: ClientConnection) -> list[str | bytes]:
    """What comes soon after each other, as followers are best asked for many at once."""
    values: list[str | bytes] = []
    until_s = time.monotonic() + WAIT_S
    while len(values) < MOST_EVENTS:
        try:
            values.append(connection.recv(timeout=max(until_s - time.monotonic(), 0.0)))
        except TimeoutError:
            break
        except WebSocketException:
            if not values:
                raise
            break
        if len(values) == 1:
            until_s = time.monotonic() + TOGETHER_S
    return values


def _letter(value: str | bytes, reason: str) -> Message:
    content = value.encode() if isinstance(value, str) else value
    record = Record("jetstream", 0, 0, None, content, int(time.time() * 1000), None)
    return dead_letter(record, reason)
