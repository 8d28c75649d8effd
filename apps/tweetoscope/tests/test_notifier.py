"""Alerts are posted to a web address: each once, in spite of whatever it answers."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apps.tweetoscope.tests.memory_broker import MemoryBroker
from apps.tweetoscope.tests.test_dashboard_board import ALERT
from tweetoscope import moving, notifier, reports
from tweetoscope.broker import Broker, Record
from tweetoscope.errors import BadParameters
from tweetoscope.kafka import Kafka
from tweetoscope.metrics import Metrics
from tweetoscope.notifier import Patience, Webhook
from tweetoscope.processing import DEAD_LETTERS, Loop
from tweetoscope.topics import ALERTS, NOTIFIER, all_topics

WITHIN_S = 60.0
QUICK = Patience(pauses_s=(0.01, 0.02), together_s=0.05)


class Receiver(ThreadingHTTPServer):
    """Answers each alert as it was told to, in turn, and then always with 200."""

    def __init__(self, *answers: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.taken: list[tuple[str, dict[str, object]]] = []
        self.changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hooks/secret"

    def until(self, is_so: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(is_so, WITHIN_S), self.taken


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.changed:
            answer = self.server.answers.pop(0) if self.server.answers else 200
            if answer == 200:
                self.server.taken.append((self.headers["Idempotency-Key"], said))
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.server.changed.notify_all()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving(*answers: int) -> Iterator[Receiver]:
    with Receiver(*answers) as receiver, ThreadPoolExecutor(1) as pool:
        pool.submit(receiver.serve_forever, 0.01)
        try:
            yield receiver
        finally:
            receiver.shutdown()


@contextmanager
def notifying(broker: Broker, url: str, max_age_s: float = notifier.DAY_S) -> Iterator[Metrics]:
    stop, metrics = threading.Event(), Metrics(NOTIFIER)
    webhook = Webhook(url, metrics, stop, patience=QUICK)
    loop = Loop(notifier.service(webhook, metrics, max_age_s), broker, metrics)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(loop.run, stop)
        try:
            yield metrics
        finally:
            stop.set()
            running.result(WITHIN_S)


def post(broker: Broker, *names: str) -> None:
    poster = broker.post()
    for name in names:
        poster.post(ALERTS, name.encode(), reports.write_alert(replace(ALERT, cascade=name)))
    poster.close()


@pytest.fixture(params=["memory", pytest.param("Tansu", marks=pytest.mark.long)])
def broker(request: pytest.FixtureRequest) -> Broker:
    found: Broker = (
        MemoryBroker()
        if request.param == "memory"
        else Kafka(request.getfixturevalue("tansu"), commit_s=5.0)
    )
    found.make(all_topics(2))
    return found


def test_each_alert_is_delivered_once_whatever_the_address_answers(broker: Broker) -> None:
    names = [f"tw{number}" for number in range(5)]
    # So often that the member leaves and joins anew; and one alert is never taken.
    with receiving(*[503] * 4, 429, 400) as receiver:
        post(broker, *names)
        with notifying(broker, receiver.url):
            receiver.until(lambda: len(receiver.taken) == 4)
            follower = broker.follow([DEAD_LETTERS])
            letters: list[Record] = []
            while not letters:
                letters.extend(follower.poll(0.1, 10))
        # Another one goes on where the first has ended.
        post(broker, "tw9")
        with notifying(broker, receiver.url):
            receiver.until(lambda: len(receiver.taken) == 5)
        keys = Counter(key for key, _ in receiver.taken)
        assert set(keys.values()) == {1}
        [letter] = [json.loads(each.value or b"") for each in letters]
        assert "answered 400" in letter["reason"]
        refused = json.loads(letter["value"])["cid"]
        assert set(keys) == {f"{name}/600" for name in {*names, "tw9"} - {refused}}
        assert receiver.taken[-1][1]["text"] == (
            "whales: likely to pass 100 (60 %); foretold are 120, most likely from 80 to 300"
        )
        assert receiver.taken[-1][1]["cid"] == "tw9"


@pytest.mark.parametrize("shows_aborted", [False, True])
def test_alerts_that_wait_move_with_the_notifier(*, shows_aborted: bool) -> None:
    old, new = (MemoryBroker(shows_aborted=shows_aborted) for _ in range(2))
    old.make(all_topics(2))
    with receiving() as receiver:
        post(old, "tw0", "tw1")
        with notifying(old, receiver.url):
            receiver.until(lambda: len(receiver.taken) == 2)
        post(old, "tw2", "tw3")
        assert moving.move(old, new, "there:9092") == 2
        # Whoever is still there posts nothing any more, and goes on at the new broker.
        with notifying(old, receiver.url), notifying(new, receiver.url):
            post(new, "tw4")
            receiver.until(lambda: len(receiver.taken) == 5)
        assert [f"tw{number}/600" for number in range(5)] == sorted(k for k, _ in receiver.taken)


def test_what_is_no_news_any_more_is_passed_over() -> None:
    broker = MemoryBroker()
    broker.make(all_topics(1))
    post(broker, "tw1")
    with receiving() as receiver:
        with notifying(broker, receiver.url, max_age_s=-1.0) as metrics:
            end = threading.Event()
            while not metrics.registry.get_sample_value(
                "tweetoscope_webhook_alerts_total", {"service": NOTIFIER, "outcome": "too old"}
            ):
                assert not end.wait(0.01)
        assert receiver.taken == []


@pytest.mark.parametrize("url", ["example.org/hook", "ftp://example.org", "https://", "http://["])
def test_an_address_that_cannot_be_posted_to_is_refused(url: str) -> None:
    with pytest.raises(BadParameters, match="no address"):
        Webhook(url, Metrics(NOTIFIER), threading.Event())
