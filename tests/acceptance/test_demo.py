"""`make demo` does what it says, ends with pages one can open, and cleans up after itself."""

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import expect, sync_playwright

from ripieno.testing import control_rig
from tests.ui_rig import HEADLESS

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_S = 400
PATIENCE_MS = 60_000


def demo(home: Path, command: Path, *words: str) -> str:
    """What the demo prints, as it does without a terminal."""
    first, last = control_rig.tcp_ports()
    where = ["--home", str(home), "--anywhere", "--ports", f"{first}-{last}"]
    where += ["--command", str(command)]
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
def command(commands: Path) -> Path:
    return commands / "ripieno"


@pytest.fixture
def home(tmp_path: Path, command: Path) -> Iterator[Path]:
    folder = tmp_path / "demo"
    yield folder
    demo(folder, command, "stop")
    assert not folder.exists()
    _, left = psutil.wait_procs(processes_in(folder), timeout=60)
    assert not left


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes that have something to do with the folder."""
    found = []
    for each in psutil.process_iter(["cwd", "cmdline"]):
        words = [each.info["cwd"] or "", *(each.info["cmdline"] or ())]
        if any(str(folder) in word for word in words) and each.pid != psutil.Process().pid:
            found.append(each)
    return found


class Browser:
    """A browser without cookies of others, for which every name below localhost is this machine."""

    def __init__(self, url: str) -> None:
        """Open an address and follow where it leads, as long as that is on the same host."""
        self._host, self._port = urlsplit(url).netloc, urlsplit(url).port
        self._cookies: dict[str, str] = {}
        self.page = self.get(url)

    def get(self, url: str) -> str:
        """What is there. Raises: AssertionError if it is not."""
        for _ in range(5):
            parts = urlsplit(url)
            cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            server = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            server.request(
                "GET",
                f"{parts.path}?{parts.query}".removesuffix("?"),
                headers={"Host": self._host, "Cookie": cookies, "Connection": "close"},
            )
            answer = server.getresponse()
            for each in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = each.partition(";")[0].partition("=")
                self._cookies[name] = value
            body = answer.read().decode()
            server.close()
            if answer.status not in (302, 303, 307):
                assert answer.status == 200, f"{answer.status}: {body}"
                return body
            url = answer.headers["Location"]
        raise AssertionError(f"no end of it at {url}")


def asked(home: Path, command: Path, *words: str) -> str:
    """What a command prints, on the server of the demo."""
    environment = {**os.environ, "RIPIENO_HOME": str(home)}
    done = subprocess.run(
        [command, *words], env=environment, capture_output=True, text=True, timeout=LONGEST_S
    )
    assert done.returncode == 0, done.stderr
    printed: str = done.stdout
    return printed.strip()


def look_at_forecasts(link: str) -> None:
    """Follow the link that the demo ends with: it leads to forecasts, which go on coming."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=HEADLESS, args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        page = chromium.new_page()
        page.goto(link, timeout=PATIENCE_MS)
        dashboard = page.frame_locator("#application")
        largest = dashboard.get_by_role("region", name="Which will be largest?")
        expect(largest.get_by_role("row")).not_to_have_count(0)
        expect(dashboard.get_by_role("status").first).to_contain_text("Live")
        expect(dashboard.locator("#chosen canvas")).to_be_visible()
        before = largest.inner_text()
        expect(largest).not_to_have_text(before)
        page.goto(f"{page.url.partition('/deployments')[0]}/")
        expect(page.get_by_role("link", name="Tweetoscope").first).to_be_visible()
        expect(page.get_by_role("link", name="Brain atlas").first).to_be_visible()
        chromium.close()


@pytest.mark.long
def test_the_demo_rearranges_an_application_leaves_it_reachable_and_can_be_taken_down(
    home: Path, command: Path
) -> None:
    said = demo(home, command, "start", "--solo-s", "1")
    application = Browser(asked(home, command, "open", "ensemble", "--print"))
    assert "<title>Ensemble</title>" in application.page
    found: dict[str, Any] = json.loads(application.get("/score"))
    stayed = re.search(r"store +(\d+)  has noticed nothing", said)
    assert stayed and found["store"]["pid"] == int(stayed[1]), said
    replaced = re.search(r"page +(\d+) → (\d+)  ", said)
    assert replaced and found["page"]["pid"] == int(replaced[2]), said
    assert re.search(r"asked \d+ times through the door, and answered each time", said), said
    assert found["api"]["part"] == "tutti"
    # The last beats are kept, which on a slow machine are all from after the change.
    players = {each["by"] for each in found["beats"].values()}
    assert "tutti" in players <= {"solo", "tutti"}
    beats = [int(beat) for beat in found["beats"]]
    assert beats == list(range(beats[0], beats[-1] + 1)), "a beat was missed"

    opened = re.search(r"Open (http://\S+)", said)
    assert opened, said
    look_at_forecasts(opened[1])

    # Where its server was killed, another one is started, which takes it down as its own would.
    server = psutil.Process(json.loads((home / "server.json").read_text())["pid"])
    server.kill()
    server.wait(60)
    assert processes_in(home)
    demo(home, command, "stop")
    _, left = psutil.wait_procs(processes_in(home), timeout=60)
    assert not left
