"""What a message has in its headers: its origin, or the position that a state was changed at."""

from tweetoscope.broker import Origin

Headers = list[tuple[str, bytes]]

ORIGIN = "tweetoscope-origin"
POSITION = "tweetoscope-position"


def with_origin(origin: Origin) -> Headers:
    """Of a message that a task writes."""
    return [(ORIGIN, f"{origin.offset} {origin.number} {origin.task}".encode())]


def with_position(position: int) -> Headers:
    """Of a change of state."""
    return [(POSITION, str(position).encode())]


def origin(headers: Headers | None) -> Origin | None:
    """Where a message comes from; None if no task of ours wrote it."""
    for name, value in headers or ():
        if name == ORIGIN:
            offset, number, task = value.split(b" ", 2)
            return Origin(task.decode(), int(offset), int(number))
    return None


def position(headers: Headers | None) -> int:
    """The position that a state was changed at."""
    return int(dict(headers or []).get(POSITION, b"0"))
