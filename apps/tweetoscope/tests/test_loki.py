"""Lines are pushed to Loki, and nothing waits for it when it is away."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apps.tweetoscope.tests.loki_server import WITHIN_S, LokiServer, loki_running
from tweetoscope import reports
from tweetoscope.broker import Record
from tweetoscope.errors import BadParameters
from tweetoscope.logger import Logging
from tweetoscope.loki import Line, Loki, Patience, pushing
from tweetoscope.metrics import Metrics

QUICK = (0.001, 0.01)


def lines(*numbers: int) -> list[Line]:
    return [
        Line(time_ns=1_700_000_000_000_000_000 + n, service="collector", level="INFO", text=f"{n}")
        for n in numbers
    ]


def said(loki: LokiServer) -> list[str]:
    return [line.text for line in loki.taken]


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    found = metrics.registry.get_sample_value(
        f"tweetoscope_loki_{name}", {"service": "logger", **labels}
    )
    return found or 0.0


@contextmanager
def pusher(url: str, **patience: object) -> Iterator[tuple[Loki, Metrics]]:
    metrics = Metrics("logger")
    patience = {"pauses_s": QUICK, **patience}
    loki = Loki(url, metrics, Patience(**patience))  # type: ignore[arg-type]  # a test's choice
    try:
        yield loki, metrics
    finally:
        loki.close()


@pytest.fixture
def server() -> Iterator[LokiServer]:
    with loki_running() as loki:
        yield loki


def test_what_services_log_is_a_stream_for_each_service_and_level(server: LokiServer) -> None:
    logged = [("collector", "INFO", "begun"), ("learner", "WARNING", "drift"),
              ("collector", "INFO", "ended")]  # fmt: skip
    records = [Record("logs", 0, offset, None, None, 0, None) for offset in range(len(logged))]
    lines = [
        reports.Log(time_s=1_700_000_000, source=source, level=level, message=message)
        for source, level, message in logged
    ]
    with pusher(server.url) as (loki, metrics):
        assert list(Logging(loki).handle(records, lines)) == []
        taken = server.until(3)
    assert {tuple(line.labels.items()) for line in taken} == {
        (("job", "tweetoscope"), ("service", "collector"), ("level", "info")),
        (("job", "tweetoscope"), ("service", "learner"), ("level", "warning")),
    }
    assert [line.text for line in sorted(taken, key=lambda line: line.time_ns)] == [
        "begun", "drift", "ended"
    ]  # fmt: skip
    assert counted(metrics, "lines_total", outcome="taken") == 3


def test_many_lines_are_few_pushes(server: LokiServer) -> None:
    with pusher(server.url, together=100) as (loki, _):
        loki.put(lines(*range(250)))
        server.until(250)
    assert [len(push) for push in server.pushes] == [100, 100, 50]
    assert said(server) == [str(n) for n in range(250)]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_push_that_may_succeed_later_is_repeated(server: LokiServer, status: int) -> None:
    server.answers.extend([status, status])
    with pusher(server.url) as (loki, metrics):
        loki.put(lines(1, 2))
        server.until(2)
        assert counted(metrics, "failures_total") == 2
    assert said(server) == ["1", "2"]


def test_lines_that_loki_refuses_hold_up_no_others(server: LokiServer) -> None:
    server.answers.append(400)
    with pusher(server.url, together=1) as (loki, metrics):
        loki.put(lines(1, 2))
        server.until(1)
    assert said(server) == ["2"]
    assert counted(metrics, "lines_total", outcome="refused") == 1


def test_while_loki_is_down_the_newest_lines_wait_for_it(server: LokiServer) -> None:
    server.is_down = True
    with pusher(server.url, most=5) as (loki, metrics):
        for start in range(1, 41, 8):
            loki.put(lines(*range(start, start + 8)))
            assert counted(metrics, "waiting_lines") <= 5
        server.is_down = False
        server.until(5)
    assert said(server)[-5:] == [str(n) for n in range(36, 41)]
    assert len(said(server)) + counted(metrics, "lines_total", outcome="dropped") == 40


def test_nothing_waits_for_a_loki_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    failed = threading.Semaphore(0)

    class Heard(Metrics):
        def count(self, name: str, by: int = 1, *labels: str) -> None:
            super().count(name, by, *labels)
            failed.release()

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        loki = Loki(nobody, Heard("logger"), Patience(pauses_s=QUICK))
        loki.put(lines(1))
        for _ in range(3):
            assert failed.acquire(timeout=WITHIN_S)
        loki.close()
    warnings = [each for each in caplog.records if each.name == "tweetoscope.loki"]
    assert len(warnings) == 1, "each warning is a line that would be pushed, too"


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(BadParameters, match="http://host:port"), pushing("loki", Metrics("x")):
        pass


def test_without_an_address_nothing_is_pushed(capsys: pytest.CaptureFixture[str]) -> None:
    log = reports.Log(time_s=1, source="learner", level="INFO", message="begun")
    with pushing(None, Metrics("logger")) as loki:
        Logging(loki).handle([Record("logs", 0, 0, None, None, 0, None)], [log])
    assert capsys.readouterr().out == "1 INFO learner begun\n"
