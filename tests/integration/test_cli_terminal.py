"""Commands on a terminal: questions, and pictures that are drawn anew."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ripieno.control.views import DeploymentState, ReconfigurationState
from tests.command_line import (
    FORECAST,
    CommandLine,
    ScriptedControl,
    command_line,
    went,
)

CTRL_C = "\x03"


@pytest.fixture
def control() -> ScriptedControl:
    return ScriptedControl()


@pytest.fixture
def ripieno(control: ScriptedControl, tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(control, tmp_path) as (made, _):
        yield made


@pytest.fixture
def shop(ripieno: CommandLine) -> str:
    assert ripieno("deploy", "web-shop", "--name", "shop", "--quiet").exit_code == 0
    return "shop"


def test_the_picture_gives_way_to_how_it_ended(ripieno: CommandLine) -> None:
    with ripieno.terminal("deploy", "web-shop", "--name", "shop") as terminal:
        assert terminal.end() == 0
    assert "▸ web" in terminal.text and "of about 3.5 s" in terminal.text
    assert terminal.text.splitlines()[-2] == "shop is up after 3 s (predicted 3.5 s)"


@pytest.mark.parametrize("columns", [40, 80])
def test_ctrl_c_on_a_terminal_detaches(
    ripieno: CommandLine, control: ScriptedControl, columns: int
) -> None:
    control.course = lambda asked: [
        replace(asked, forecast=FORECAST, timeline=(went("start", end_s=None),))
    ]
    with ripieno.terminal("deploy", "web-shop", "--name", "shop", columns=columns) as terminal:
        terminal.until("▸ web")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    assert "deploy r-1 goes on without this command." in terminal.text
    assert terminal.seen.count(b"\x1b[?25l") == terminal.seen.count(b"\x1b[?25h")
    assert control.asked["r-1"].state is ReconfigurationState.RUNNING


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), (CTRL_C, 1)])
def test_removing_asks_first(
    ripieno: CommandLine, control: ScriptedControl, shop: str, answer: str, code: int
) -> None:
    with ripieno.terminal("remove", shop) as terminal:
        terminal.until("[y/N]")
        if answer == CTRL_C:
            assert terminal.interrupt() == code
        else:
            terminal.type(answer)
            assert terminal.end() == code
    assert (shop in control.names) == (code != 0)


def test_nobody_is_asked_who_is_sure(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    with ripieno.terminal("remove", shop, "--yes") as terminal:
        assert terminal.end() == 0
    assert "[y/N]" not in terminal.text and not control.names


def test_the_key_of_a_host_is_shown_and_asked_about(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    words = ("host", "add", "node-1", "node-1.example.org", "--directory", "/srv/ripieno")
    with ripieno.terminal(*words) as terminal:
        terminal.until("Is that its key?")
        terminal.type("n\n")
        assert terminal.end() == 1
    assert "SHA256:abc" in terminal.text and not control.machines
    with ripieno.terminal(*words) as terminal:
        terminal.until("Is that its key?")
        terminal.type("y\n")
        assert terminal.end() == 0
    assert control.machines["node-1"].fingerprint == "SHA256:abc"


def test_a_secret_is_typed_twice_and_not_shown(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    with ripieno.terminal("secret", "set", "password") as terminal:
        terminal.until("Value of password: ")  # from there on nothing is echoed
        terminal.type("correct horse\n")
        terminal.until("Repeat for confirmation: ")
        terminal.type("correct horse\n")
        assert terminal.end() == 0
    assert control.values == {"password": "correct horse"} and "horse" not in terminal.text


def test_a_status_is_watched_in_place_until_ctrl_c(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    with ripieno.terminal("status", "-w", shop) as terminal:
        terminal.until("running")
        control.names[shop] = replace(control.names[shop], state=DeploymentState.DEGRADED)
        terminal.until("degraded")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    assert "Traceback" not in terminal.text
