"""`make demo` does what it says, ends with a page one can open, and cleans up after itself."""

import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ripieno.testing import control_rig

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_S = 90


def demo(home: Path, *words: str) -> str:
    """What the demo prints, as it does without a terminal."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    first, last = control_rig.tcp_ports()
    where = ("--home", str(home), "--port", str(port), "--ports", f"{first}-{last}")
    done = subprocess.run(
        [sys.executable, REPOSITORY / "examples/demo/demo.py", *words, *where],
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "demo"
    yield folder
    demo(folder, "stop")
    assert not folder.exists()
    _, left = psutil.wait_procs(processes_in(folder), timeout=10)
    assert not left


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes that have something to do with the folder."""
    found = []
    for each in psutil.process_iter(["cwd", "cmdline"]):
        words = [each.info["cwd"] or "", *(each.info["cmdline"] or ())]
        if any(str(folder) in word for word in words) and each.pid != psutil.Process().pid:
            found.append(each)
    return found


def state(address: str) -> dict[str, Any]:
    """What the page's script is told."""
    with urllib.request.urlopen(f"{address}/score", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_the_demo_rearranges_a_running_application_and_leaves_it_reachable(home: Path) -> None:
    said = demo(home, "start", "--solo-s", "1")
    opened = re.search(r"^Open (http://\S+)$", said, re.MULTILINE)
    assert opened, said
    found = state(opened[1])
    stayed = re.search(r"store +(\d+)  has noticed nothing", said)
    assert stayed and found["store"]["pid"] == int(stayed[1]), said
    replaced = re.search(r"page +(\d+) → (\d+)  ", said)
    assert replaced and found["page"]["pid"] == int(replaced[2]), said
    assert re.search(r"asked \d+ times, and answered each time", said), said
    assert found["api"]["part"] == "tutti"
    assert {each["by"] for each in found["beats"].values()} == {"solo", "tutti"}
    beats = [int(beat) for beat in found["beats"]]
    assert beats == list(range(beats[0], beats[-1] + 1)), "a beat was missed"
    with urllib.request.urlopen(opened[1], timeout=10) as answer:
        assert b"<title>Ensemble</title>" in answer.read()


def test_a_demo_whose_server_was_killed_is_taken_down_by_the_next_one(home: Path) -> None:
    demo(home, "start", "--solo-s", "0.1")
    server = psutil.Process(json.loads((home / "server.json").read_text())["pid"])
    server.kill()
    server.wait(10)
    before = {each.pid for each in processes_in(home)}
    assert before
    demo(home, "start", "--solo-s", "0.1")
    assert not before & {each.pid for each in processes_in(home)}
