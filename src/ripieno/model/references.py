"""References in texts: `${parameters.atlas}`, `${store.sql.url}`.

`$${` stands for a literal `${`. In general, of k dollars before a brace every two stand for one,
and the last one of an odd number begins a reference; dollars anywhere else are as they are. So any
text can be written, also one that ends in a dollar and has a reference after it.

What the names mean is the caller's business, who gives a scope: nested mappings from names to
values. Parameters are put in when an application is resolved, all else when something is started.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ripieno.model.component_type import Value
from ripieno.model.errors import ApplicationError, UnknownReference
from ripieno.model.node import did_you_mean, listed, quoted

_MARK = re.compile(r"(\$+)\{")
_PATH = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LITERAL_REMEDY = "write $${ for a literal ${"


@dataclass(frozen=True, slots=True)
class Reference:
    """A dotted name, `("store", "sql", "url")`."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"${{{'.'.join(self.path)}}}"


Part = str | Reference
"""A piece of a text: literal, or to be replaced."""


def parse(text: str) -> tuple[Part, ...]:
    """The pieces of a text, no two literal ones in a row.

    Raises: `ApplicationError` for a reference that does not end or is no dotted name.
    """
    if "${" not in text:
        return (text,) if text else ()
    parts: list[Part] = []
    position = 0
    while mark := _MARK.search(text, position):
        dollars = len(mark[1])
        _add(parts, text[position : mark.start()] + "$" * (dollars // 2))
        if dollars % 2 == 0:
            _add(parts, "{")
            position = mark.end()
            continue
        end = text.find("}", mark.end())
        path = text[mark.end() : end] if end >= 0 else ""
        if end < 0 or _PATH.fullmatch(path) is None:
            raise ApplicationError(
                f"{quoted(text[mark.end(1) - 1 :])} begins no reference such as "
                f"${{parameters.name}}; {_LITERAL_REMEDY}"
            )
        parts.append(Reference(tuple(path.split("."))))
        position = end + 1
    _add(parts, text[position:])
    return tuple(parts)


def render(parts: tuple[Part, ...]) -> str:
    """The text that `parse` takes apart into these pieces."""
    written = []
    for index, part in enumerate(parts):
        if isinstance(part, Reference):
            written.append(str(part))
            continue
        text = _MARK.sub(lambda mark: mark[1] * 2 + "{", part)
        if index + 1 < len(parts):  # a reference, since no two literals are in a row
            text += "$" * (len(part) - len(part.rstrip("$")))
        written.append(text)
    return "".join(written)


def escape(text: str) -> str:
    """The text that stands for this one literally."""
    return render((text,))


def references(text: str) -> tuple[Reference, ...]:
    """What a text refers to, in order. Raises: `ApplicationError`, as `parse` does."""
    return tuple(part for part in parse(text) if isinstance(part, Reference))


def whole(text: str) -> Reference | None:
    """The reference that is all of a text, if it is one and nothing else."""
    parts = parse(text)
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Reference) else None


def resolve(text: str, scope: Mapping[str, Value]) -> str:
    """The text with all its references replaced.

    Raises: `UnknownReference` that lists what there is, `ApplicationError` for a list or mapping.
    """
    return "".join(
        as_text(part, look_up(part, scope)) if isinstance(part, Reference) else part
        for part in parse(text)
    )


def resolve_value(value: Value, scope: Mapping[str, Value]) -> Value:
    """Plain data with the references in its texts replaced, at any depth; keys stay as they are.

    A text that is one reference and nothing else becomes what it refers to, with its type.
    Raises: as `resolve`.
    """
    if isinstance(value, str):
        reference = whole(value)
        return resolve(value, scope) if reference is None else look_up(reference, scope)
    if isinstance(value, Mapping):
        return {name: resolve_value(each, scope) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [resolve_value(each, scope) for each in value]
    return value


def resolve_some(text: str, scope: Mapping[str, Value], roots: Collection[str]) -> str:
    """The text with the references that begin with one of `roots` replaced, the others left.

    What is put in stays literal when the rest is resolved later. Raises: as `resolve`.
    """
    if "${" not in text:
        return text
    parts: list[Part] = []
    for part in parse(text):
        if isinstance(part, Reference) and part.path[0] in roots:
            _add(parts, as_text(part, look_up(part, scope)))
        elif isinstance(part, Reference):
            parts.append(part)
        else:
            _add(parts, part)
    return render(tuple(parts))


def look_up(reference: Reference, scope: Mapping[str, Value]) -> Value:
    """What a reference stands for. Raises: `UnknownReference` that lists what there is."""
    value: Value = scope
    for depth, name in enumerate(reference.path):
        if not isinstance(value, Mapping) or name not in value:
            raise _unknown(reference, depth, value)
        value = value[name]
    return value


def as_text(reference: Reference, value: Value) -> str:
    """A value as a piece of text. Raises: `ApplicationError` for lists, mappings and nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Mapping):
        raise ApplicationError(
            f"{reference} is a mapping; go on with one of {_dotted(reference.path, value)}"
        )
    what = "nothing" if value is None else "a list"
    raise ApplicationError(f"{reference} is {what}, which cannot be part of a text")


def _unknown(reference: Reference, depth: int, found: Value) -> UnknownReference:
    name = reference.path[depth]
    before = reference.path[:depth]
    if not isinstance(found, Mapping):
        return UnknownReference(
            f"{reference}: {'.'.join(before)} has no parts; write ${{{'.'.join(before)}}}"
        )
    return UnknownReference(
        f"{reference}: there is no {quoted('.'.join((*before, name)))}"
        f"{did_you_mean(name, found)}; there are {_dotted(before, found)}"
        f"{'' if depth else f' ({_LITERAL_REMEDY})'}"
    )


def _dotted(before: tuple[str, ...], found: Mapping[str, Value]) -> str:
    return listed((".".join((*before, each)) for each in found), most=20)


def _add(parts: list[Part], text: str) -> None:
    """Append a literal, to the one before it if there is one."""
    if parts and isinstance(parts[-1], str):
        parts[-1] += text
    elif text:
        parts.append(text)
