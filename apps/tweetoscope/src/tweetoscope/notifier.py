"""The notifier: alerts posted to somebody's web address, one after the other.

What was delivered is committed before the next one is posted. So none is lost, and only one can be
posted twice: the one whose notifier was killed between the answer and the commit. Each has a key
of its own by which whoever takes it can tell. While the address does not answer, alerts wait in
their topic.
"""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import httpx
import orjson

from tweetoscope import reports
from tweetoscope.broker import BrokerError, Change, Message, Record
from tweetoscope.errors import BadParameters
from tweetoscope.metrics import Figure, Metrics
from tweetoscope.processing import Service, dead_letter
from tweetoscope.topics import ALERTS, NOTIFIER

TIMEOUT_S = 10.0
DAY_S = 86_400.0
LATER = {408, 425, 429}
"""Answers that mean: not now. All others from 300 to 499 mean: never."""

log = logging.getLogger(__name__)
# It logs the address of each request, and this one's is often a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """Pauses after one failure and after many; how long one alert is tried before joining anew.

    A member of a group that is silent for minutes would be taken for dead.
    """

    pauses_s: tuple[float, float] = (1.0, 30.0)
    together_s: float = 120.0


class Refused(Exception):
    """The address will never take this alert."""


class Webhook:
    """Somebody's address. `stop` ends waiting for it."""

    def __init__(
        self,
        url: str,
        metrics: Metrics,
        stop: threading.Event,
        *,
        patience: Patience | None = None,
    ) -> None:
        check_address(url)
        self._url, self._metrics, self._stop = url, metrics, stop
        self._patience = patience or Patience()
        self._client = httpx.Client(timeout=TIMEOUT_S)

    def deliver(self, alert: reports.Alert, value: bytes) -> None:
        """Post an alert until it is taken. Raises: Refused; BrokerError after long enough."""
        content = orjson.dumps({"text": sentence(alert), **orjson.loads(value)})
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key(alert),
        }
        pause_s, longest_s = self._patience.pauses_s
        until_s = time.monotonic() + self._patience.together_s
        while (reason := self._post(content, headers)) is not None:
            self._metrics.count("webhook_failures_total")
            log.warning("an alert waits", extra={"cascade": alert.cascade, "reason": reason})
            if self._stop.wait(pause_s) or time.monotonic() > until_s:
                raise BrokerError(f"alerts are not taken: {reason}")
            pause_s = min(2.0 * pause_s, longest_s)

    def _post(self, content: bytes, headers: dict[str, str]) -> str | None:
        """Why it was not taken; None if it was. The address itself may be a secret."""
        try:
            answer = self._client.post(self._url, content=content, headers=headers)
        except httpx.TransportError as error:
            return f"the address does not answer: {type(error).__name__}"
        if answer.is_success:
            return None
        reason = f"the address answered {answer.status_code}"
        if 300 <= answer.status_code < 500 and answer.status_code not in LATER:
            raise Refused(reason)
        return reason


def check_address(url: str) -> None:
    """Raises: BadParameters, where nothing could be posted to."""
    try:
        asked = httpx.URL(url)
        # What no host can be called is quoted.
        is_good = asked.scheme in ("http", "https") and bool(asked.host) and "%" not in asked.host
    except httpx.InvalidURL:
        is_good = False
    if not is_good:
        raise BadParameters(
            f"--webhook {url}: that is no address that can be posted to, like https://host/path"
        )


class Notifying:
    """What the notifier does with one partition. Its state is which alert was the last."""

    def __init__(self, webhook: Webhook, metrics: Metrics, max_age_s: float) -> None:
        self._webhook, self._metrics, self._max_age_s = webhook, metrics, max_age_s
        self._last: str | None = None

    def handle(
        self, records: Sequence[Record], values: Sequence[reports.Alert]
    ) -> Iterable[Message]:
        """Deliver; what the address refuses is a dead letter, what is too old is passed over."""
        refused: list[Message] = []
        for record, alert in zip(records, values, strict=True):
            outcome = "delivered"
            if time.time() - record.time_ms / 1000.0 > self._max_age_s:
                outcome = "too old"
            else:
                try:
                    self._webhook.deliver(alert, record.value or b"")
                except Refused as error:
                    outcome = "refused"
                    refused.append(dead_letter(record, f"the alert was not taken: {error}"))
            self._last = f"{key(alert)} {outcome}"
            self._metrics.count("webhook_alerts_total", 1, outcome)
        return refused

    def changes(self) -> Iterable[Change]:
        """The last alert. Tansu forgets a position that is committed with nothing beside it."""
        if self._last is not None:
            yield Change(b"last", self._last.encode())
            self._last = None

    def state(self) -> Iterable[Change]:
        """Nothing that another one would go by."""
        return ()

    def figures(self) -> Iterable[Figure]:
        """Nothing."""
        return ()


def service(webhook: Webhook, metrics: Metrics, max_age_s: float) -> Service[reports.Alert]:
    """The notifier as the loop runs it: one alert at a time."""
    return Service(
        group=NOTIFIER,
        topic=ALERTS,
        decode=lambda record: reports.read_alert(record.value or b""),
        open=lambda _, __: Notifying(webhook, metrics, max_age_s),
        limit=1,
        patience_s=0.25,
        is_urgent=False,
    )


def key(alert: reports.Alert) -> str:
    """What tells an alert from all others."""
    return f"{alert.cascade}/{alert.window_s:g}"


def sentence(alert: reports.Alert) -> str:
    """The alert in words, as chat programs show it."""
    return (
        f"{alert.text or alert.cascade}: likely to pass {alert.threshold:,.0f} "
        f"({100.0 * alert.probability:.0f} %); foretold are {alert.size:,.0f}, "
        f"most likely from {alert.low:,.0f} to {alert.high:,.0f}"
    )
