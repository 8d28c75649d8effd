"""The command line of a Boutiques descriptor as words of an application file.

Called by `boutiques`. A command line is a text for a shell in which keys stand for values. Where it
needs no shell it becomes a list of words, each key a word that depends on its parameter; otherwise
the shell is given one text, in which what parameters hold is quoted.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ripieno.importers import draft
from ripieno.importers.boutiques_inputs import Input, InputType
from ripieno.importers.draft import Findings
from ripieno.model import references
from ripieno.model.node import quoted
from ripieno.model.references import Part, Reference

SHELL = "/bin/sh"
MOST_KEYS = 1000
MOST_NESTED = 3
"""How deep paths of outputs may be in one another; the reference tool stops after the second."""

_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./=-]*")
"""Text that a shell leaves as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """A file that a tool makes; `path` is a template, None where it depends on a condition."""

    id: str
    name: str
    key: str = ""
    path: str | None = None
    strips: tuple[str, ...] = ()
    flag: str = ""
    separator: str = " "
    parameter: str = ""
    lines: tuple[str, ...] = field(default=())


Keyed = Input | Output
Piece = str | Keyed


class CommandLine:
    """The values that a descriptor has keys for."""

    def __init__(
        self, inputs: Sequence[Input], outputs: Sequence[Output], findings: Findings
    ) -> None:
        self._findings, self._outputs = findings, outputs
        self._keyed: dict[str, Keyed] = {}
        every: tuple[Keyed, ...] = (*inputs, *outputs)
        for each in every:
            if each.key:
                self._keyed.setdefault(each.key, each)
        # The longest first, since a key may begin with another one.
        keys = sorted(self._keyed, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, keys))) if keys else None

    def words(self, template: str, shell: str) -> list[Any]:
        """The command: words of their own, or a shell and the text for it."""
        pieces = list(self._pieces(template))
        named = "\n".join(text for each in self._outputs for text in (each.path or "", *each.lines))
        for each in self._keyed.values():
            if each not in pieces and isinstance(each, Input) and each.key not in named:
                self._findings.notes.append(
                    f"the key {quoted(each.key)} of input {quoted(each.id)} is not in the command "
                    "line, nor anywhere else; its value goes nowhere"
                )
        found = self._plain(pieces)
        if found is None:
            return [shell or SHELL, "-c", {"shell": [self._in_shell(each) for each in pieces]}]
        return found

    def path(self, output: Output) -> list[Any]:
        """The pieces of the path of an output."""
        return self._path(output.path or "", output.strips, 0)

    def file_text(self, lines: Iterable[str], where: str) -> str:
        """The content of a configuration file; lines that could be left out are left out."""
        kept = []
        for line in lines:
            text = self.reference(line)
            if text is not None:
                kept.append(text)
            else:
                self._findings.notes.append(
                    f"{where}: the line {quoted(line)} is left out, since it depends on what may "
                    "have no value or several; write it into files by hand"
                )
        return "\n".join(kept)

    def reference(self, template: str) -> str | None:
        """A text with references to parameters; None if something in it may have no value."""
        parts: list[Part] = []
        for each in self._pieces(draft.clean(template)):
            if not _is_simple(each, has_flags=False):
                return None
            if isinstance(each, str):
                parts.append(each)
            else:
                parts.append(Reference(("parameters", each.parameter)))
        return references.render(tuple(parts))

    def _pieces(self, template: str) -> Iterator[Piece]:
        """The template, taken apart at the keys, in one pass: values are never looked into."""
        position = 0
        matches = self._pattern.finditer(template) if self._pattern else iter(())
        for match in itertools.islice(matches, MOST_KEYS):
            if match.start() > position:
                yield template[position : match.start()]
            yield self._keyed[match[0]]
            position = match.end()
        if position < len(template):
            yield template[position:]

    def _plain(self, pieces: Sequence[Piece]) -> list[Any] | None:
        """Words, if no shell is needed to find where they end."""
        words: list[list[Piece]] = [[]]
        for each in pieces:
            if not isinstance(each, str):
                words[-1].append(each)
                continue
            first, *others = each.split(" ")
            words[-1].append(first)
            words.extend([other] for other in others)
        found = []
        for word in words:
            parts = [each for each in word if each != ""]
            if not parts:
                continue
            if not all(map(self._needs_no_shell, parts)):
                return None
            if len(parts) == 1:
                found.extend(self._plain_words(parts[0]))
            elif all(map(_is_simple, parts)):
                found.append({"join": [self._raw(each) for each in parts]})
            else:
                return None
        # A name before the command would be a variable for it.
        if not found or not isinstance(found[0], str) or "=" in found[0]:
            return None
        return found

    def _plain_words(self, piece: Piece) -> list[Any]:
        if isinstance(piece, str):
            return [piece]
        word = self._word(piece)
        if [type(each) for each in word.get("join", ())] == [str] and "separator" not in word:
            return [word[each] if each == "flag" else word[each][0] for each in sorted(word)]
        return [word]

    def _needs_no_shell(self, piece: Piece) -> bool:
        if isinstance(piece, str):
            return _PLAIN.fullmatch(piece) is not None
        texts = [piece.flag, piece.separator.strip(" ")]
        if isinstance(piece, Input):
            texts.append(piece.list_separator.strip(" "))
        separators = {piece.separator, getattr(piece, "list_separator", " ")}
        is_one = all(each == " " or " " not in each for each in separators)
        return is_one and all(_PLAIN.fullmatch(each) for each in texts)

    def _word(self, keyed: Keyed) -> Any:
        if isinstance(keyed, Output):
            return self._output(keyed)
        word: dict[str, Any] = {"parameter": keyed.parameter}
        if keyed.flag:
            word["flag"] = draft.clean(keyed.flag)
            if keyed.separator != " " and keyed.type is not InputType.FLAG:
                word["separator"] = keyed.separator
        if keyed.is_list and keyed.list_separator != " ":
            word["list_separator"] = keyed.list_separator
        return word

    def _output(self, output: Output) -> Any:
        word: dict[str, Any] = {"parameter": output.parameter}
        if not output.parameter:
            word = {"join": self.path(output)}
        if output.flag:
            word["flag"] = output.flag
            if output.separator != " ":
                word["separator"] = output.separator
        return word

    def _in_shell(self, piece: Piece) -> Any:
        return draft.literal(piece) if isinstance(piece, str) else self._word(piece)

    def _raw(self, piece: Piece) -> Any:
        return draft.literal(piece) if isinstance(piece, str) else {"parameter": piece.parameter}

    def _path(self, template: str, strips: tuple[str, ...], depth: int) -> list[Any]:
        pieces: list[Any] = []
        for each in self._pieces(template):
            if isinstance(each, str):
                pieces.append(draft.literal(each))
            elif isinstance(each, Input):
                pieces.append(self._part(each, strips, is_first=not pieces))
            elif each.parameter:
                pieces.append({"parameter": each.parameter})
            elif depth < MOST_NESTED:
                pieces.extend(self._path(each.path or "", each.strips, depth + 1))
            else:
                self._findings.notes.append(
                    f"the path of output {quoted(each.id)} leads to itself; it is left out there"
                )
        return pieces

    def _part(self, each: Input, strips: tuple[str, ...], *, is_first: bool) -> Mapping[str, Any]:
        """The value of an input within a path, as the reference tool puts it there."""
        part: dict[str, Any] = {"parameter": each.parameter}
        if each.is_list and each.list_separator != " ":
            part["list_separator"] = each.list_separator
        if strips and each.type in (InputType.FILE, InputType.STRING):
            part["strip"] = list(strips)
        if each.type is InputType.FILE and not is_first:
            part["base_name"] = True
        return part


def _is_simple(keyed: Piece, *, has_flags: bool = True) -> bool:
    """Whether a key stands for one text in every run, with (where they are used) no flag."""
    if isinstance(keyed, str):
        return True
    if isinstance(keyed, Output):
        return bool(keyed.parameter) and not (has_flags and keyed.flag)
    is_one = not keyed.is_list and keyed.type is not InputType.FLAG
    return is_one and keyed.is_always_set and not (has_flags and keyed.flag)
