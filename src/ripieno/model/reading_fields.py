"""How the readers of an application ask for its fields.

An application is read twice: *open*, with its references still in it, and *settled*, when its
parameters and `${each}` are put in. Open texts are let through, and stand for the default where a
number, list or mapping is expected. Settled ones hold at most what is known only when a component
is started, and not even that in `static` fields.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeVar, overload

from ripieno.model import references
from ripieno.model.errors import ApplicationError, DocumentError
from ripieno.model.node import Node, did_you_mean, listed, quoted

Choice = TypeVar("Choice", bound=StrEnum)


class Fields:
    """The fields of one mapping. Every method raises `DocumentError` at the field."""

    def __init__(self, node: Node, known: Collection[str], *, is_open: bool) -> None:
        self.node, self.is_open = node, is_open
        self._fields = node.mapping(known)

    def __contains__(self, name: str) -> bool:
        return self.text_node(name) is not None

    def text_node(self, name: str) -> Node | None:
        """A field that is there and holds something, text or anything else."""
        node = self._fields.get(name)
        return None if node is None or node.is_empty else node

    def data_node(self, name: str) -> Node | None:
        """A field that is there and holds something that has its final type."""
        node = self.text_node(name)
        return None if node is None or (self.is_open and is_open(node)) else node

    def static(self, name: str, default: str = "") -> str:
        """A text in which everything is known before the component runs."""
        node = self.text_node(name)
        return default if node is None else static_text(node, is_open=self.is_open)

    def choice(self, name: str, kind: type[Choice], default: Choice) -> Choice:
        """One of the values of an enumeration."""
        node = self.data_node(name)
        if node is None:
            return default
        text = static_text(node, is_open=self.is_open)
        try:
            return kind(text)
        except ValueError as problem:
            raise node.error(
                f"{quoted(text)} is unknown here{did_you_mean(text, kind)}; give {listed(kind)}"
            ) from problem

    def flag(self, name: str) -> bool:
        """True or false, which it is where it is not there."""
        node = self.data_node(name)
        return node is not None and node.flag()

    @overload
    def number(self, name: str, default: float) -> float: ...
    @overload
    def number(self, name: str, default: None = None) -> float | None: ...
    def number(self, name: str, default: float | None = None) -> float | None:
        """A number."""
        node = self.data_node(name)
        return default if node is None else node.number()

    @overload
    def integer(self, name: str, default: int) -> int: ...
    @overload
    def integer(self, name: str, default: None = None) -> int | None: ...
    def integer(self, name: str, default: int | None = None) -> int | None:
        """A whole number."""
        node = self.data_node(name)
        return default if node is None else whole_number(node)

    def words(self, name: str) -> tuple[str, ...]:
        """A list of texts, numbers and booleans, as they are written."""
        node = self.text_node(name)
        if node is None:
            return ()
        if self.is_open and is_open(node):
            return (node.text(),)
        return tuple(scalar_text(each) for each in node.items())

    def entries(self, name: str) -> Mapping[str, Node]:
        """The entries of a mapping with names that the author chose."""
        node = self.data_node(name)
        return {} if node is None else node.by_name()

    def items(self, name: str) -> tuple[Node, ...]:
        """The items of a list."""
        node = self.data_node(name)
        return () if node is None else tuple(node.items())


def is_open(node: Node) -> bool:
    """Whether a node is a text that holds references."""
    return isinstance(node.value, str) and "${" in node.value


def static_text(node: Node, *, is_open: bool) -> str:
    """A text in which everything is known: what is still referred to is refused."""
    text = node.text()
    if is_open or "${" not in text:
        return text
    try:
        found = references.references(text)
        if found:
            raise ApplicationError(
                f"{found[0]} cannot be used in this field, which has to be known before anything "
                "runs; only ${parameters.…} and ${each} can be here"
            )
        return references.resolve(text, {})
    except ApplicationError as problem:
        raise node.error(str(problem)) from problem


def scalar_text(node: Node) -> str:
    """A text, number or boolean, as it is written."""
    if node.written is None or node.is_empty:
        return node.text()  # raises
    return node.written


def whole_number(node: Node) -> int:
    """A whole number, also one written as 2.0."""
    if type(node.value) is int:
        return node.value
    number = node.number()
    if not number.is_integer():
        raise node.error(f"expected a whole number, found {number:g}")
    return int(number)


def located(node: Node, problem: ApplicationError) -> DocumentError:
    """An error of a record's rules, at the part of the node that it is about."""
    return node.at(problem.at).error(str(problem))
