"""Words of a command that depend on parameters: a flag with its value, or nothing at all.

In a list of words (`command`, `args`) a mapping stands for as many words as its parameter calls
for. `{parameter: NAME}` is what the parameter holds, with `flag` before it; `{join: […]}` is one
text made of pieces; `{shell: […]}` is one text in which everything but the literal pieces is quoted
for a shell. Called by `reading_applications` before parameters are put into texts.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ripieno.model import parameters, references
from ripieno.model.component_type import Value
from ripieno.model.errors import ApplicationError
from ripieno.model.node import Node, did_you_mean, listed, quoted
from ripieno.model.references import Part, Reference
from ripieno.model.workload import MOST_WORDS

MOST_TEXT = 1_000_000
"""The most characters that the words of one command may have together."""

FIELDS = ("command", "args")
"""The fields of a component that are lists of words."""

_VALUE = ("parameter", "join", "shell", "flag", "separator", "list_separator", "strip", "base_name")
_BY_KIND = {
    "parameter": ("flag", "separator", "list_separator", "strip", "base_name"),
    "join": ("flag", "separator"),
    "shell": (),
}


def expanded(
    node: Node,
    values: Mapping[str, Value] | None,
    declared: Mapping[str, Mapping[str, Value]],
) -> Node:
    """A component with the mappings in its lists of words replaced by the words they stand for.

    `values` None: they are not known yet, each parameter stands for itself or its default, and
    all flags are shown. `declared` has the schema of each parameter. Raises: `DocumentError` at the
    word.
    """
    fields = node.value
    if not isinstance(fields, dict):
        return node
    found = {}
    for name in FIELDS:
        words = fields.get(name)
        if words is not None and words.is_list and any(each.is_mapping for each in words.items()):
            found[name] = words
    if not found:
        return node
    copy = Node({**fields}, node.line, node.source, None, node.parent, node.position)
    for name, words in found.items():
        copy.value[name] = _List(values, declared).put_in(words, copy)  # type: ignore[index]  # a dict
    return copy


@dataclass(frozen=True, slots=True)
class _Text:
    """A literal text that is (to be) quoted in a shell, or is not."""

    parts: tuple[Part, ...]
    is_quoted: bool = True


class _List:
    """One list of words, and how much has come of it."""

    def __init__(
        self, values: Mapping[str, Value] | None, declared: Mapping[str, Mapping[str, Value]]
    ) -> None:
        self._values, self._declared = values, declared
        self._left = MOST_TEXT

    def put_in(self, words: Node, parent: Node) -> Node:
        """The list with texts only."""
        items: list[Node] = []
        node = Node(items, words.line, words.source, None, parent, words.position)
        for each in words.items():
            if not each.is_mapping:
                items.append(each)
                continue
            for text in self._words(each):
                items.append(Node(text, each.line, each.source, text, node, len(items)))
            if len(items) > MOST_WORDS:
                raise each.error(f"a command has more than {MOST_WORDS} words; make it shorter")
        return node

    def _words(self, node: Node) -> list[str]:
        if "shell" in node.mapping():
            return [references.render(_merged(self._shell(node)))]
        found: list[list[Part]] = []
        for each in self._pieces(node):
            if isinstance(each, _Text):
                if not found:
                    found.append([])
                found[-1].extend(each.parts)
            else:
                found.append([])
        return [references.render(_merged(each)) for each in found]

    def _shell(self, node: Node) -> list[Part]:
        """One text for a shell: literal pieces as they are, all else quoted."""
        fields = _checked(node)
        parts: list[Part] = []
        for piece in fields["shell"].items():
            if not piece.is_mapping:
                parts.extend(self._literal(piece, may_refer=True))
                continue
            for each in self._pieces(piece):
                if not isinstance(each, _Text):
                    parts.append(" ")
                elif each.is_quoted and not _refers(each.parts):
                    parts.append(shlex.quote("".join(map(str, each.parts))))
                else:
                    parts.extend(each.parts)
        self._spend(node, sum(len(str(each)) for each in parts))
        return parts

    def _pieces(self, node: Node) -> "list[_Text | None]":
        """What a mapping stands for: texts, and None where one word ends and another begins."""
        fields = _checked(node)
        if "shell" in fields:
            raise node.error("a text for a shell is a word of its own; put its pieces here")
        if "join" in fields:
            parts = [part for each in fields["join"].items() for part in self._joined(each)]
            texts: list[tuple[Part, ...]] = [tuple(_merged(parts))]
        else:
            value = self._value(fields["parameter"])
            if value is None or value is False or value == []:
                return []
            if value is True and "flag" in fields:
                return [_Text((fields["flag"].text(),), is_quoted=False)]
            texts = [self._held(each, fields) for each in _each(value)]
        found: list[_Text | None] = []
        if "flag" in fields:
            found.append(_Text((fields["flag"].text(),), is_quoted=False))
            found.append(_between(fields, "separator"))
        for index, parts_of in enumerate(texts):
            if index:
                found.append(_between(fields, "list_separator"))
            found.append(_Text(parts_of))
        self._spend(node, sum(len(str(each)) for text in texts for each in text))
        return found

    def _joined(self, node: Node) -> Sequence[Part]:
        if not node.is_mapping:
            return self._literal(node, may_refer=False)
        fields = _checked(node)
        if "parameter" not in fields or "flag" in fields:
            raise node.error("what is joined are texts and {parameter: NAME}")
        value = self._value(fields["parameter"])
        if value is None:
            return ()
        separator = fields["list_separator"].text() if "list_separator" in fields else " "
        found: list[Part] = []
        for each in _each(value):
            found += (separator, *self._held(each, fields)) if found else self._held(each, fields)
        self._spend(node, sum(len(str(each)) for each in found))
        return found

    def _literal(self, node: Node, *, may_refer: bool) -> Sequence[Part]:
        try:
            parts = references.parse(node.text())
        except ApplicationError as problem:
            raise node.error(str(problem)) from problem
        if not may_refer and _refers(parts):
            raise node.error(
                "a text that is joined refers to nothing; put {parameter: NAME} between two texts"
            )
        self._spend(node, len(node.text()))
        return parts

    def _value(self, node: Node) -> Value:
        """What a parameter holds; while that is not known, a reference to it."""
        name = node.text()
        if name not in self._declared:
            raise node.error(
                f"there is no parameter {quoted(name)}{did_you_mean(name, self._declared)}; "
                f"parameters are {listed(self._declared, most=20)}"
            )
        value = self._shown(name) if self._values is None else self._values.get(name)
        if isinstance(value, Mapping) or (
            isinstance(value, list) and any(isinstance(each, list | Mapping) for each in value)
        ):
            raise node.error(
                f"parameter {name} holds {quoted(str(value))}, which is no word; it has to be a "
                "text, a number, a boolean or a list of these"
            )
        return value

    def _shown(self, name: str) -> Value:
        """What stands for a parameter that has no value yet: itself, or its default list."""
        schema = self._declared[name]
        if schema.get("type") == "boolean":
            return True
        sample = parameters.sample(schema)
        return sample if isinstance(sample, list | Mapping) else _Unknown(name)

    def _held(self, value: Value, fields: Mapping[str, Node]) -> tuple[Part, ...]:
        if isinstance(value, _Unknown):
            return (Reference(("parameters", value.name)),)
        text = references.as_text(Reference(("parameters",)), value)
        for ending in fields["strip"].items() if "strip" in fields else ():
            text = text.replace(ending.text(), "")
        if "base_name" in fields and fields["base_name"].value is True:
            text = text.rpartition("/")[2]
        return (text,)

    def _spend(self, node: Node, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise node.error(
                f"a command has more than {MOST_TEXT} characters; give what is long in a file"
            )


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A parameter that has no value yet."""

    name: str


def _checked(node: Node) -> Mapping[str, Node]:
    """The fields of a word that is a mapping."""
    fields = {name: each for name, each in node.mapping(_VALUE).items() if not each.is_empty}
    kinds = [kind for kind in _BY_KIND if kind in fields]
    if len(kinds) != 1:
        raise node.error(
            "write a word as a text, {parameter: NAME, flag: TEXT}, {join: […]} or {shell: […]}"
        )
    for name in fields:
        if name != kinds[0] and name not in _BY_KIND[kinds[0]]:
            raise fields[name].error(f"{name} is not for a word with {kinds[0]!r}; take it out")
    if "separator" in fields and "flag" not in fields:
        raise fields["separator"].error("separator is what follows a flag; give that, too")
    return fields


def _between(fields: Mapping[str, Node], name: str) -> _Text | None:
    """What stands between two texts; a space, or nothing said, makes them words of their own."""
    text = fields[name].text() if name in fields else " "
    return None if text == " " else _Text((text,), is_quoted=False)


def _each(value: Value) -> Sequence[Value]:
    return value if isinstance(value, list) else (value,)


def _refers(parts: Sequence[Part]) -> bool:
    return any(isinstance(each, Reference) for each in parts)


def _merged(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The same with no two literals in a row, as `references.render` wants it."""
    found: list[Part] = []
    for each in parts:
        if isinstance(each, str) and found and isinstance(found[-1], str):
            found[-1] += each
        elif each:
            found.append(each)
    return tuple(found)
