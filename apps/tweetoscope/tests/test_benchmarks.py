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
