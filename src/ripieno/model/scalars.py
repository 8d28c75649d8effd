"""What scalars of a document stand for: numbers, booleans, null, text.

Called by `document`. Plain scalars follow the core schema of YAML 1.2, not 1.1 as PyYAML does by
itself: there `off`, `on`, `yes` and `no` are booleans, and a place called `off` or the field `on`
of a port would become `False` and `True`. Dates and sexagesimal numbers stay text, too.
"""

import re

from ripieno.model.errors import DocumentError
from ripieno.model.node import quoted

STARTS = frozenset(("", *"+-.0123456789~nNtTfF"))
"""How a plain scalar begins that may be something other than text."""

TAG = "tag:yaml.org,2002:"
"""What the tags of YAML itself begin with; others are refused."""

TAG_REMEDY = "remove it, or quote text that begins with !"
"""What to do about another tag."""

_TYPE_BY_TAG: dict[str, tuple[type, ...]] = {
    TAG + "null": (type(None),),
    TAG + "bool": (bool,),
    TAG + "int": (int,),
    TAG + "float": (float, int),
}
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+)|0o(?P<octal>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_MOST_DIGITS = 300


def resolve(text: str, tag: str | None = None) -> object:
    """What a plain scalar, or one with a tag, stands for.

    Raises: `DocumentError` for an unknown tag, one that does not fit, or a number too long to read.
    """
    return _plain(text) if tag is None else _tagged(tag, text)


def _plain(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if len(text) > _MOST_DIGITS:
        raise DocumentError(f"a number of {len(text)} digits is too long; quote it if it is text")
    kind = match.lastgroup
    if kind == "float":
        return float(text)
    return int(match[kind or 0], {"octal": 8, "hex": 16}.get(kind or "", 10))


def _tagged(tag: str, text: str) -> object:
    if tag in ("!", TAG + "str"):
        return text
    types = _TYPE_BY_TAG.get(tag)
    if types is None:
        raise DocumentError(f"the tag {quoted(tag)} is not known; {TAG_REMEDY}")
    value = _plain(text)
    if type(value) not in types:
        raise DocumentError(f"{quoted(text)} is no {tag.rpartition(':')[2]}; remove the tag")
    return value
