"""The fenced blocks of a document: its files, and its commands with the output they are to show.

Called by `docs.diagrams`, which draws types that a document declares, and by the acceptance tests,
which do what a reader is told to do.
"""

import re
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)

ANOTHER_TERMINAL = "another terminal"
"""The title of a console block whose command goes on while the reader does the rest."""


class Block(NamedTuple):
    """A fenced block: `title` is the name of the file that it is, if it is one."""

    language: str
    title: str | None
    text: str

    @property
    def is_file(self) -> bool:
        """Whether the reader is to write it into a file of that title."""
        return self.title is not None and self.language != "console"


class Command(NamedTuple):
    """A command line of a console block, and the lines that it shows."""

    line: str
    shown: list[str]


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a document, in their order."""
    text = document.read_text(encoding="utf-8")
    return [
        Block(found["language"], found["title"], found["text"]) for found in _FENCE.finditer(text)
    ]


def commands(block: Block) -> list[Command]:
    """What a console block runs: a line that begins with `$ `, and what follows it."""
    found: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line.removeprefix("$ "), []))
        elif found:
            found[-1].shown.append(line)
    return found
