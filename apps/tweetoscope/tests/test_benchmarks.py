"""The benchmarks run, on sizes so small that their figures mean nothing.

That of accuracy is tried in `test_evaluation`, on real cascades.
"""

import json
import subprocess
import sys

import pytest

from apps.tweetoscope.tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "apps" / "tweetoscope" / "benchmarks"


@pytest.mark.long
@pytest.mark.parametrize(
    ("script", "figure"),
    [
        (["estimation.py"], "forecasts"),
        (["pipeline.py", "--tansu"], "collector, broker to broker"),
    ],
    ids=["estimation", "pipeline"],
)
def test_benchmark_prints_its_figures_as_json(script: list[str], figure: str) -> None:
    name, *options = script
    run = subprocess.run(
        [sys.executable, FOLDER / name, *options, "--quick", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    values = {each["name"]: each["value"] for each in json.loads(run.stdout)["results"]}
    assert values[figure] > 0.0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "pipeline.py --partitions 0",
            "pipeline.py: argument --partitions: '0' cannot be; give a whole number from 1 to",
        ),
        ("pipeline.py --seconds nan", "--seconds: 'nan' cannot be; give a number from 1 to"),
        ("pipeline.py --seconds=-1", "--seconds: '-1' cannot be; give a number from 1 to"),
        ("pipeline.py --minutes 0", "--minutes: '0' cannot be; give a number from 0.1 to"),
        ("pipeline.py --offered 0", "--offered: '0' cannot be; give a whole number from 1 to"),
        ("chaos.py --kills 0", "--kills: '0' cannot be; give a whole number from 1 to"),
        ("chaos.py --cascades 1", "--cascades: '1' cannot be; give a whole number from 10 to"),
        ("chaos.py --keep /dev/null", "--keep: /dev/null cannot be a folder (File exists)"),
        ("accuracy.py", "accuracy.py: the following arguments are required: --data"),
        ("accuracy.py --data /no/such.csv", "accuracy.py: /no/such.csv cannot be read"),
        ("accuracy.py --data x --windows 0", "--windows: '0' cannot be; give a number from 1 to"),
        ("accuracy.py --data x --folds 1", "--folds: '1' cannot be; give a whole number from 2 to"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(words: str, told: str) -> None:
    script, *arguments = words.split()
    run = subprocess.run(
        [sys.executable, FOLDER / script, *arguments], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 2
    assert told in run.stderr and len(run.stderr.splitlines()) == 1
