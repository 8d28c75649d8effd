"""What the demo cannot be asked for, it refuses before it begins."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--command", "/nonexistent"], "demo: there is no program /nonexistent; name the ripieno"),
        (["--command", "/"], "demo: there is no program /; name the ripieno"),
        (["--ports", "80"], "demo: 80 are no ports; give them as FIRST-LAST, from 1 to 65535"),
        (["--ports", "9-8"], "demo: 9-8 are no ports"),
        (["--solo-s", "nan"], "demo: nobody plays alone for nan s; give from 0 to 120"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    words: list[str], told: str, tmp_path: Path
) -> None:
    home = tmp_path / "demo"
    run = subprocess.run(
        [sys.executable, REPOSITORY / "examples/demo/demo.py", "--home", home, *words],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 2 and not run.stdout
    assert run.stderr.startswith(told) and len(run.stderr.splitlines()) == 1
    assert not home.exists()
