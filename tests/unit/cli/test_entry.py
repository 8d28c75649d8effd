"""The command as a whole: what is loaded for it, its help, and names that are completed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ripieno.__main__ import ENTRIES
from ripieno.cli import main
from ripieno.cli.catalogue import Deferred

SERVER_ONLY = ("fastapi", "uvicorn", "sqlalchemy", "asyncssh", "alembic", "asyncpg")


def ripieno(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ripieno", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "COLUMNS": "80", **environment},
        check=False,
    )


def test_the_help_needs_no_subcommand_and_a_client_command_nothing_of_the_server() -> None:
    script = """
import json, sys
from ripieno.__main__ import ENTRIES
from ripieno.cli import main
group = main.group(ENTRIES)
before = sorted(sys.modules)
for name in group.commands:
    if name != "serve":
        group.commands[name].load()
print(json.dumps([before, sorted(sys.modules)]))
"""
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    before, after = json.loads(shown.stdout)
    assert not {"httpx", "ripieno.client", "ripieno.engine", "ripieno.wire"} & set(before)
    assert not {*SERVER_ONLY, "ripieno.bootstrap", "ripieno.control"} & set(after)


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES])
def test_every_subcommand_can_be_loaded_and_has_help_with_an_example(name: str) -> None:
    deferred = main.group(ENTRIES).commands[name]
    assert isinstance(deferred, Deferred)
    command = deferred.load()
    for each in getattr(command, "commands", {name: command}).values():
        assert each.help and "Example: " in each.help
        for parameter in each.params:
            assert getattr(parameter, "help", None) or parameter.metavar == "NAME", parameter.name


@pytest.mark.parametrize("words", [(), ("deploy",), ("app", "list")], ids=" ".join)
def test_the_help_names_no_type_beside_what_takes_no_value(words: tuple[str, ...]) -> None:
    told = ripieno(*words, "--help").stdout
    assert "--help" in told and "bool" not in told


def test_a_word_that_is_no_command_gets_a_suggestion() -> None:
    shown = ripieno("deplyo")
    assert shown.returncode == 2 and "deploy" in shown.stderr


def test_no_server_is_said_with_the_remedy(tmp_path: Path) -> None:
    shown = ripieno("status", RIPIENO_HOME=str(tmp_path))
    assert shown.returncode == 5 and not shown.stdout
    assert shown.stderr.startswith(f"ripieno: no server runs on {tmp_path}; start one with")


def test_completion_is_silent_when_no_server_answers(tmp_path: Path) -> None:
    completion = {
        "_RIPIENO_COMPLETE": "complete_bash",
        "COMP_WORDS": "ripieno status ",
        "COMP_CWORD": "2",
    }
    for environment in (
        {"RIPIENO_HOME": str(tmp_path)},
        {"RIPIENO_URL": "http://127.0.0.1:9", "RIPIENO_TOKEN": "t"},
    ):
        shown = ripieno(**completion, **environment)
        assert not shown.stdout.strip() and not shown.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--listen", "8642"], "HOST:PORT"),
        (["--listen", "127.0.0.1:99999"], "HOST:PORT"),
        (["--ports", "1"], "FIRST-LAST"),
        (["--ports", "9-3"], "smaller one first"),
    ],
)
def test_a_server_is_not_started_with_what_makes_no_sense(words: list[str], told: str) -> None:
    shown = ripieno("serve", *words)
    assert shown.returncode == 2 and told in shown.stderr and "Traceback" not in shown.stderr
