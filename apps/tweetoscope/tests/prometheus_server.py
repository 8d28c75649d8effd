"""A Prometheus as a process, with a configuration that is shipped, and what it found."""

import json
import math
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tweetoscope.testing.brokers import free_ports

WITHIN_S = 120.0
LOOK_S = 0.5
RIPIENO = "http://127.0.0.1:8642"
SHIPPED = Path(__file__).parents[1] / "observability"


class PrometheusAbsent(Exception):
    """It is not installed here."""


def program(name: str = "prometheus") -> str:
    """Where one of its programs is."""
    if (found := shutil.which(name)) is None:
        raise PrometheusAbsent(f"needs {name}: apt-get install prometheus")
    return found


class Prometheus:
    def __init__(self, url: str) -> None:
        self._url = url

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=WITHIN_S):
                return True
        except urllib.error.URLError:
            return False

    def values(self, query: str) -> list[float]:
        """The values of an expression now, one for each series; NaN is none."""
        found = self._ask("query", query=query)["result"]
        values = [float(each["value"][1]) for each in found]
        return [value for value in values if not math.isnan(value)]

    def series(self, query: str) -> list[dict[str, str]]:
        """The labels of all series of an expression now."""
        return [each["metric"] for each in self._ask("query", query=query)["result"]]

    def unwell(self) -> list[str]:
        """Rules that were not evaluated yet, or could not be."""
        rules = [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]
        assert rules, "there are none"
        return [
            f"{rule['name']} {rule.get('lastError', 'was not asked yet')}"
            for rule in rules
            if rule["health"] != "ok"
        ]

    def names(self, label: str) -> set[str]:
        """All values of a label."""
        return set(self._ask(f"label/{label}/values"))

    def until(self, is_so: Callable[[], bool], otherwise: Callable[[], str]) -> None:
        end = time.monotonic() + WITHIN_S
        while not is_so():
            assert time.monotonic() < end, otherwise()
            threading.Event().wait(LOOK_S)

    def _ask(self, what: str, **asked: str) -> Any:
        url = f"{self._url}/api/v1/{what}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(url, timeout=WITHIN_S) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{asked}: {error.read().decode()}") from error


@contextmanager
def prometheus_running(
    folder: Path, configuration: str, files: Mapping[str, str], *, ripieno: str = RIPIENO
) -> Iterator[Prometheus]:
    """Run it with a shipped configuration among other `files`; it only looks more often.

    `ripieno` is where the server is. Raises: PrometheusAbsent.
    """
    folder.mkdir()
    shipped = (SHIPPED / configuration).read_text(encoding="utf-8")
    often, count = re.subn(r"(scrape|refresh)_interval: \d+s", r"\1_interval: 1s", shipped)
    assert count, "it says no interval"
    (folder / configuration).write_text(often.replace(RIPIENO, ripieno), encoding="utf-8")
    shutil.copy(SHIPPED / "rules.yml", folder)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (port,) = free_ports(1)
    command = [
        program(),
        f"--config.file={folder / configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            prometheus = Prometheus(f"http://127.0.0.1:{port}")
            prometheus.until(prometheus.is_ready, (folder / "prometheus.log").read_text)
            yield prometheus
        finally:
            process.kill()
            process.wait()
