"""What a message has in its headers: its origin, or the position that a state was changed at."""

import struct

from tweetoscope.broker import Origin

Headers = list[tuple[str, bytes]]

ORIGIN = "tweetoscope-origin"
POSITION = "tweetoscope-position"
PLACE = struct.Struct(">QI")
"""The offset and the number of an origin; the name of its task follows. Text is slower to read."""


def with_origin(origin: Origin) -> Headers:
    """Of a message that a task writes."""
    return [(ORIGIN, PLACE.pack(origin.offset, origin.number) + origin.task.encode())]


def with_position(position: int) -> Headers:
    """Of a change of state."""
    return [(POSITION, str(position).encode())]


def origin(headers: Headers | None) -> Origin | None:
    """Where a message comes from; None if no task of ours wrote it."""
    if headers is None:
        return None
    for name, value in headers:
        if name == ORIGIN:
            offset, number = PLACE.unpack_from(value)
            return Origin(value[PLACE.size :].decode(), offset, number)
    return None


def position(headers: Headers | None) -> int:
    """The position that a state was changed at."""
    return int(dict(headers or []).get(POSITION, b"0"))
