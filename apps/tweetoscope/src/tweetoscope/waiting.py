"""A broker that does not answer yet: who waits for it says so, soon, and seldom after that."""

import threading
import time
from collections.abc import Callable

from tweetoscope.broker import Broker, BrokerError

FIRST_S = 1.0
"""How long a broker has to answer, each time that it is asked."""
AGAIN_S = 60.0


def until_there(
    broker: Broker,
    tell: Callable[[str], None],
    stop: threading.Event,
    *,
    within_s: float | None = None,
) -> None:
    """Wait until a broker answers, or until asked to stop. Raises: BrokerError after `within_s`."""
    began_s, told_s = time.monotonic(), None
    while not stop.is_set():
        if broker.answers(FIRST_S):
            if told_s is not None:
                tell(f"the broker at {broker.address} answers")
            return
        now_s = time.monotonic()
        if within_s is not None and now_s - began_s > within_s:
            raise BrokerError(
                f"no broker answers at {broker.address}: start it, or say with --brokers where it "
                "is"
            )
        if told_s is None or now_s - told_s > AGAIN_S:
            tell(f"waiting for the broker at {broker.address}, which does not answer")
            told_s = now_s
