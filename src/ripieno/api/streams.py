"""What is being streamed at the moment, so that it can be ended when the server stops."""

from ripieno.api.feed import Feed
from ripieno.api.lines import Lines


class Streams:
    """The feed of events and the logs that are being read."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.is_closed = False
        self._logs: set[Lines] = set()

    def add(self, lines: Lines) -> None:
        """Keep in mind that these lines are being read."""
        self._logs.add(lines)
        if self.is_closed:
            lines.stop()

    def discard(self, lines: Lines) -> None:
        """Forget them."""
        self._logs.discard(lines)

    def close(self) -> None:
        """End every stream that is open, and those to come. To be called on the event loop.

        For whoever stops the server, before it waits for its connections to end.
        """
        self.is_closed = True
        self.feed.close()
        for lines in self._logs:
            lines.stop()
