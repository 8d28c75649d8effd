"""The logger: lines of all services, printed, and pushed to Loki where there is one."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence

from tweetoscope import reports
from tweetoscope.broker import BrokerError, Change, Message, Record
from tweetoscope.metrics import Figure
from tweetoscope.processing import Service
from tweetoscope.topics import LOGGER, LOGS

TIMEOUT_S = 10.0
Streams = dict[tuple[str, str], list[list[str]]]


class Logging:
    """What the logger does with one partition. It has no state."""

    def __init__(self, loki: str | None) -> None:
        self._loki = loki

    def handle(self, items: Sequence[tuple[Record, reports.Log]]) -> Iterable[Message]:
        """Print and push. Lines whose push fails are pushed again, so that none is lost."""
        streams: Streams = {}
        for record, line in items:
            time_ns = line.time_s * 1_000_000_000 + record.offset % 1_000_000_000
            streams.setdefault((line.source, line.level), []).append([str(time_ns), line.message])
        if self._loki is not None and streams:
            push(self._loki, streams)
        for _, line in items:
            print(f"{line.time_s} {line.level} {line.source} {line.message}", flush=True)
        return ()

    def changes(self) -> Iterable[Change]:
        """Nothing."""
        return ()

    def figures(self) -> Iterable[Figure]:
        """Nothing."""
        return ()


def push(loki: str, streams: Streams) -> None:
    """Send lines to Loki. Raises: BrokerError."""
    said = {
        "streams": [
            {"stream": {"job": "tweetoscope", "service": source, "level": level}, "values": lines}
            for (source, level), lines in streams.items()
        ]
    }
    request = urllib.request.Request(
        f"{loki.rstrip('/')}/loki/api/v1/push",
        json.dumps(said).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):
            pass
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise BrokerError(f"{loki} does not take lines: {error}") from error


def service(loki: str | None) -> Service[reports.Log]:
    """The logger as the loop runs it."""
    return Service(
        group=LOGGER,
        topic=LOGS,
        decode=lambda record: reports.read_log(record.value or b""),
        open=lambda _, __: Logging(loki),
    )
