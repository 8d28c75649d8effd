"""A server that takes lines as Loki does, and refuses what Loki would refuse."""

import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

WITHIN_S = 60.0
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Taken(NamedTuple):
    labels: dict[str, str]
    time_ns: int
    text: str


def parsed(body: bytes) -> list[Taken]:
    """What a push says; whatever is not as Loki's documentation has it is an error."""
    said = json.loads(body)
    assert isinstance(said, dict) and set(said) == {"streams"}, "not an object of streams"
    taken = []
    for stream in said["streams"]:
        assert set(stream) == {"stream", "values"}, "a stream has labels and values"
        labels = stream["stream"]
        assert labels and all(LABEL.fullmatch(name) for name in labels), f"labels {labels}"
        assert all(isinstance(value, str) for value in labels.values()), f"labels {labels}"
        assert stream["values"], "a stream without lines"
        for time_ns, text in stream["values"]:
            assert isinstance(time_ns, str) and re.fullmatch(r"\d{19}", time_ns), time_ns
            assert isinstance(text, str)
            taken.append(Taken(labels, int(time_ns), text))
    return taken


class LokiServer:
    """`answers` are the statuses of the next pushes; after them it takes everything."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.answers: deque[int] = deque()
        self.is_down = False
        self.pushes: list[list[Taken]] = []
        self.wrong: list[str] = []
        loki = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                status = loki.answer(self.path, self.headers["Content-Type"], content)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05])
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, kind: str, content: bytes) -> int:
        with self.changed:
            status = self.answers.popleft() if self.answers else 503 if self.is_down else 204
            try:
                assert path == "/loki/api/v1/push", path
                assert kind == "application/json", kind
                if status == 204:
                    self.pushes.append(parsed(content))
            except (AssertionError, ValueError, KeyError) as error:
                self.wrong.append(str(error))
                status = 400
            self.changed.notify_all()
            return status

    @property
    def taken(self) -> list[Taken]:
        return [line for push in self.pushes for line in push]

    def until(self, count: int) -> list[Taken]:
        """All lines, once they are so many."""
        with self.changed:
            is_there = self.changed.wait_for(lambda: len(self.taken) >= count, WITHIN_S)
            assert is_there, f"only {len(self.taken)} of {count} lines came; {self.wrong}"
            return self.taken

    @contextmanager
    def running(self) -> Iterator["LokiServer"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        assert not self.wrong, self.wrong


@contextmanager
def loki_running() -> Iterator[LokiServer]:
    with LokiServer().running() as loki:
        yield loki
