"""What a broker answers when it does not do what it was asked, and how long is waited for it."""

import logging
import re
import time
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

import confluent_kafka as rdkafka
from confluent_kafka import KafkaError, KafkaException

from tweetoscope.broker import BrokerError

Answer = TypeVar("Answer")

AtEnd = Callable[[tuple[str, int], int], None]
"""Called with a partition that was read to its end, and the offset that it ends at."""

TIMEOUT_S = 30.0
SUPERSEDED = {
    KafkaError._FENCED,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_INSTANCE_ID,
}
PASSING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.UNSTABLE_OFFSET_COMMIT,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
}
"""Another broker is to be asked, which the client has learnt by now, or the same one soon."""
AGAIN_S = 0.1

log = logging.getLogger("tweetoscope.kafka")


class Changes(logging.Filter):
    """Lets pass what librdkafka says of a connection when it is not what it said of it last.

    It says so of each of its attempts and threads, several times a second.
    """

    AGAIN_S = 60.0
    _SAID = re.compile(r"([\w.-]+:\d+)\S*: (.*?)(?: \(after .*)?$", re.DOTALL)

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether that is news."""
        if (found := self._SAID.search(record.getMessage())) is None:
            return True
        address, what = found.groups()
        now_s = time.monotonic()
        last_s = self._said.get((address, what))
        if last_s is not None and now_s - last_s < self.AGAIN_S:
            return False
        self._said[address, what] = now_s
        return True


log.addFilter(Changes())


def ended_or_raise(error: KafkaError, message: rdkafka.Message, at_end: AtEnd) -> None:
    """Take note of a partition's end; raise what will not get better by itself."""
    if error.code() == KafkaError._PARTITION_EOF:
        at_end((message.topic(), message.partition()), message.offset())
    elif error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise BrokerError(f"{message.topic()} cannot be read: {error.str()}")
    else:
        log.warning("the broker is in trouble", extra={"reason": error.str()})


def asked(what: str, ask: Callable[[], Answer], within_s: float = TIMEOUT_S) -> Answer:
    """What is answered, asked again while another answer is to come soon. Raises: BrokerError.

    `what` is said of it if there is none. What is asked for changes nothing at the broker, or
    nothing more when it is done twice.
    """
    until = time.monotonic() + within_s
    while True:
        try:
            return ask()
        except KafkaException as error:
            if code(error) not in PASSING or time.monotonic() > until:
                raise failed(what, error) from error
        time.sleep(AGAIN_S)


def known(positions: list[rdkafka.TopicPartition]) -> list[rdkafka.TopicPartition]:
    """The same, if none of them is an error. Raises: KafkaException."""
    for at in positions:
        if at.error is not None:
            raise KafkaException(at.error)
    return positions


def within(
    seconds: float, ask: Callable[[], None], meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Ask, and wait no longer than that, or than what is done meanwhile. Raises: KafkaException.

    For what librdkafka (2.16) gives a time that it does not heed: to send positions waits until the
    broker that coordinates the group is back, for ever where it is not, even if another coordinates
    it by then. Who still waits is left to it, in a thread that keeps no process from ending.
    """
    failures: list[KafkaException] = []

    def asking() -> None:
        try:
            ask()
        except KafkaException as error:
            failures.append(error)

    thread = Thread(target=asking, name="asking", daemon=True)
    until = time.monotonic() + seconds
    thread.start()
    meanwhile()
    thread.join(max(until - time.monotonic(), 0.0))
    if thread.is_alive():
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no answer for {seconds:.0f} s"))
    for failure in failures:
        raise failure


def code(error: KafkaException) -> int:
    """Which error it is, among those of `KafkaError`."""
    code: int = error.args[0].code()
    return code


def failed(what: str, error: KafkaException) -> BrokerError:
    """What could not be done, and the broker's own words for why."""
    return BrokerError(f"{what}: {error.args[0].str()}")
