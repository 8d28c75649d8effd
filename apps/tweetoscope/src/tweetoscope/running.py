"""A service as a process: its log, its metrics, and how it is asked to end."""

import faulthandler
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from tweetoscope import telling, waiting
from tweetoscope.broker import Broker
from tweetoscope.metrics import Metrics
from tweetoscope.processing import Loop, Service

Value = TypeVar("Value")
OBJECTS = 100_000
"""More than those of a batch: how many new ones the garbage collector waits for."""
LONGEST_S = 30.0
"""To end may take so long; whoever may be killed at any time may also end without more ado."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Running:
    """What a service has while it runs. `stop` is set when it is asked to end."""

    broker: Broker
    metrics: Metrics
    stop: threading.Event
    port: int | None
    host: str
    meeting: threading.Thread

    def meet(self) -> None:
        """Wait until the broker answers, or this is asked to end."""
        self.meeting.join()

    def serve(self) -> None:
        """Answer on the port, if there is one: by this others know that the service is at work."""
        if self.port is not None:
            self.metrics.serve(self.port, self.host)

    def work(self, service: Service[Value]) -> None:
        """Be a member of the service's group until asked to end.

        It answers once it is one. So one that takes another's place is in it before that leaves.
        """
        self.meet()
        Loop(service, self.broker, self.metrics, joined=self.serve).run(self.stop)


@contextmanager
def service(name: str, broker: Broker, *, port: int | None, host: str) -> Iterator[Running]:
    """Begin and end a service. SIGTERM and SIGINT let it finish what it has begun."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _heard():
        yield from _service(name, broker, stop, port=port, host=host)


@contextmanager
def _heard() -> Iterator[None]:
    """Hear of signals also while the main thread is in a library that does not return.

    Who lets go of its tasks asks a broker that is gone again and again, each time for seconds; and
    what Python does at a signal waits until the library is back. To be killed loses nothing.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    def listen() -> None:
        if not ours.recv(1):
            return  # It has ended.
        ours.settimeout(LONGEST_S)
        try:
            while ours.recv(1):
                pass
        except TimeoutError:
            log.error("ended by force, as it was still waiting", extra={"seconds": LONGEST_S})
            faulthandler.dump_traceback()  # Of all threads: what it waited for.
            os._exit(1)

    threading.Thread(target=listen, name="hearing", daemon=True).start()
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        theirs.close()


def _service(
    name: str, broker: Broker, stop: threading.Event, *, port: int | None, host: str
) -> Iterator[Running]:
    poster = broker.post()
    telling.begin(poster, name)
    metrics = Metrics(name)
    # A batch is tens of thousands of objects, which would be looked through again and again while
    # they are in use: half of the collector's time.
    gc.freeze()
    gc.set_threshold(OBJECTS)
    log.info("started")
    meeting = threading.Thread(
        target=waiting.until_there, args=[broker, log.warning, stop], name="waiting", daemon=True
    )
    meeting.start()
    yield Running(broker=broker, metrics=metrics, stop=stop, port=port, host=host, meeting=meeting)
    log.info("ended")
    poster.close()
