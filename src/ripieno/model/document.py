"""YAML text as a tree of nodes that know their line and the path of their field.

Called by whoever reads files of a known format, which `reading` does for cases and assemblies.
Everything in a text is untrusted: its size, depth and number of nodes are limited, and what an
error repeats of it is cut and made printable. No file is opened here.
"""

import re
from collections.abc import Iterator, Mapping

import yaml

from ripieno.model import scalars
from ripieno.model.errors import DocumentError
from ripieno.model.node import Node, printable, quoted

MOST_BYTES = 32 * 1024 * 1024
"""The longest text that is read, in bytes of UTF-8."""

MOST_NODES = 2_000_000
"""The most nodes that a document may have, every alias counted as what it stands for."""

MOST_DEPTH = 64
"""How deep mappings and lists may be in one another."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NO_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def parse(text: str, source: str = "", *, keeps_merges: bool = False) -> Node:
    """The tree of one YAML document; `source` is the name of the file, for messages.

    With `keeps_merges` the key `<<` is one like others, for whoever reads formats of others; in our
    own it is refused. An empty text is a document that holds nothing. Raises: `DocumentError` with
    the line, for a text that is not YAML or that asks for more than the limits.
    """
    _check_text(text, source)
    tree = _Tree(source, keeps_merges=keeps_merges)
    try:
        for event in _events(text):
            tree.take(event)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        said = ", ".join(filter(None, (problem.context, problem.problem)))
        lines = _LINE_END.split(text, mark.line + 1) if mark else []
        beginning = lines[mark.line][mark.column :] if mark and mark.line < len(lines) else ""
        raise DocumentError(
            f"not YAML: {printable(said)}; {_remedy(said, beginning)}",
            source=source,
            line=mark.line + 1 if mark else 0,
        ) from problem
    except (yaml.YAMLError, ValueError, OverflowError) as problem:
        raise DocumentError(f"not YAML: {printable(str(problem))}", source=source) from problem
    return tree.root or Node(None, 1, source, "")


def from_plain(data: object, source: str = "") -> Node:
    """The tree of plain Python data, as JSON gives it; its nodes have no lines.

    Raises: `DocumentError` for data that no document can hold, or that is too deep.
    """
    return _from_plain(data, source, None, None, 0)


def scalar(text: str) -> object:
    """The value of a scalar as one would write it in YAML: a number, a word or a quoted text.

    Raises: `DocumentError` for anything else.
    """
    if text[:1] not in ("'", '"'):
        return scalars.resolve(text)
    value = parse(text).value
    if not isinstance(value, str):
        raise DocumentError(f"{quoted(text)} is no single value; quote all of it")
    return value


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
    return events


def _check_text(text: str, source: str) -> None:
    size_bytes = len(text)
    if size_bytes <= MOST_BYTES and not text.isascii():
        size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > MOST_BYTES:
        raise DocumentError(
            f"the document has {size_bytes} bytes, and at most {MOST_BYTES} are read; divide it",
            source=source,
        )
    found = _NO_YAML.search(text)
    if found:
        raise DocumentError(
            f"not YAML: the character U+{ord(found[0]):04X} cannot be in it; remove it, or write "
            "it as an escape in double quotes",
            source=source,
            line=text.count("\n", 0, found.start()) + 1,
        )


def _remedy(problem: str, beginning: str) -> str:
    """What to do about a parser's problem with text that begins like this."""
    if "cannot start any token" in problem and beginning:
        if beginning[0] == "\t":
            return "indent with spaces, not tabs"
        return f"quote text that begins with {printable(beginning[0])}"
    if "block scalar" in problem:
        return "quote text that begins with > or |"
    return "check indentation and brackets, and quote text that has special characters"


class _Tree:
    """Builds the tree from events, with a stack of its own: depth costs no recursion."""

    def __init__(self, source: str, *, keeps_merges: bool = False) -> None:
        self.root: Node | None = None
        self._source, self._keeps_merges = source, keeps_merges
        self._frames: list[_Frame] = []
        self._frame: _Frame | None = None
        self._count = 0
        # What an anchor stands for, its number of nodes and its height; None while incomplete.
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}

    def take(self, event: yaml.Event) -> None:
        """Go on with the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event, is_mapping=isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise self._error(
                event, "a second document begins here; give every document its own file"
            )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._count += 1
        if self._count > MOST_NODES:
            raise self._too_many(event)
        value: object = event.value
        if event.tag is not None or (event.implicit[0] and event.value[:1] in scalars.STARTS):
            value = self._resolved(event)
        frame = self._frame
        if frame is not None and frame.fields is not None and frame.key is None:
            if event.anchor is not None:
                self._anchors[event.anchor] = (self._node(event, value, event.value), 1, 0)
            self._key(event, frame, value, event.value)
            return
        node = self._put(event, value, event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, 1, 0)

    def _resolved(self, event: yaml.ScalarEvent) -> object:
        try:
            return scalars.resolve(event.value, event.tag)
        except DocumentError as problem:
            raise self._error(event, str(problem)) from problem

    def _key(self, event: yaml.Event, frame: "_Frame", value: object, written: str) -> None:
        assert frame.fields is not None
        if type(value) is int:
            value = written
        if type(value) is not str:
            raise self._error(event, f"the key {quoted(written)} is not text; quote it")
        is_merge = value == "<<" and getattr(event, "implicit", (True,))[0]
        if is_merge and not self._keeps_merges:
            raise self._error(
                event, "merge keys (<<) are not read; write the fields out, or name one with *"
            )
        if value in frame.fields:
            first = frame.fields[value].line
            raise self._error(
                event,
                f"the key {quoted(value)} is here for the second time (first on line {first}); "
                "give each its own name",
            )
        frame.key, frame.key_line = value, _line(event)

    def _open(self, event: yaml.CollectionStartEvent, *, is_mapping: bool) -> None:
        self._count += 1
        if self._count > MOST_NODES:
            raise self._too_many(event)
        if event.tag not in (None, "!", scalars.TAG + ("map" if is_mapping else "seq")):
            raise self._error(
                event, f"the tag {quoted(event.tag or '')} is not known; {scalars.TAG_REMEDY}"
            )
        if self._frame is not None and self._frame.is_at_key:
            raise self._error(event, "a mapping or list cannot be a key; use text")
        if len(self._frames) >= MOST_DEPTH:
            raise self._too_deep(event)
        node = self._put(event, {} if is_mapping else [], None)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._frame = _Frame(node, event.anchor, self._count - 1)
        self._frames.append(self._frame)

    def _close(self) -> None:
        frame = self._frames.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.node, self._count - frame.before, frame.height)
        self._frame = self._frames[-1] if self._frames else None
        if self._frame is not None and self._frame.height <= frame.height:
            self._frame.height = frame.height + 1

    def _alias(self, event: yaml.AliasEvent) -> None:
        anchor = event.anchor or ""
        if anchor not in self._anchors:
            raise self._error(
                event,
                f"the alias {quoted(anchor)} has no anchor before it; quote text that begins "
                "with *",
            )
        known = self._anchors[anchor]
        if known is None:
            raise self._error(
                event, f"the alias {quoted(anchor)} is inside what it stands for; take it out"
            )
        node, size, height = known
        self._count += size
        if self._count > MOST_NODES:
            raise self._too_many(event)
        frame = self._frames[-1]
        if frame.is_at_key:
            if height:
                raise self._error(event, "a mapping or list cannot be a key; use text")
            self._key(event, frame, node.value, node.written or "")
            return
        if len(self._frames) + height > MOST_DEPTH:
            raise self._too_deep(event)
        frame.height = max(frame.height, height + 1)
        frame.add(node)

    def _put(self, event: yaml.Event, value: object, written: str | None) -> Node:
        """Make a node where the document is now."""
        node = self._node(event, value, written)
        if self._frame is None:
            self.root = node
        else:
            self._frame.add(node)
        return node

    def _node(self, event: yaml.Event, value: object, written: str | None) -> Node:
        line = _line(event)
        frame = self._frame
        if frame is None:
            return Node(value, line, self._source, written)
        if frame.fields is None:
            return Node(value, line, self._source, written, frame.node, len(frame.items))
        # The line of its key is where a reader looks for a mapping that begins below it.
        return Node(value, frame.key_line or line, self._source, written, frame.node, frame.key)

    def _too_many(self, event: yaml.Event) -> DocumentError:
        return self._error(
            event,
            f"the document has more than {MOST_NODES} values, aliases counted as what they stand "
            "for; use fewer aliases, or divide it",
        )

    def _too_deep(self, event: yaml.Event) -> DocumentError:
        return self._error(
            event, f"mappings and lists are more than {MOST_DEPTH} deep here; make it flatter"
        )

    def _error(self, event: yaml.Event, message: str) -> DocumentError:
        return DocumentError(message, source=self._source, line=_line(event))


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1


class _Frame:
    """A mapping or list that is not complete yet."""

    __slots__ = ("anchor", "before", "fields", "height", "items", "key", "key_line", "node")

    def __init__(self, node: Node, anchor: str | None, before: int) -> None:
        self.node, self.anchor, self.before = node, anchor, before
        self.fields: dict[str, Node] | None = node.value if isinstance(node.value, dict) else None
        self.items: list[Node] = node.value if isinstance(node.value, list) else []
        self.height = 1
        self.key: str | None = None
        self.key_line = 0

    @property
    def is_at_key(self) -> bool:
        """Whether a key is what comes next."""
        return self.fields is not None and self.key is None

    def add(self, node: Node) -> None:
        """Take the next item, or the value of the key that came before."""
        if self.fields is None:
            self.items.append(node)
        elif self.key is not None:
            self.fields[self.key] = node
            self.key = None


def _from_plain(
    data: object, source: str, parent: Node | None, key: str | int | None, depth: int
) -> Node:
    if depth > MOST_DEPTH:
        raise DocumentError(f"data is more than {MOST_DEPTH} deep; make it flatter", source=source)
    if isinstance(data, Mapping):
        fields: dict[str, Node] = {}
        node = Node(fields, 0, source, None, parent, key)
        for name, value in data.items():
            if not isinstance(name, str):
                raise node.error(f"the key {quoted(repr(name))} is not text")
            fields[name] = _from_plain(value, source, node, name, depth + 1)
        return node
    if isinstance(data, list | tuple):
        items: list[Node] = []
        node = Node(items, 0, source, None, parent, key)
        items.extend(
            _from_plain(value, source, node, index, depth + 1) for index, value in enumerate(data)
        )
        return node
    if data is not None and not isinstance(data, str | bool | int | float):
        raise DocumentError(f"{type(data).__name__} cannot be in a document", source=source)
    return Node(data, 0, source, "" if data is None else str(data), parent, key)
