"""Commands that ask for a reconfiguration, over the real API: what they print, and exit codes."""

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ripieno.control.errors import Held, RevisionMismatch
from ripieno.control.views import ReconfigurationKind, ReconfigurationState, ReconfigurationView
from ripieno.plan.errors import PlanError
from tests.command_line import (
    FORECAST,
    CommandLine,
    ScriptedControl,
    Server,
    command_line,
    fails,
    went,
)
from tests.fake_control import NOW

MOST_S = 60.0


@pytest.fixture
def control() -> ScriptedControl:
    return ScriptedControl()


@pytest.fixture
def both(control: ScriptedControl, tmp_path: Path) -> Iterator[tuple[CommandLine, Server]]:
    with command_line(control, tmp_path) as made:
        yield made


@pytest.fixture
def ripieno(both: tuple[CommandLine, Server]) -> CommandLine:
    return both[0]


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    path = tmp_path / "hello.yaml"
    path.write_text("name: hello\nversion: 1.0.0\n", encoding="utf-8")
    return path


@pytest.fixture
def shop(ripieno: CommandLine, hello: Path) -> str:
    assert ripieno("deploy", hello, "--name", "shop", "--quiet").exit_code == 0
    return "shop"


def test_a_deployment_is_waited_for_and_its_addresses_are_told(
    ripieno: CommandLine, hello: Path
) -> None:
    shown = ripieno("deploy", hello, "--name", "shop")
    assert shown.exit_code == 0 and not shown.stderr
    assert shown.lines == [
        "shop: deploy r-1, 1 component, about 3.5 s",
        "    1.5 s  web  start done in 1.5 s",
        "      3 s  web  become_ready done in 1.5 s",
        "shop is up after 3 s (predicted 3.5 s)",
        "  web  http http://127.0.0.1:8080",
    ]


def test_what_is_sent_is_the_file_the_settings_and_the_folder_of_the_file(
    ripieno: CommandLine, hello: Path, control: ScriptedControl
) -> None:
    hello.write_text(hello.read_text(encoding="utf-8") + "files: []\n", encoding="utf-8")
    ripieno("deploy", hello, "--set", "colour=red", "--set", "note=a=b", "--configuration", "large")
    [source] = control.sources
    assert source.configuration == "large"
    assert source.document == hello.read_text(encoding="utf-8")
    assert source.settings == {"colour": "red", "note": "a=b"}
    assert source.directory == str(hello.parent)


def test_no_folder_is_sent_with_a_document_that_names_no_files(
    ripieno: CommandLine, hello: Path, control: ScriptedControl
) -> None:
    ripieno("deploy", hello)
    [source] = control.sources
    assert source.directory is None, "only administrators may send one"
    folder = ripieno("deploy", hello.parent)
    assert folder.exit_code == 2
    assert f"name the file in it, such as {hello.parent}/application.yaml" in folder.stderr


def test_a_published_application_is_deployed_by_name_and_version(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    assert ripieno("deploy", "web-shop", "--version", "1.2.0").exit_code == 0
    [source] = control.sources
    assert (source.application, source.version, source.document) == ("web-shop", "1.2.0", None)


def test_a_file_may_come_from_the_standard_input(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    assert ripieno("deploy", "-", given="name: hello\n").exit_code == 0
    assert control.sources[0].document == "name: hello\n"


def test_without_waiting_the_command_says_how_to_look(ripieno: CommandLine, hello: Path) -> None:
    shown = ripieno("deploy", hello, "--name", "shop", "--no-wait")
    assert shown.exit_code == 0
    assert shown.lines[0] == "shop: deploy r-1 is running"
    assert "ripieno status -w shop" in shown.stdout


def test_json_is_all_that_is_printed(ripieno: CommandLine, hello: Path) -> None:
    record = json.loads(ripieno("deploy", hello, "--name", "shop", "--json").stdout)
    assert record["deployment"]["name"] == "shop"
    assert record["reconfiguration"]["state"] == "completed"
    for words in (["scale", "shop", "web=3"], ["apply", "shop", "--set", "a=b"], ["stop", "shop"]):
        record = json.loads(ripieno(*words, "--json").stdout)
        assert record["state"] == "completed"
        assert json.loads(ripieno(*words, "--json", "--no-wait").stdout)["id"]


def test_quiet_prints_nothing_but_why_it_failed(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    shown = ripieno("restart", shop, "--quiet")
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", "")
    control.course = fails("the port is taken")
    shown = ripieno("restart", shop, "--quiet")
    assert shown.exit_code == 1 and not shown.stdout
    assert shown.stderr == "ripieno: shop: restart r-3 failed: web.start: the port is taken\n"


def test_a_failure_names_the_component_its_last_lines_and_what_to_do(
    ripieno: CommandLine, control: ScriptedControl, hello: Path
) -> None:
    control.course = fails("exit code 3")
    control.lines.clear()
    control.print("Traceback")
    control.print("KeyError: 'DB_URL'")
    shown = ripieno("deploy", hello, "--name", "shop")
    assert shown.exit_code == 1 and not shown.stderr
    expected = [
        "shop: deploy r-1 failed after 2 s",
        "  web.start: exit code 3",
        "  the last that web printed:",
        "    | Traceback",
        "    | KeyError: 'DB_URL'",
        "What next",
    ]
    assert shown.lines[-len(expected) - 4 : -4] == expected
    assert "ripieno logs shop web" in shown.stdout
    assert "ripieno remove shop" in shown.stdout


def test_the_rollback_of_a_failure_is_waited_for(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    back = control._ask(control.names[shop], ReconfigurationKind.ROLLBACK, "alice")
    control.course = fails("exit code 3", rollback=back.id)
    shown = ripieno("apply", shop, "--set", "a=b")
    assert shown.exit_code == 1
    assert "It went back to what it was, in 3 s." in shown.stdout
    assert "ripieno retry" not in shown.stdout


def test_what_comes_from_elsewhere_controls_no_terminal_and_is_no_markup(
    ripieno: CommandLine, control: ScriptedControl, hello: Path
) -> None:
    control.course = fails("[bold]\x1b]0;gotcha\x07 \u202e \r\nripieno: all is well")
    control.print("[red]\x1b[2J\x07[/red]")
    for columns in (40, 100):
        shown = ripieno("deploy", hello, "--name", f"shop-{columns}", columns=columns)
        text = "".join(shown.lines)
        assert "[red]" in text and "\\x07" in text and "[bold]" in text
        assert not set("\x1b\x07\u202e\r") & set(text)


@pytest.mark.parametrize("columns", [40, 80])
def test_no_line_for_people_is_wider_than_the_terminal(
    ripieno: CommandLine, control: ScriptedControl, shop: str, columns: int
) -> None:
    control.course = fails("a long story about a port that was taken by somebody else, " * 5)
    shown = ripieno("apply", shop, "--set", "a=b", columns=columns)
    # Lines of a log are not broken, nor are commands that may be copied.
    told = shown.lines[shown.lines.index("shop: apply r-2 failed after 2 s") :]
    assert max(len(line) for line in told if "ripieno" not in line) <= columns


def test_what_cannot_be_planned_exits_with_1_and_why(
    ripieno: CommandLine, control: ScriptedControl, hello: Path
) -> None:
    control.refuses = PlanError("web.store has no provider; add one")
    shown = ripieno("deploy", hello)
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr == "ripieno: web.store has no provider; add one\n"


def test_a_document_that_is_not_legal_exits_with_2_file_and_line(
    ripieno: CommandLine, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("components: {}\n", encoding="utf-8")
    shown = ripieno("deploy", bad)
    assert shown.exit_code == 2 and not shown.stdout
    assert shown.stderr == f"ripieno: {bad}:1: name: a document begins with a name\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["deploy", "missing.yaml"], "missing.yaml: cannot be read"),
        (["deploy", "./shop.yaml", "--version", "1.0.0"], "leave --version out"),
        (["deploy", "shop", "--set", "colour"], "write NAME=VALUE"),
        (["deploy", "shop", "--set", "a=1", "--set", "a=2"], "twice"),
        (["deploy", "Web Shop"], "application"),
        (["deploy", "shop", "--name", "My Shop"], "is no name"),
        (["scale", "shop", "web"], "write COMPONENT=NUMBER"),
        (["scale", "shop", "web=many"], "write COMPONENT=NUMBER"),
        (["scale", "shop", "web=99999999999"], "replicas"),
        (["apply", "shop", "--version", "1.0.0"], "name it"),
        (["plan", "a.yaml", "b.yaml", "--set", "a=b"], "--set"),
        (["plan", "a.yaml", "b.yaml", "--configuration", "a"], "--configuration"),
        (["deploy", "a", "--configuration", "A"], "configuration"),
        (["plan", "shop", "--phase", "deploy"], "--phase"),
    ],
)
def test_what_is_written_wrongly_exits_with_2_before_anything_is_asked(
    ripieno: CommandLine, control: ScriptedControl, words: list[str], told: str
) -> None:
    shown = ripieno(*words)
    assert shown.exit_code == 2 and not shown.stdout
    assert shown.stderr.startswith("ripieno: ") and told in shown.stderr
    assert shown.stderr.count("\n") == 1 and not control.names


def test_exit_codes_tell_apart_what_scripts_have_to_tell_apart(
    ripieno: CommandLine, control: ScriptedControl, shop: str, hello: Path
) -> None:
    assert ripieno("stop", "nope").exit_code == 3
    control.error = None
    held = Held("shop is held by r-7; wait for it")
    for error, code in ((held, 4), (RevisionMismatch("it has changed"), 4)):
        control.refuses = error
        shown = ripieno("apply", shop, "--set", "a=b")
        assert shown.exit_code == code and str(error) in shown.stderr
    control.refuses = None
    assert ripieno("deploy", hello, "--name", shop).exit_code == 4
    ripieno.environment["RIPIENO_TOKEN"] = "another"
    shown = ripieno("stop", shop)
    assert shown.exit_code == 6 and "RIPIENO_TOKEN" in shown.stderr
    ripieno.environment["RIPIENO_URL"] = "http://127.0.0.1:9"
    shown = ripieno("stop", shop)
    assert shown.exit_code == 5 and "127.0.0.1:9" in shown.stderr


def test_what_was_planned_is_what_is_applied_or_nothing(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    ripieno("apply", shop, "--set", "a=b")
    assert control.revisions == [1]
    ripieno("apply", shop, "--set", "a=c", "--queue")
    assert control.revisions == [1, None]


def test_a_refused_reconfiguration_exits_with_1(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    def refused(asked: ReconfigurationView) -> list[ReconfigurationView]:
        state = ReconfigurationState.REFUSED
        return [replace(asked, state=state, reason="db is gone", started_at=None, ended_at=NOW)]

    control.course = refused
    shown = ripieno("stop", shop, "--queue")
    assert shown.exit_code == 1
    assert "shop: stop r-2 was refused" in shown.stdout and "db is gone" in shown.stdout


def test_cancelling_is_well_when_it_is_cancelled_and_not_when_it_came_too_late(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    control.course = lambda asked: []
    control._ask(control.names[shop], ReconfigurationKind.APPLY, "alice")
    shown = ripieno("cancel", "r-2")
    assert shown.exit_code == 0 and "was cancelled" in shown.stdout
    assert ripieno("cancel", "r-2").exit_code == 4
    shown = ripieno("pause", shop)
    assert shown.exit_code == 4 and "nothing is going on" in shown.stderr


def test_a_reconfiguration_is_paused_and_resumed_by_its_deployment(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    control.course = lambda asked: []
    asked = control._ask(control.names[shop], ReconfigurationKind.APPLY, "alice")
    control.names[shop] = replace(control.names[shop], reconfiguration=asked.id)
    assert ripieno("pause", shop).stdout == f"apply {asked.id} is paused\n"
    assert json.loads(ripieno("resume", shop, "--json").stdout)["state"] == "running"


def test_waiting_goes_on_when_the_server_is_started_again(
    both: tuple[CommandLine, Server], control: ScriptedControl, hello: Path
) -> None:
    ripieno, server = both
    control.course = lambda asked: []
    waiting = ripieno.process("deploy", hello, "--name", "shop")
    try:
        until(lambda: control.looks >= 2)
        server.stop()
        time.sleep(1.2)  # so that it is missed
        control.steps["r-1"] = [
            replace(
                control.asked["r-1"],
                state=ReconfigurationState.COMPLETED,
                ended_at=NOW,
                forecast=FORECAST,
                timeline=(went("start", end_s=1.0),),
            )
        ]
        server.start()
        stdout, stderr = waiting.communicate(timeout=MOST_S)
    finally:
        waiting.kill()
    assert waiting.returncode == 0, stderr
    assert "(trying again)" in stdout and "shop is up" in stdout


def test_an_interrupt_leaves_the_reconfiguration_alone_and_says_so(
    ripieno: CommandLine, control: ScriptedControl, hello: Path
) -> None:
    control.course = lambda asked: []
    waiting = ripieno.process("deploy", hello, "--name", "shop")
    try:
        until(lambda: control.looks >= 2)
        waiting.send_signal(signal.SIGINT)
        _, stderr = waiting.communicate(timeout=MOST_S)
    finally:
        waiting.kill()
    assert waiting.returncode == 130
    assert stderr.splitlines()[1:] == [
        "deploy r-1 goes on without this command.",
        "  ripieno status -w shop",
        "  ripieno cancel r-1",
    ]
    assert control.asked["r-1"].state is ReconfigurationState.RUNNING


def until(holds: object) -> None:
    """Wait until it holds; another process is what is waited for."""
    assert callable(holds)
    give_up_at = time.monotonic() + MOST_S
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def test_a_deployment_is_made_as_it_was_before(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    assert ripieno("apply", shop, "--back-to", "r-1", "--yes", "--quiet").exit_code == 0
    assert control.changes[-1].returns_to == "r-1"
    assert control.changes[-1].source is None
