"""Lines for Loki, pushed by a thread of its own, so that whoever has them never waits.

While Loki cannot be reached lines wait for it, so many at most; then the oldest are dropped, and
counted. One that is pushed twice is one to Loki, as its time and its words are the same.
"""

import http.client
import json
import logging
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tweetoscope.errors import BadParameters
from tweetoscope.metrics import Metrics

PATH = "/loki/api/v1/push"
TIMEOUT_S = 10.0
TOO_MANY = 429
JOB = "tweetoscope"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What a service said at a time, in Unix nanoseconds."""

    time_ns: int
    service: str
    level: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How many lines go together and how many wait; pauses after one failure and after many."""

    together: int = 1000
    most: int = 10_000
    pauses_s: tuple[float, float] = (0.5, 30.0)


class Unreachable(Exception):
    """Loki did not take lines, but may do so later."""


class Refused(Exception):
    """Loki will never take these lines."""


class Loki:
    """Where Loki is, and what waits for it."""

    def __init__(self, url: str, metrics: Metrics, patience: Patience | None = None) -> None:
        self._url, self._metrics = url.rstrip("/") + PATH, metrics
        self._patience = patience or Patience()
        self._waiting: deque[Line] = deque()
        self._changed = threading.Condition()
        self._is_closing = False
        self._is_well = True
        self._thread = threading.Thread(target=self._run, name="loki", daemon=True)
        self._thread.start()

    def put(self, lines: Sequence[Line]) -> None:
        """Have lines pushed soon, without waiting for anything."""
        with self._changed:
            self._waiting.extend(lines)
            dropped = max(len(self._waiting) - self._patience.most, 0)
            for _ in range(dropped):
                self._waiting.popleft()
            self._look()
            self._changed.notify_all()
        if dropped:
            self._metrics.count("loki_lines_total", dropped, "dropped")

    def close(self, within_s: float = 5.0) -> None:
        """Push what waits, once; what is not taken then is lost."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(within_s)

    def _run(self) -> None:
        pause_s, longest_s = self._patience.pauses_s
        while (lines := self._next()) is not None:
            outcome = "taken"
            try:
                push(self._url, lines)
                pause_s = self._patience.pauses_s[0]
                self._say(is_well=True)
            except Refused as error:
                outcome = "refused"
                self._say(is_well=False, reason=error)
            except Unreachable as error:
                self._metrics.count("loki_failures_total")
                self._say(is_well=False, reason=error)
                if not self._again(lines, pause_s):
                    return
                pause_s = min(2.0 * pause_s, longest_s)
                continue
            self._metrics.count("loki_lines_total", len(lines), outcome)

    def _next(self) -> list[Line] | None:
        """What goes together next; None when there is no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closing)
            count = min(len(self._waiting), self._patience.together)
            lines = [self._waiting.popleft() for _ in range(count)]
            self._look()
            return lines or None

    def _again(self, lines: list[Line], pause_s: float) -> bool:
        """Put lines back to where they were, after a pause; not when there is an end to it."""
        with self._changed:
            room = max(self._patience.most - len(self._waiting), 0)
            dropped = max(len(lines) - room, 0)
            self._waiting.extendleft(reversed(lines[dropped:]))
            self._look()
            is_ending = self._changed.wait_for(lambda: self._is_closing, pause_s)
        if dropped:
            self._metrics.count("loki_lines_total", dropped, "dropped")
        return not is_ending

    def _look(self) -> None:
        self._metrics.gauge("loki_waiting_lines", len(self._waiting))

    def _say(self, *, is_well: bool, reason: Exception | None = None) -> None:
        """Log it when it changes; a line for each push that fails would be a line to push."""
        if is_well == self._is_well:
            return
        self._is_well = is_well
        if is_well:
            log.info("Loki takes lines again")
        else:
            log.warning("Loki does not take lines", extra={"reason": str(reason)})


def push(url: str, lines: Sequence[Line]) -> None:
    """Send lines. Raises: Unreachable, Refused."""
    request = urllib.request.Request(url, body(lines), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):
            pass
    except urllib.error.HTTPError as error:
        with error:
            said = f"{url} answers {error.code}: {error.read(500).decode(errors='replace')}"
        if error.code == TOO_MANY or error.code >= 500:
            raise Unreachable(said) from error
        raise Refused(said) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url} cannot be reached: {error}") from error


def body(lines: Sequence[Line]) -> bytes:
    """Lines in the form of Loki's push API: a stream for each service and level."""
    streams: dict[tuple[str, str], list[list[str]]] = {}
    for line in lines:
        stream = streams.setdefault((line.service, line.level), [])
        stream.append([str(line.time_ns), line.text])
    said = [
        {"stream": {"job": JOB, "service": service, "level": level.lower()}, "values": values}
        for (service, level), values in streams.items()
    ]
    return json.dumps({"streams": said}).encode()


@contextmanager
def pushing(url: str | None, metrics: Metrics) -> Iterator[Loki | None]:
    """A Loki for as long as it is needed; without an address none. Raises: BadParameters."""
    if url is None:
        yield None
        return
    if not url.startswith(("http://", "https://")):
        raise BadParameters(f"{url} is no address of a Loki; say http://host:port")
    loki = Loki(url, metrics)
    yield loki
    loki.close()
