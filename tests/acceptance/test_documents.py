"""What the documents tell a reader to write and run, done in an empty folder, comes out as shown.

A line `…` in what is shown stands for any lines, and `…` in a line for any text. What a server has
measured or given a number (times, ports, ids, processes) may differ from what is shown.
"""

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import blocks
from ripieno.routing import process
from ripieno.testing import control_rig
from ripieno.testing.ports import free_ports

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    "README.md",
    "docs/tutorial.md",
    "docs/planning.md",
    "docs/how-to/custom-actions.md",
    "docs/how-to/import-applications.md",
    "docs/how-to/register-an-application.md",
    "docs/how-to/run-a-server.md",
    "docs/how-to/sign-in-and-access.md",
    "docs/how-to/stop-what-nobody-uses.md",
    "docs/how-to/users.md",
    "apps/tweetoscope/docs/tutorial.md",
)
WRITTEN = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for pattern in ("*.md", "docs/**/*.md")
    for path in REPOSITORY.glob(pattern)
)
LONGEST_S = 120

MEASURED = (
    (r"\b\d+(\.\d+)? (ms|s|min|h)\b", "0 s"),
    (r"\br-[0-9a-f]{10}\b", "r-0"),
    (r"\b127\.0\.0\.1:\d+", "127.0.0.1:0"),
    (r"\blocalhost:\d+", "localhost:0"),
    (r"\bport \d+", "port 0"),
    (r"\bpid \d+", "pid 0"),
    (r"\b(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(\.\d+)?\b", "00:00:00"),
    (r" +", " "),
    (
        r"nobody uses it; it is stopped in (.*) unless somebody comes",
        r"it is stopped after \1 without use",
    ),
)
"""What differs from run to run, and what is compared in its place."""


class Reader:
    """Somebody in an empty folder with the examples, who does what a document says."""

    def __init__(self, folder: Path, commands: Path) -> None:
        """`commands` is a folder with what is called before anything that is installed."""
        shutil.copytree(
            REPOSITORY / "examples", folder / "examples", ignore=shutil.ignore_patterns(".venv")
        )
        for each in (REPOSITORY / "apps").glob("*/application.yaml"):
            (folder / each.relative_to(REPOSITORY).parent).mkdir(parents=True)
            for kept in (each, each.parent / "icon.svg"):
                if kept.exists():
                    shutil.copy(kept, folder / kept.relative_to(REPOSITORY))
        self.folder = folder
        self._servers: list[subprocess.Popen[str]] = []
        self._environment = {
            "PATH": os.pathsep.join(
                (str(commands), str(Path(sys.executable).parent), os.environ["PATH"])
            ),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "PYTHONUTF8": "1",
            "RIPIENO_HOME": str(folder / "state"),
            **{
                name: os.environ[name]
                for name in ("PYTHONPATH", "DOCKER_HOST")
                if name in os.environ
            },
        }

    def follow(self, document: Path) -> int:
        """Write the files and run the commands of a document; how many commands there were."""
        ran = 0
        for block in blocks.blocks(document):
            if block.is_file:
                (self.folder / str(block.title)).write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                for command in blocks.commands(block):
                    if block.title == blocks.ANOTHER_TERMINAL:
                        self._start(command)
                    else:
                        expect(command, self.run(command.line), is_measured=bool(self._servers))
                    ran += 1
        return ran

    def run(self, line: str) -> list[str]:
        """The lines that a command prints, run as in a terminal of 80 columns without colours."""
        done = subprocess.run(
            line,
            shell=True,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=LONGEST_S,
        )
        return [each.rstrip() for each in done.stdout.splitlines()]

    def _start(self, command: blocks.Command) -> None:
        """Run a server until the end, on any free port; what it shows is what it begins with."""
        first, last = control_rig.tcp_ports()
        by_host, by_prefix = free_ports(2)
        where = f"--listen 127.0.0.1:0 --door-port {by_host} --prefix-port {by_prefix}"
        with (self.folder / "server.log").open("a") as log:
            server = subprocess.Popen(
                f"exec env {command.line} {where} --ports {first}-{last}",
                shell=True,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )
        self._servers.append(server)
        assert server.stdout
        printed = [server.stdout.readline().rstrip() for _ in command.shown]
        expect(command, printed, is_measured=True)

    def leave(self) -> None:
        """Take down what was deployed, and end the servers."""
        for server in reversed(self._servers):
            if server.poll() is None:
                deployments = json.loads("\n".join(self.run("ripieno status --json")))
                for each in deployments:
                    self.run(f"ripieno remove {each['name']} --yes --quiet")
                server.terminate()
            server.wait(LONGEST_S)
            process.end(self.folder / "state" / "door")  # It outlives its server.
            assert server.stdout
            server.stdout.close()


@pytest.fixture
def reader(tmp_path: Path, commands: Path) -> Iterator[Reader]:
    found = Reader(tmp_path, commands)
    yield found
    found.leave()


@pytest.mark.long
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_does_what_it_shows(document: str, reader: Reader) -> None:
    assert reader.follow(REPOSITORY / document), f"{document} shows no command that is tested"


@pytest.mark.parametrize("document", WRITTEN)
def test_links_lead_somewhere(document: str) -> None:
    path = REPOSITORY / document
    links = re.findall(
        r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", path.read_text(encoding="utf-8")
    )
    for target, heading in links:
        there = path.parent / target if target else path
        assert there.exists(), target
        if heading:
            assert heading in anchors(there), f"{target}#{heading}"


def anchors(document: Path) -> set[str]:
    """What a link can lead to in a document: its headings, as they are written in addresses."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    headings = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings]
    again = [f"{each}-{number}" for each in plain for number in range(1, plain.count(each))]
    return {*plain, *again}


@pytest.mark.parametrize("document", WRITTEN)
def test_tests_that_are_named_exist(document: str) -> None:
    path = REPOSITORY / document
    named = re.findall(r"\[(test_\w+)\]\(([^)]+\.py)\)", path.read_text(encoding="utf-8"))
    missing = [
        test
        for test, file in named
        if not re.search(
            rf"^ *(async )?def {test}\(", (path.parent / file).read_text(), re.MULTILINE
        )
    ]
    assert not missing
    assert named or document != "docs/failures.md"


def expect(command: blocks.Command, printed: list[str], *, is_measured: bool) -> None:
    """Fail with a diff where a command prints other than what is shown."""
    shown = [each.rstrip() for each in command.shown]
    if matches(shown, printed):
        return
    if is_measured and "simulate" not in command.line:
        plain = [unmeasured(each) for each in printed]
        if matches([unmeasured(each) for each in shown], plain):
            return
    diff = difflib.unified_diff(shown, printed, "shown", "printed", lineterm="")
    pytest.fail(f"$ {command.line}\n" + "\n".join(diff), pytrace=False)


def matches(shown: list[str], printed: list[str]) -> bool:
    """Whether this was printed, for some meaning of each `…`."""
    pattern = "".join(
        r"(?:.*\n)*?" if each == "…" else re.escape(each).replace("…", ".*") + r"\n"
        for each in shown
    )
    return re.fullmatch(pattern, "".join(f"{each}\n" for each in printed)) is not None


def unmeasured(line: str) -> str:
    """A line without what differs from run to run."""
    for pattern, replacement in MEASURED:
        line = re.sub(pattern, replacement, line)
    return line.rstrip()
