"""What a service says: to its own output, and to the topic `logs`."""

import logging
import sys

from tweetoscope import reports
from tweetoscope.broker import Poster
from tweetoscope.topics import LOGS

# What a formatter has put beside, and the same once more in colours, which a web server adds.
USUAL = {*vars(logging.makeLogRecord({})), "message", "color_message"}


class ToTopic(logging.Handler):
    """Posts what a service logs. What the client of the broker says of itself stays here."""

    def __init__(self, poster: Poster, source: str) -> None:
        super().__init__(logging.INFO)
        self._poster, self._source = poster, source

    def emit(self, record: logging.LogRecord) -> None:
        """Post a line."""
        if record.name.startswith("tweetoscope.kafka"):
            return
        line = reports.Log(
            time_s=int(record.created),
            source=self._source,
            level=record.levelname,
            message=with_fields(record),
        )
        self._poster.post(LOGS, self._source.encode(), reports.write_log(line))


class Lines(logging.Formatter):
    """One line for each record, with its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, and what it is about."""
        return f"{self.formatTime(record)} {record.levelname} {with_fields(record)}"


def with_fields(record: logging.LogRecord) -> str:
    """The message and the fields that it has beside."""
    fields = {name: value for name, value in vars(record).items() if name not in USUAL}
    return " ".join(
        [record.getMessage(), *(f"{name}={value}" for name, value in sorted(fields.items()))]
    )


def begin(poster: Poster, source: str) -> None:
    """Let all that is logged go to the standard error output and to the topic."""
    here = logging.StreamHandler(sys.stderr)
    here.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[here, ToTopic(poster, source)], force=True)
