"""Long lists a page at a time: where the next page begins, as a text that is handed back."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from ripieno.store import values
from ripieno.store.errors import InvalidCursor

R = TypeVar("R")

MOST = 1000
"""The longest page."""

MOST_ID = 2**63 - 1
"""The largest number that a database can compare an id with."""


def bounded(limit: int) -> int:
    """A page's length that can be had."""
    return min(max(limit, 1), MOST)


def page(found: list[R], limit: int, cursor_of: Callable[[R], str]) -> tuple[list[R], str | None]:
    """The page, from a query that asked for one row more, and the cursor if there is more."""
    if len(found) <= limit:
        return found, None
    return found[:limit], cursor_of(found[limit - 1])


def cursor(at: datetime, id: str) -> str:
    """A cursor after the row of that time and id."""
    return f"{values.microseconds(at)}.{id}"


def read_cursor(text: str) -> tuple[datetime, str]:
    """What `cursor` wrote. Raises: `InvalidCursor`."""
    number, _, id = text.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 18 and id):
        raise InvalidCursor(f"{text[:80]!r} is no cursor; give back what the last page said")
    return values.moment(int(number)), id
