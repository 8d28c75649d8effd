"""What a message has in its headers: its origin, or the position that a state was changed at."""

from collections.abc import Iterable, Sequence

from tweetoscope.origins import PLACE

Headers = list[tuple[str, bytes]]

ORIGIN = "tweetoscope-origin"
POSITION = "tweetoscope-position"


def with_origin(origin: bytes) -> Headers:
    """Of a message that a task writes."""
    return [(ORIGIN, origin)]


def with_position(position: int) -> Headers:
    """Of a change of state."""
    return [(POSITION, str(position).encode())]


def origin(headers: Headers | None) -> bytes | None:
    """Where a message comes from; None if no task of ours wrote it."""
    if headers is None:
        return None
    for name, value in headers:
        if name == ORIGIN and value is not None and len(value) > PLACE.size:
            return value
    return None


def origins(many: Iterable[Headers | None]) -> Sequence[bytes | None]:
    """The same of many, most of which have one header."""
    return [
        headers[0][1]
        if headers
        and len(headers) == 1
        and headers[0][0] == ORIGIN
        and len(headers[0][1] or b"") > PLACE.size
        else origin(headers)
        for headers in many
    ]


def position(headers: Headers | None) -> int:
    """The position that a state was changed at."""
    return int(dict(headers or []).get(POSITION, b"0"))
