"""What the documents tell a reader to write and run, done in an empty folder, comes out as shown.

A line `…` in what is shown stands for any lines.
"""

import difflib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs import blocks

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", "docs/tutorial.md", "docs/planning.md")
WRITTEN = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for pattern in ("*.md", "docs/**/*.md")
    for path in REPOSITORY.glob(pattern)
)
LONGEST_S = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder but for the examples, as a fresh clone has them."""
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_does_what_it_shows(document: str, folder: Path) -> None:
    ran = 0
    for block in blocks.blocks(REPOSITORY / document):
        if block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            for command in blocks.commands(block):
                expect(command, run(command.line, folder))
                ran += 1
    assert ran, f"{document} shows no command that is tested"


@pytest.mark.parametrize("document", WRITTEN)
def test_links_lead_somewhere(document: str) -> None:
    path = REPOSITORY / document
    targets = re.findall(
        r"\]\((?!https?:)([^)#\s]*)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")
    )
    missing = [each for each in targets if each and not (path.parent / each).exists()]
    assert not missing


def run(line: str, folder: Path) -> list[str]:
    """The lines that a command prints, run as in a terminal of 80 columns without colours."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env={"PATH": path, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=LONGEST_S,
    )
    return [each.rstrip() for each in done.stdout.splitlines()]


def expect(command: blocks.Command, printed: list[str]) -> None:
    """Fail with a diff where a command prints other than what is shown."""
    shown = [each.rstrip() for each in command.shown]
    pattern = "".join(r"(?:.*\n)*?" if each == "…" else re.escape(each) + r"\n" for each in shown)
    if re.fullmatch(pattern, "".join(f"{each}\n" for each in printed)):
        return
    diff = difflib.unified_diff(shown, printed, "shown", "printed", lineterm="")
    pytest.fail(f"$ {command.line}\n" + "\n".join(diff), pytrace=False)
