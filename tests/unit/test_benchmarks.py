"""The benchmarks run, on sizes so small that their figures mean nothing."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import REPOSITORY

SCRIPTS = sorted(
    path for path in (REPOSITORY / "benchmarks").glob("*.py") if path.name != "measure.py"
)


@pytest.mark.long
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_benchmark_prints_its_figures_as_json(script: Path) -> None:
    run = subprocess.run(
        [sys.executable, script, "--quick", "--json"], capture_output=True, text=True, timeout=180
    )
    assert run.returncode == 0, run.stderr
    printed = json.loads(run.stdout)
    assert printed["machine"]["python"]
    assert printed["results"]
    for result in printed["results"]:
        assert set(result) == {"name", "value", "unit", "better", "budget", "runs"}
        assert result["better"] in ("lower", "higher")
        assert result["value"] >= 0
        assert result["runs"]


def test_a_benchmark_that_is_asked_to_end_ends_what_it_started() -> None:
    script = """
import subprocess
from measure import main

def measured(extent):
    other = subprocess.Popen(["sleep", "600"])
    try:
        print(other.pid, flush=True)
        other.wait()
    finally:
        other.kill()
        other.wait()
    yield

main("Some", measured)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=REPOSITORY / "benchmarks",
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        other = int(next(line for line in run.stdout if line.strip().isdecimal()))
        run.terminate()
        assert run.wait(60) == 128 + signal.SIGTERM
    assert not psutil.pid_exists(other)


def test_benchmark_prints_a_table() -> None:
    script = """
from measure import Figure, main
main("Some", lambda extent: [Figure(name="one", unit="s", runs=(1.0, 3.0, 2.0), budget=2.5)])
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY / "benchmarks",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert "Median" in run.stdout
    (line,) = [each.split() for each in run.stdout.splitlines() if "one" in each.split()]
    assert "2" in line and "2.5" in " ".join(line)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "engine.py --runs 0",
            "engine.py: argument --runs: '0' cannot be; give a whole number from 1 to 1,000",
        ),
        ("chaos.py --kills -3", "argument --kills: '-3' cannot be; give a whole number from 1 to"),
        ("chaos.py --seed one", "argument --seed: 'one' cannot be; give a whole number from 0 to"),
        ("chaos.py --nonsense", "chaos.py: unrecognized arguments: --nonsense; see --help"),
        ("registry.py --only sqlite --database x", "registry.py: --database cannot be understood"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(words: str, told: str) -> None:
    script, *arguments = words.split()
    run = subprocess.run(
        [sys.executable, REPOSITORY / "benchmarks" / script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 2
    assert told in run.stderr and len(run.stderr.splitlines()) == 1
