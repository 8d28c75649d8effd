"""Parameters put into the tree of a document, which keeps its lines and fields.

Called by `reading_applications`. Only texts are looked at, never keys; how much comes of them is
limited, since a short text can refer to a long one many times.
"""

from collections.abc import Callable, Collection, Mapping

from ripieno.model import references
from ripieno.model.component_type import Value
from ripieno.model.errors import ApplicationError, DocumentError, UnknownReference
from ripieno.model.node import Node, did_you_mean, listed, quoted

MOST_NODES = 200_000
MOST_TEXT = 16_000_000
"""The most characters that a document may have when everything is put in."""

PutIn = Callable[[str], Value]
"""What a text with references becomes."""


class Substitution:
    """One way of putting things in, with what is left of the limits."""

    def __init__(self) -> None:
        self._nodes = MOST_NODES
        self._text = MOST_TEXT

    def apply(self, node: Node, put_in: PutIn) -> Node:
        """A copy of a tree, each text with a `${` in it replaced by what `put_in` makes of it.

        Raises: `DocumentError` at the text for which `put_in` raises an `ApplicationError`.
        """
        return self._copy(node, put_in, node.parent, node.position)

    def _copy(
        self, node: Node, put_in: PutIn, parent: Node | None, position: str | int | None
    ) -> Node:
        value, written = node.value, node.written
        if isinstance(value, str) and "${" in value:
            try:
                value = put_in(value)
            except ApplicationError as problem:
                raise node.error(str(problem)) from problem
            return self._made(node, value, parent, position)
        copy = Node(value, node.line, node.source, written, parent, position)
        self._spend(node, written)
        if isinstance(value, dict):
            copy.value = {
                name: self._copy(each, put_in, copy, name) for name, each in value.items()
            }
        elif isinstance(value, list):
            copy.value = [self._copy(each, put_in, copy, index) for index, each in enumerate(value)]
        return copy

    def _made(
        self, place: Node, value: Value, parent: Node | None, position: str | int | None
    ) -> Node:
        """Plain data as nodes at the line of the text that it is put in for."""
        written = None
        if isinstance(value, bool):
            written = "true" if value else "false"
        elif not isinstance(value, Mapping | list):
            written = "" if value is None else str(value)
        self._spend(place, written)
        made = Node(value, place.line, place.source, written, parent, position)
        if isinstance(value, Mapping):
            made.value = {name: self._made(place, each, made, name) for name, each in value.items()}
        elif isinstance(value, list):
            made.value = [self._made(place, each, made, index) for index, each in enumerate(value)]
        return made

    def _spend(self, node: Node, written: str | None) -> None:
        self._nodes -= 1
        self._text -= len(written or "")
        if self._nodes < 0 or self._text < 0:
            raise DocumentError(
                f"with everything put in, the application has more than {MOST_NODES} values or "
                f"{MOST_TEXT} characters; make it smaller",
                source=node.source,
                line=node.line,
            )


def values_put_in(
    declared: Collection[str], values: Mapping[str, Value], each: Value = None
) -> PutIn:
    """Put in the values of parameters and, if there is one, of `${each}`; leave the rest.

    What is put in stays literal when the rest is resolved.
    """
    roots = ("parameters",) if each is None else ("parameters", "each")
    scope = {"parameters": values, "each": each}

    def put_in(text: str) -> Value:
        for reference in references.references(text):
            if reference.path[0] == "each" and each is None:
                raise UnknownReference(
                    f"{reference} is known only in a component with 'for_each'; add that"
                )
            _check(reference, declared, values)
        whole = references.whole(text)
        if whole is not None and whole.path[0] in roots:
            return _literal(references.look_up(whole, scope))
        return references.resolve_some(text, scope, roots)

    return put_in


def samples_put_in(declared: Collection[str], samples: Mapping[str, Value]) -> PutIn:
    """Put in samples where a number, boolean, list or mapping is all of the text; leave the rest.

    For an application that is shown before its parameters have values.
    """

    def put_in(text: str) -> Value:
        for reference in references.references(text):
            _check(reference, declared, dict.fromkeys(declared))
        whole = references.whole(text)
        if whole is None or whole.path[0] != "parameters" or whole.path[1] not in samples:
            return text
        found: Value = samples[whole.path[1]]
        for name in whole.path[2:]:
            found = found.get(name) if isinstance(found, Mapping) else None
        return text if found is None or isinstance(found, str) else _literal(found)

    return put_in


def _check(
    reference: references.Reference, declared: Collection[str], values: Mapping[str, Value]
) -> None:
    if reference.path[0] != "parameters":
        return
    name = reference.path[1] if len(reference.path) > 1 else ""
    if name not in declared:
        raise UnknownReference(
            f"{reference}: there is no parameter {quoted(name)}{did_you_mean(name, declared)}; "
            f"parameters are {listed(declared, most=20)}"
        )
    if name not in values:
        raise UnknownReference(
            f"{reference}: parameter {name} has no value and no default; give it a value"
        )


def _literal(value: Value) -> Value:
    """Plain data whose texts mean themselves when references are resolved later."""
    if isinstance(value, str):
        return references.escape(value)
    if isinstance(value, Mapping):
        return {name: _literal(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    return value
