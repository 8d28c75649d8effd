"""What all schemas share: strict requests, lenient responses, and bounded texts and numbers.

A request with a field that nobody knows is refused. A response may have more fields than this
side knows, so that a client goes on working with a newer server.
"""

import math
import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

MOST_BODY_BYTES = 2 * 1024 * 1024
"""The largest request."""

MOST_DOCUMENT = 1024 * 1024
"""The longest document, in characters."""

MOST_INTEGER = 2**63 - 1
"""The largest integer that every part, the database included, can hold."""

MOST_DEPTH = 32
"""How deep lists and mappings may be nested in a value."""

MOST_ITEMS = 1000
"""How many entries a list or mapping of a request may have."""

MOST_PAGE = 500
"""How many items a page may have."""

SLUG = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"
VERSION = r"^[0-9][0-9A-Za-z.+-]{0,199}$"
CURSOR = r"^[A-Za-z0-9_.:=-]{1,300}$"
NO_ZERO = r"^[^\x00]*$"


# Schemas are made when they are first used: a server starts the sooner.
_LATE = ConfigDict(frozen=True, defer_build=True)


class Request(BaseModel):
    """What a client sends; fields that are not known are refused."""

    model_config = ConfigDict(**_LATE, extra="forbid")


class Response(BaseModel):
    """What the server answers; fields that are not known are passed over."""

    model_config = ConfigDict(**_LATE, extra="ignore", from_attributes=True)


def _checked(value: JsonValue) -> JsonValue:
    level: list[Any] = [value]
    for _ in range(MOST_DEPTH):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += each
                below += each.values()
            elif isinstance(each, list):
                below += each
            elif isinstance(each, str):
                if "\0" in each:
                    raise ValueError("a text has a zero character; take it out")
            elif isinstance(each, float):
                if not math.isfinite(each):
                    raise ValueError("a number is not finite")
            elif isinstance(each, int) and not -MOST_INTEGER - 1 <= each <= MOST_INTEGER:
                raise ValueError("an integer does not fit in 64 bits")
        if not below:
            return value
        level = below
    raise ValueError(f"the value is nested more than {MOST_DEPTH} deep")


Json = Annotated[
    JsonValue,
    AfterValidator(_checked),
    WithJsonSchema({"description": "any JSON value"}),
]
"""A value of any shape, but of reasonable depth and with texts and numbers that can be stored."""


def _written(value: object) -> object:
    if isinstance(value, str) and _DATE.match(value) is None:
        raise ValueError("write a moment as 2026-01-31T12:00:00Z")
    return value


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]")

Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A moment with its zone, written as RFC 3339 has it; no number is one."""

Text = Annotated[str, StringConstraints(max_length=10_000, pattern=NO_ZERO)]
Document = Annotated[str, StringConstraints(max_length=MOST_DOCUMENT, pattern=NO_ZERO)]
Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
Version = Annotated[str, StringConstraints(pattern=VERSION)]
Cursor = Annotated[str, StringConstraints(pattern=CURSOR)]
Integer = Annotated[int, Strict(), Field(ge=-MOST_INTEGER - 1, le=MOST_INTEGER)]
Count = Annotated[int, Strict(), Field(ge=0, le=10_000)]
Flag = Annotated[bool, Strict()]
