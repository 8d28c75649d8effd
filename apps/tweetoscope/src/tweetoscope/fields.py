"""Fields of messages that come from outside: each is checked, and what is wrong is said.

Called by `messages` and `reports`.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from tweetoscope.errors import BadMessage

MOST_TEXT = 10_000
MOST_WHOLE = 2.0**63

Json = Mapping[str, Any]


def opened(value: bytes, kind: str | None = None) -> Json:
    """The object that a value is, of a type if one is asked for. Raises: `BadMessage`."""
    try:
        said = orjson.loads(value)
    except orjson.JSONDecodeError as problem:
        raise BadMessage(f"the value is no JSON: {problem}") from problem
    if type(said) is not dict:
        raise BadMessage(f"the value is {shown(said)}, no object")
    if kind is not None and said.get("type") != kind:
        raise BadMessage(f"type is {shown(said.get('type'))}, not {kind!r}")
    return said


def number(said: Json, name: str) -> float:
    """A finite number."""
    value = said.get(name)
    # Types rather than instances: true is an instance of int, and there are no others in JSON.
    if type(value) is not float and type(value) is not int:
        raise BadMessage(f"{name} is {shown(value)}, no number")
    try:
        found = float(value)
    except OverflowError as problem:
        raise BadMessage(f"{name} is too large") from problem
    if not math.isfinite(found):
        raise BadMessage(f"{name} is {found}, not finite")
    return found


def positive(said: Json, name: str) -> float:
    """A number above 0."""
    found = number(said, name)
    if found <= 0.0:
        raise BadMessage(f"{name} is {found:g}, not above 0")
    return found


def count(said: Json, name: str) -> int:
    """A whole number from 1."""
    found = number(said, name)
    if found < 1.0 or found != math.floor(found):
        raise BadMessage(f"{name} is {found:g}, no count")
    return int(found)


def numbers(said: Json, name: str) -> tuple[float, ...]:
    """A list of numbers; an empty one if there is none."""
    values = said.get(name, [])
    if not isinstance(values, list):
        raise BadMessage(f"{name} is {shown(values)}, no list")
    return tuple(number({name: value}, name) for value in values)


def mark(said: Json) -> float:
    """A magnitude; null, or nothing, is one that is not known."""
    if said.get("m") is None:
        return math.nan
    magnitude = number(said, "m")
    if magnitude < 0.0:
        raise BadMessage(f"m is {magnitude:g}, which is below 0")
    return magnitude


def cascade(said: Json, name: str) -> str:
    """A cascade's name; of a number, the one that the course makes of it."""
    value = said.get(name)
    if type(value) is int:
        return f"tw{value}"
    if type(value) is not str or not 0 < len(value) <= MOST_TEXT:
        raise BadMessage(f"{name} is {shown(value)}, no name of a cascade")
    return value


def text(said: Json, name: str, *, default: str = "") -> str:
    """A text, cut where it is too long."""
    value = said.get(name, default)
    if type(value) is not str:
        raise BadMessage(f"{name} is {shown(value)}, no text")
    return value[:MOST_TEXT]


def shown(value: object) -> str:
    """What was found, short enough for a message."""
    return repr(value)[:60]


def whole(value: float) -> int | float:
    """A whole number without its decimal point, which the course's programs would not read.

    What is beyond 64 bits stays as it is, as there are no longer integers.
    """
    value = float(value)
    return int(value) if value.is_integer() and -MOST_WHOLE < value < MOST_WHOLE else value


def wholes(values: Iterable[float]) -> list[int | float]:
    """The same of many."""
    return [
        int(value) if value.is_integer() and -MOST_WHOLE < value < MOST_WHOLE else value
        for value in values
    ]


def packed(said: Json) -> bytes:
    """A value as it is sent."""
    return orjson.dumps(said, option=orjson.OPT_SERIALIZE_NUMPY)
