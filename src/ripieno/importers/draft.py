"""Drafts of application files: how importers write one, and what they tell of it.

Whatever an importer was given, the draft can be read as an application; `finish` makes sure of
that. What a description left out has a value that works, and is named among what is missing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ripieno.importers.errors import ImporterError
from ripieno.model import names, reading_applications, references, scalars
from ripieno.model.errors import DocumentError, ModelError
from ripieno.model.node import printable

MOST_LINES = 500
"""How much is told of one draft."""

MOST_LINE = 400
MOST_TAGS = 30
MOST_TAG = 60
MOST_FLOW = 60
"""How long a mapping or list may be that is written on one line, about."""

FIRST_VERSION = "0.1.0"

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_NOT_VARIABLE = re.compile(r"[^A-Za-z0-9_]+")
_BAD = re.compile("[\x00\ud800-\udfff]")
_SEMVER = re.compile(
    r"v?(?P<numbers>[0-9]{1,9}(?:\.[0-9]{1,9}){0,2})(?P<rest>[-+][0-9A-Za-z.+-]+)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """An application file to go on from, and what is to be said of it.

    `found` is what the description told, `missing` what somebody should fill in, `notes` what could
    not be carried over and why, or was carried over in another form.
    """

    document: str
    found: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Findings:
    """What an importer has come upon so far."""

    found: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def objection(record: Mapping[str, Any]) -> str:
    """Why a record is no application; empty if it is one."""
    try:
        reading_applications.application(written(record))
    except ModelError as problem:
        return str(problem)
    return ""


def finish(record: Mapping[str, Any], findings: Findings) -> Draft:
    """The draft of a record in the form of an application file.

    Raises: `ImporterError` for one that is no application, with what is in the way.
    """
    problem = objection(record)
    if problem:
        raise ImporterError(f"this makes no application that Ripieno takes: {problem}")
    return Draft(
        document=written(record),
        found=_told(findings.found),
        missing=_told(findings.missing),
        notes=_told(findings.notes),
    )


def _told(lines: Iterable[str]) -> tuple[str, ...]:
    every = list(dict.fromkeys(printable(each, MOST_LINE) for each in lines))
    if len(every) > MOST_LINES:
        return (*every[:MOST_LINES], f"and {len(every) - MOST_LINES} more")
    return tuple(every)


class _Dumper(yaml.SafeDumper):
    """YAML as this house reads it: everything that would not be text without quotes has some."""

    _depth = 0

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key, too."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write things out as often as they are there."""
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        """On one line if it is short, over several otherwise."""
        self._depth += 1
        node = super().represent_mapping(tag, mapping, flow_style)
        self._depth -= 1
        parts = [part for pair in node.value for part in pair]
        node.flow_style = self._depth > 0 and _fits_line(parts)
        return node

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        """Likewise."""
        node = super().represent_sequence(tag, sequence, flow_style)
        node.flow_style = _fits_line(node.value)
        return node


def _fits_line(parts: list[yaml.Node]) -> bool:
    if not all(isinstance(each, yaml.ScalarNode) and each.style != "|" for each in parts):
        return False
    return sum(len(each.value) + 2 for each in parts) <= MOST_FLOW


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    try:
        if scalars.resolve(text) != text:
            style = "'"
    except DocumentError:
        style = "'"
    if "\n" in text and text == text.strip() and all(map(_fits_block, text.split("\n"))):
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _fits_block(line: str) -> bool:
    return line.isprintable() and line == line.rstrip()


_Dumper.add_representer(str, _represent_text)


def written(record: Mapping[str, Any]) -> str:
    """Plain data as a YAML document, in the order that it is in; what is empty is left out."""
    kept = {name: value for name, value in record.items() if value not in ("", None, {}, [])}
    text: str = yaml.dump(kept, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def clean(text: str) -> str:
    """Text without the characters that no document can hold."""
    return _BAD.sub("�", text)


def literal(text: str) -> str:
    """Text that stands for itself where references are looked for."""
    return references.escape(clean(text))


def line(text: str, most: int = 200) -> str:
    """Text as the one line of a title."""
    return printable(" ".join(clean(text).split()), most - 1)


def slug(text: str, default: str) -> str:
    """A name that is as near as it can be to a text."""
    found = _NOT_SLUG.sub("-", text.lower().encode("ascii", "ignore").decode()).strip("-")
    return found[: names.MOST_SLUG].strip("-") or default


def unique(wanted: str, taken: Iterable[str], most: int = names.MOST_SLUG) -> str:
    """A name that is not taken, with a number behind it if need be."""
    known = set(taken)
    found, number = wanted, 2
    while found in known:
        ending = f"-{number}"
        found = wanted[: most - len(ending)].rstrip("-") + ending
        number += 1
    return found


def port(text: str, default: str = "port") -> str:
    """A name for a port that is as near as it can be to a text."""
    found = slug(text, default)
    return found if found[0].isalpha() else f"p{found}"[: names.MOST_SLUG].rstrip("-")


def parameter(text: str) -> str:
    """A name for a parameter that is as near as it can be to a text."""
    found = _NOT_VARIABLE.sub("_", text)[:100]
    return found if re.match("[A-Za-z_]", found) else f"_{found}"[:100]


def url(text: str) -> str:
    """The address of a page that a text is, empty if it is none."""
    found = text.strip()
    is_one = found.lower().startswith(("http://", "https://")) and found.isprintable()
    return found if is_one and len(found) <= 2000 and not any(map(str.isspace, found)) else ""


def tags(texts: Iterable[str]) -> list[str]:
    """Tags as a catalogue takes them, each once."""
    found = dict.fromkeys(line(each, MOST_TAG) for each in texts)
    return [each for each in found if each.strip()][:MOST_TAGS]


def version(text: str) -> str | None:
    """The semantic version that a text such as `v1.2` means, if it means one."""
    match = _SEMVER.fullmatch(text.strip())
    if match is None:
        return None
    numbers = [str(int(each)) for each in match["numbers"].split(".")]
    found = ".".join([*numbers, "0", "0"][:3]) + (match["rest"] or "")
    return found if names.is_version(found) else None
