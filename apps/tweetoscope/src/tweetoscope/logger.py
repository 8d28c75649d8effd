"""The logger: lines of all services, printed, and pushed to Loki where there is one."""

from collections.abc import Iterable, Sequence

from tweetoscope import reports
from tweetoscope.broker import Change, Message, Record
from tweetoscope.loki import Line, Loki
from tweetoscope.metrics import Figure
from tweetoscope.processing import Service
from tweetoscope.topics import LOGGER, LOGS

SECOND_NS = 1_000_000_000


class Logging:
    """What the logger does with one partition. It has no state."""

    def __init__(self, loki: Loki | None) -> None:
        self._loki = loki

    def handle(self, records: Sequence[Record], values: Sequence[reports.Log]) -> Iterable[Message]:
        """Print and hand over; whatever Loki does, nothing waits for it."""
        for line in values:
            print(f"{line.time_s} {line.level} {line.source} {line.message}", flush=True)
        if self._loki is not None:
            self._loki.put(list(map(_line, records, values)))
        return ()

    def changes(self) -> Iterable[Change]:
        """Nothing."""
        return ()

    def state(self) -> Iterable[Change]:
        """Nothing."""
        return ()

    def figures(self) -> Iterable[Figure]:
        """Nothing."""
        return ()


def service(loki: Loki | None) -> Service[reports.Log]:
    """The logger as the loop runs it."""
    return Service(
        group=LOGGER,
        topic=LOGS,
        patience_s=0.5,
        is_urgent=False,
        decode=lambda record: reports.read_log(record.value or b""),
        open=lambda _, __: Logging(loki),
    )


def _line(record: Record, line: reports.Log) -> Line:
    # A second has many lines; those of one topic keep their order by their offsets.
    time_ns = line.time_s * SECOND_NS + record.offset % SECOND_NS
    return Line(time_ns=time_ns, service=line.source, level=line.level, text=line.message)
