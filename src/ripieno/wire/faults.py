"""What is wrong with a value that does not fit its schema, in words.

Told by the API about requests, and by the CLI before there is one. A pattern is for programs; it
is written out for people here, and a test holds that none is forgotten.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ripieno.wire import base, quota, saved

_MISMATCH = "string_pattern_mismatch"
_OURS = "Value error, "
"""What pydantic puts before what we say ourselves."""

_PARTS = frozenset(("body", "query", "path", "header"))
_NO_SUCH_FORM = "it is not written as it has to be; see the reference"

_PRINCIPAL = "write everyone, user:NAME or group:NAME"
_NAME = "use lower case letters, digits and inner dashes, at most 63"

WORDS = {
    base.SLUG: _NAME,
    f"^$|{base.SLUG}": f"{_NAME}, or nothing",
    base.IDENTIFIER: "begin with a letter or a digit, and go on with those, dots, dashes and "
    "underscores, at most 128",
    base.VERSION: "write a version as 1.2.3",
    base.CURSOR: "this was never handed out as a cursor",
    base.NO_ZERO: "it has a zero character; take that out",
    r"^/[^\x00]*$": "give an absolute path",
    quota.SUBJECT: _PRINCIPAL,
    r"^(relevance|name|newest)$": "write relevance, name or newest",
    saved.NAME: "use up to 60 characters, no slash and no control character among them",
    r"^[0-9]{1,19}$": "give the number of an event",
    r"^[A-Za-z0-9_.:-]{1,200}$": "use letters, digits, dots, dashes, underscores and colons, at "
    "most 200",
    r"^[a-z-]+(\.[a-z-]+)?$": "write an action as noun.verb",
    r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}$": "begin with a letter or a digit, and go on with those, "
    "dots, dashes, underscores and @, at most 63",
}
"""What each pattern asks for."""


def in_words(problem: Mapping[str, Any]) -> str:
    """What is wrong, for one of the errors that pydantic lists."""
    if problem.get("type") == _MISMATCH:
        return WORDS.get(problem.get("ctx", {}).get("pattern", ""), _NO_SUCH_FORM)
    return str(problem.get("msg", "not valid")).removeprefix(_OURS)


def told(problem: Mapping[str, Any]) -> str:
    """What is wrong and where, such as `visibility, entry 1: …`."""
    where = _place(problem.get("loc", ()))
    return f"{where}: {in_words(problem)}" if where else in_words(problem)


def _place(loc: Sequence[str | int]) -> str:
    """A field by its name, whichever part of a request it is in; nothing for all of a part."""
    fields = loc[1:] if loc and loc[0] in _PARTS else loc
    if not fields:
        return "the request" if loc else ""
    place = ""
    for each in fields:
        if isinstance(each, int):
            place += f", entry {each + 1}"
        else:
            place += f".{each}" if place else each
    return place
