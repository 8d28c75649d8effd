"""Texts of a Compose file: merges, variables, durations, sizes and files of variables.

Called by the other modules of `compose`. A variable (`${TAG:-latest}`) becomes a parameter of the
application, and the text refers to it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ripieno.importers import draft
from ripieno.importers.draft import Findings
from ripieno.importers.errors import UnreadableDescription
from ripieno.model import references
from ripieno.model.node import Node, quoted
from ripieno.model.references import Part, Reference

MOST_VALUES = 50_000
"""How many values a file may have with everything merged."""

MOST_NESTED = 8
"""How deep defaults of variables may be in one another."""

MOST_VARIABLES = 200

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<operator>:?[-?+])?)"
)
_DURATION = re.compile(r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,9})?)(?P<unit>us|ms|s|m|h|d)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(
    r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(?P<unit>[bkmgt]?)i?b?", re.IGNORECASE
)
_BYTES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*(?:=(?P<value>.*))?")


class Merging:
    """Mappings with what they merge (`<<`) put in; their own fields count more."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def merged(self, node: Node) -> Node:
        """A copy of a tree without merges. Raises: `DocumentError`, `UnreadableDescription`."""
        return self._copy(node, node.parent, node.position)

    def _copy(self, node: Node, parent: Node | None, position: str | int | None) -> Node:
        self._left -= 1
        if self._left < 0:
            raise UnreadableDescription(
                f"the file has more than {MOST_VALUES} values with everything merged; divide it"
            )
        copy = Node(node.value, node.line, node.source, node.written, parent, position)
        if isinstance(node.value, dict):
            copy.value = {
                name: self._copy(each, copy, name) for name, each in self._fields(node).items()
            }
        elif isinstance(node.value, list):
            copy.value = [self._copy(each, copy, index) for index, each in enumerate(node.value)]
        return copy

    def _fields(self, node: Node) -> Mapping[str, Node]:
        fields = node.mapping()
        merge = fields.get("<<")
        if merge is None:
            return fields
        found: dict[str, Node] = {}
        for each in merge.items() if merge.is_list else (merge,):
            for name, value in self._fields(each).items():
                found.setdefault(name, value)
        self._left -= len(found)
        found.update(fields)
        del found["<<"]
        return found


@dataclass(frozen=True, slots=True)
class Text:
    """A text with variables: `plain` has their defaults put in, `written` refers to parameters."""

    parts: tuple[Part, ...]
    plain: str

    @property
    def written(self) -> str:
        """As an application file has it, where references are looked for."""
        return references.render(self.parts)

    @property
    def variable(self) -> str | None:
        """The variable that is all of the text, if it is one and nothing else."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Reference):
            return self.parts[0].path[1]
        return None


class Variables:
    """The variables that a file has used so far; `known` are values that are given for them."""

    def __init__(self, known: Mapping[str, str], findings: Findings) -> None:
        self._known, self._findings = known, findings
        self._defaults: dict[str, str | None] = {}

    def text(self, node: Node) -> Text:
        """A scalar, whatever it is, as text. Raises: `DocumentError`."""
        if node.written is None or node.is_mapping or node.is_list:
            return self.of(node.text())  # raises
        return self.of("" if node.is_empty else node.written)

    def of(self, text: str) -> Text:
        """A text in which variables are looked for."""
        parts, plain = self._parts(draft.clean(text))
        return Text(_merged(parts), plain)

    def refer(self, name: str) -> Text:
        """A variable by itself."""
        return self.of(f"${{{name}}}")

    def schema(self, used: Collection[str]) -> dict[str, object]:
        """The parameters that stand for the variables that are `used`; empty if there are none."""
        others = [
            f"{name} ({quoted(default or '')})"
            for name, default in self._defaults.items()
            if name not in used
        ]
        if others:
            self._findings.notes.append(
                f"variables that are no parameters, since what they decide is fixed here or left "
                f"out: {', '.join(others)}"
            )
        chosen = {name: each for name, each in self._defaults.items() if name in used}
        if not chosen:
            return {}
        properties = {
            name: {"type": "string", **({} if default is None else {"default": default})}
            for name, default in chosen.items()
        }
        required = [name for name, default in chosen.items() if default is None]
        if required:
            self._findings.missing.append(
                f"parameters without a value: {', '.join(required)}; give them a default, or a "
                "value at each deployment"
            )
        given = ", ".join(chosen)
        self._findings.found.append(f"variables, which are parameters: {given}")
        return {
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
        }

    def _parts(self, text: str) -> tuple[list[Part], str]:
        parts: list[Part] = []
        plain: list[str] = []
        position = 0
        while match := _VARIABLE.search(text, position):
            before = text[position : match.start()]
            parts.append(before)
            plain.append(before)
            position = match.end()
            if match["escaped"]:
                parts.append("$")
                plain.append("$")
                continue
            name, operator, operand = match["bare"] or match["name"], match["operator"], ""
            if match["name"]:
                end = _end(text, position)
                if end is None or (operator is None and end != position):
                    parts.append(match[0])  # It is no variable, so it is left as it is.
                    plain.append(match[0])
                    continue
                operand, position = text[position:end], end + 1
            found, value = self._variable(name, (operator or "").removeprefix(":"), operand)
            parts.append(found)
            plain.append(value)
        parts.append(text[position:])
        plain.append(text[position:])
        return parts, "".join(plain)

    def _variable(self, name: str, operator: str, operand: str) -> tuple[Part, str]:
        """What stands for a variable, and its value as far as it is known."""
        known = self._known.get(name)
        if operator == "+":
            value = self._nested(operand) if known else ""
            self._findings.notes.append(
                f"{quoted(f'${{{name}+…}}')} is {quoted(value)}, as it is now: what depends on "
                "whether a variable is set is not carried over"
            )
            return value, value
        default = known
        if default is None and operator == "-":
            default = self._nested(operand)
        before = self._defaults.get(name)
        if before is not None and default is not None and before != default:
            self._findings.notes.append(
                f"variable {name} has several defaults, {quoted(before)} and {quoted(default)}; "
                "the parameter has the first"
            )
        if before is None:
            if len(self._defaults) >= MOST_VARIABLES and name not in self._defaults:
                raise UnreadableDescription(
                    f"the file has more than {MOST_VARIABLES} variables; write some out"
                )
            self._defaults[name] = default
        return Reference(("parameters", name)), self._defaults[name] or ""

    def _nested(self, text: str, depth: int = 0) -> str:
        """A default, with the defaults of the variables in it."""
        found: list[str] = []
        position = 0
        while match := _VARIABLE.search(text, position):
            found.append(text[position : match.start()])
            position = match.end()
            if match["escaped"]:
                found.append("$")
                continue
            operand = ""
            if match["name"]:
                end = _end(text, position)
                if end is None:
                    found.append(match[0])
                    continue
                operand, position = text[position:end], end + 1
            known = self._known.get(match["bare"] or match["name"])
            if known is None and (match["operator"] or "").endswith("-") and depth < MOST_NESTED:
                known = self._nested(operand, depth + 1)
            found.append(known or "")
        return "".join((*found, text[position:]))


def _end(text: str, position: int) -> int | None:
    """Where the brace is closed that was opened before."""
    depth = 1
    for index in range(position, len(text)):
        if text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
        elif text[index] == "{" and text[index - 1] == "$":
            depth += 1
    return None


def _merged(parts: Sequence[Part]) -> tuple[Part, ...]:
    found: list[Part] = []
    for each in parts:
        if isinstance(each, str) and found and isinstance(found[-1], str):
            found[-1] += each
        elif each:
            found.append(each)
    return tuple(found)


def seconds(text: str) -> float | None:
    """A duration such as `1m30s`; None for what is none."""
    total, position = 0.0, 0
    stripped = text.strip()
    while match := _DURATION.match(stripped, position):
        total += float(match["number"]) * _SECONDS[match["unit"]]
        position = match.end()
    return total if stripped and position == len(stripped) else None


def mebibytes(text: str) -> float | None:
    """A size such as `512M` in MiB; None for what is none."""
    match = _SIZE.fullmatch(text.strip())
    return float(match["number"]) * _BYTES[match["unit"].lower()] / 2**20 if match else None


def variables_of(content: str) -> dict[str, str | None]:
    """The variables that a file of lines `NAME=value` sets; None where there is only a name."""
    found: dict[str, str | None] = {}
    for line in draft.clean(content).splitlines():
        match = _LINE.fullmatch(line)
        if match is None or line.lstrip().startswith("#"):
            continue
        value = match["value"]
        found[match["name"]] = None if value is None else _value(value.strip())
    return found


def _value(text: str) -> str:
    """A value without its quotes, or without the remark behind it."""
    for quote in ("'", '"'):
        if text.startswith(quote):
            inner, closing, _ = text[1:].partition(quote)
            return inner if closing else text
    return re.split(r"\s#", text, maxsplit=1)[0].strip()
