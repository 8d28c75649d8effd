"""One value of a document: what it holds, where it stands, and how a reader asks for it.

Made by `document` only. A reader asks for the shape it expects and gets it, or an error that says
what was found, where, and what to write instead.
"""

import difflib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from ripieno.model.errors import DocumentError, ModelError, UnknownField

MOST_NAME = 200
"""The longest name, in characters."""

_MOST_SHOWN = 60
_MOST_PATH = 120
_MOST_MESSAGE = 1000

REMARKS = frozenset(
    {
        "title",
        "description",
        "note",
        "why",
        "kind",
        "origin",
        "parametric",
        "scale_hint",
        "formula",
        "static",
        "expect",
        "order",
        "critical_path",
    }
)
"""Fields for the reader of a file, ignored whatever they hold."""

Error = TypeVar("Error", bound=ModelError)


class Node:
    """A scalar, list or mapping. Not to be changed once its document is read.

    `value` is the resolved scalar, a list of nodes, or a dict of nodes; `written` is a scalar's
    text in the document. An aliased node knows the place of its anchor.
    """

    __slots__ = ("_key", "_parent", "line", "source", "value", "written")

    def __init__(
        self,
        value: object,
        line: int,
        source: str,
        written: str | None,
        parent: "Node | None" = None,
        key: str | int | None = None,
    ) -> None:
        # Not keyword-only as is the habit of this house: millions of these are made.
        self.value = value
        self.line = line
        self.source = source
        self.written = written
        self._parent = parent
        self._key = key

    @property
    def field(self) -> str:
        """The path from the top of the document, `phases[0].name`; cut if it is very long."""
        parts: list[str] = []
        node = self
        while node._parent is not None:
            key = node._key
            parts.append(
                f"[{key}]" if isinstance(key, int) else "." + printable(str(key), _MOST_SHOWN)
            )
            node = node._parent
        path = "".join(reversed(parts)).removeprefix(".")
        return path if len(path) <= _MOST_PATH else "…" + path[-_MOST_PATH:]

    @property
    def parent(self) -> "Node | None":
        """The mapping or list that this node is in, None at the top."""
        return self._parent

    @property
    def position(self) -> str | int | None:
        """The key or the index under which this node stands, None at the top."""
        return self._key

    @property
    def key(self) -> str:
        """The name under which this node stands in its mapping."""
        return str(self._key)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing, or null."""
        return self.value is None

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Whether this is a list."""
        return isinstance(self.value, list)

    def mapping(self, known: Collection[str] | None = None) -> Mapping[str, "Node"]:
        """The fields of a mapping; nothing is an empty one. Raises: `UnknownField`."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self._unexpected("a mapping (field: value)")
        if known is not None and not self.value.keys() <= set(known):
            name, child = next(pair for pair in self.value.items() if pair[0] not in known)
            raise UnknownField(
                f"unknown field {quoted(name)}{did_you_mean(name, known)}; fields here are "
                f"{listed(sorted(set(known) - REMARKS), most=30)}"
                f"{', and remarks such as note' if 'note' in known else ''}",
                source=child.source,
                line=child.line,
                field=self.field,
            )
        return self.value

    def by_name(self) -> Mapping[str, "Node"]:
        """The entries of a mapping whose keys are names that the author chose."""
        entries = self.mapping()
        for name, child in entries.items():
            _check_name(child, name)
        return entries

    def items(self) -> Sequence["Node"]:
        """The items of a list; nothing is an empty one."""
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            raise self._unexpected("a list")
        return self.value

    def text(self) -> str:
        """A text; a whole number is taken as it is written."""
        if type(self.value) is str:
            return self.value
        if type(self.value) is int and self.written is not None:
            return self.written
        raise self._unexpected("text")

    def name(self) -> str:
        """A text that can be a name: not empty, not long, and printable."""
        return _check_name(self, self.text())

    def names(self) -> tuple[str, ...]:
        """A name or a list of names; nothing is no name."""
        if self.value is None or isinstance(self.value, list):
            return tuple(item.name() for item in self.items())
        return (self.name(),)

    def label(self) -> str:
        """Any scalar that is there, as it is written."""
        if self.value is None or self.written is None:
            raise self._unexpected("a text, number or boolean")
        return printable(self.written, MOST_NAME)

    def number(self) -> float:
        """A number; booleans are none."""
        if type(self.value) is float:
            return self.value
        if type(self.value) is not int:
            raise self._unexpected("a number")
        try:
            return float(self.value)
        except OverflowError as problem:
            raise self.error("the number is too large; give a smaller one") from problem

    def flag(self) -> bool:
        """True or false."""
        if type(self.value) is not bool:
            raise self._unexpected("true or false")
        return self.value

    def numbers(self) -> tuple[float, ...]:
        """A number or a list of numbers."""
        if isinstance(self.value, list):
            return tuple(item.number() for item in self.value)
        return (self.number(),)

    def plain(self) -> object:
        """The plain data that JSON can hold; an infinite number or one that is none is refused."""
        value = self.value
        if isinstance(value, dict):
            return {name: child.plain() for name, child in value.items()}
        if isinstance(value, list):
            return [child.plain() for child in value]
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error("data cannot hold this number; give a finite one, or quote it")
        return value

    def at(self, path: Iterable[str]) -> "Node":
        """The node at the end of a path of fields, or as far on it as there are any."""
        node = self
        for name in path:
            if not isinstance(node.value, dict) or name not in node.value:
                break
            node = node.value[name]
        return node

    def error(self, message: str) -> DocumentError:
        """The error to raise for what this node holds."""
        return DocumentError(
            printable(message, _MOST_MESSAGE),
            source=self.source,
            line=self.line,
            field=self.field,
        )

    def located(self, error: Error) -> Error:
        """An error of another layer's rules, of the same type, with this node's place before it."""
        message = printable(str(error), _MOST_MESSAGE)
        where = ":".join(filter(None, (self.source, str(self.line) if self.line else "")))
        if isinstance(error, DocumentError):
            if error.line or error.field:
                return error
            return type(error)(message, source=self.source, line=self.line, field=self.field)
        return type(error)(f"{where}: {message}" if where else message)

    def _unexpected(self, wanted: str) -> DocumentError:
        hint = ""
        if wanted in ("text", "a list") and self.written is not None and self.value is not None:
            hint = "; quote it" if wanted == "text" else f"; write [{quoted(self.written)}]"
        return self.error(f"expected {wanted}, found {self._described()}{hint}")

    def _described(self) -> str:
        if self.value is None:
            return "nothing"
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        kind = {str: "the text", bool: "the boolean"}.get(type(self.value), "the number")
        return f"{kind} {quoted(self.written or '')}"


def printable(text: str, most: int = _MOST_MESSAGE) -> str:
    """Text as it can be shown: what does not print is escaped, and what is too long is cut."""
    kept = text[:most]
    if not kept.isprintable():
        kept = "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode() for each in kept
        )
    return kept if len(text) <= most else kept + "…"


def quoted(text: str) -> str:
    """A part of a document, as a message shows it."""
    return f"'{printable(text, _MOST_SHOWN)}'"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The known name that is closest, as a part of a message; nothing if none is close."""
    close = difflib.get_close_matches(name[:_MOST_SHOWN], known, n=1)
    return f" (did you mean {quoted(close[0])}?)" if close else ""


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names for a message, cut where they would fill the screen."""
    every = list(names)
    shown = ", ".join(printable(name, _MOST_SHOWN) for name in every[:most])
    return f"{shown}, … ({len(every)} in all)" if len(every) > most else shown or "none"


def _check_name(node: Node, name: str) -> str:
    if not name:
        raise node.error("a name is empty; give one")
    if len(name) > MOST_NAME:
        raise node.error(f"a name has {len(name)} characters; give one of at most {MOST_NAME}")
    if not name.isprintable():
        raise node.error(f"the name {quoted(name)} has characters that do not print; take them out")
    return name
