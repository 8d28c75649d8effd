"""A broker that is not there is told of, once and then seldom; what is wrong otherwise, before."""

import logging
import threading

import pytest
from typer.testing import CliRunner

from apps.tweetoscope.tests.memory_broker import MemoryBroker
from tweetoscope import waiting
from tweetoscope.broker import BrokerError
from tweetoscope.cli.main import app
from tweetoscope.errors import BadParameters
from tweetoscope.kafka import Kafka
from tweetoscope.kafka.answers import Changes
from tweetoscope.testing.brokers import free_ports


class Late(MemoryBroker):
    """Answers when it is asked for the third time."""

    asked = 0

    def answers(self, within_s: float) -> bool:
        self.asked += 1
        return self.asked > 2


def test_who_waits_for_a_broker_says_so_once_and_when_it_is_over() -> None:
    told: list[str] = []
    waiting.until_there(Late(), told.append, threading.Event())
    assert told == [
        "waiting for the broker at memory, which does not answer",
        "the broker at memory answers",
    ]
    waiting.until_there(MemoryBroker(), told.append, threading.Event())
    assert len(told) == 2


def test_a_broker_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_S", 0.2)
    [port] = free_ports(1)
    broker, told = Kafka(f"127.0.0.1:{port}"), list[str]()
    with pytest.raises(BrokerError, match=f"no broker answers at 127.0.0.1:{port}"):
        waiting.until_there(broker, told.append, threading.Event(), within_s=0.0)
    stop = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        stop.set()

    waiting.until_there(broker, tell, stop)
    assert told == [f"waiting for the broker at 127.0.0.1:{port}, which does not answer"]


def test_a_connection_that_fails_again_and_again_is_told_of_once() -> None:
    said = [
        "FAIL [rdkafka#consumer-1] [thrd:1.2.3.4:9/bootstrap]: 1.2.3.4:9/bootstrap: "
        "Connect to ipv4#1.2.3.4:9 failed: Connection refused (after 0ms in state CONNECT)",
        "FAIL [rdkafka#producer-2] [thrd:1.2.3.4:9/bootstrap]: 1.2.3.4:9/bootstrap: "
        "Connect to ipv4#1.2.3.4:9 failed: Connection refused (after 3ms in state CONNECT)",
        "FAIL [rdkafka#consumer-1] [thrd:1.2.3.4:9/1]: 1.2.3.4:9/1: "
        "Disconnected while requesting ApiVersion (after 2ms in state APIVERSION_QUERY)",
        "a transaction was left open",
        "a transaction was left open",
    ]
    changes = Changes()
    passed = [changes.filter(logging.makeLogRecord({"msg": line})) for line in said]
    assert passed == [True, False, True, True, True]


def test_a_wrong_webhook_is_told_before_a_broker_is_looked_for() -> None:
    [port] = free_ports(1)
    run = CliRunner().invoke(
        app, ["notifier", "--brokers", f"127.0.0.1:{port}", "--webhook", "chat.example.org"]
    )
    assert isinstance(run.exception, BadParameters)
    assert "--webhook chat.example.org" in str(run.exception)
