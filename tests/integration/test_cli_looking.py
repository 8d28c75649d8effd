"""Commands that look: status, logs, events, history, plans and charts, over the real API."""

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ripieno.cli import completing
from ripieno.control.views import (
    ComponentUsage,
    ComponentView,
    DeploymentState,
    MetricsView,
    ReconfigurationKind,
    ReplicaUsage,
    ReplicaView,
)
from tests.command_line import CommandLine, ScriptedControl, Server, command_line, fails
from tests.fake_control import NOW, WEB

MOST_S = 60.0
HOSTILE = "x\x1b[31m[bold]\u202e\x07"


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
def shop(ripieno: CommandLine) -> str:
    assert ripieno("deploy", "web-shop", "--name", "shop", "--quiet").exit_code == 0
    return "shop"


def component(name: str, **changed: object) -> ComponentView:
    return replace(WEB, name=name, **changed)  # type: ignore[arg-type]


def test_without_deployments_the_status_says_how_to_begin(ripieno: CommandLine) -> None:
    assert "ripieno deploy FILE" in ripieno("status").stdout


def test_what_components_use_is_shown_and_printed_as_json(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    assert "look again in some seconds" in ripieno("top", shop).stdout
    control.used = MetricsView(
        interval_s=5.0,
        components=(
            ComponentUsage(
                component=f"web{HOSTILE}",
                at=(1.0, 2.0, 3.0),
                cpus=(None, 0.5, 1.0),
                memory_bytes=(2.0**20, 2.0**20, 3.5 * 2**20),
                requests_per_s=(None, None, 12.0),
                replicas=(ReplicaUsage(index=0, cpus=1.0, memory_bytes=1024, processes=3),),
            ),
        ),
    )
    shown = ripieno("top", shop)
    assert "1.00" in shown.stdout and "3.5 MiB" in shown.stdout and "12/s" in shown.stdout
    assert "\x1b[31m" not in shown.stdout
    told = json.loads(ripieno("top", shop, "--json").stdout)
    assert told["components"][0]["cpus"] == [None, 0.5, 1.0]


def test_deployments_are_listed_over_all_pages(ripieno: CommandLine, shop: str) -> None:
    for number in range(3):
        ripieno("deploy", "web-shop", "--name", f"other-{number}", "--quiet")
    shown = ripieno("status")
    assert [line.split()[0] for line in shown.lines[1:]] == ["other-0", "other-1", "other-2", shop]
    assert len(json.loads(ripieno("status", "--json").stdout)) == 4


@pytest.mark.parametrize("columns", [40, 59, 60, 80, 100])
def test_the_status_of_components_fits_any_terminal(
    ripieno: CommandLine, control: ScriptedControl, shop: str, columns: int
) -> None:
    control.names[shop] = replace(
        control.names[shop],
        state=DeploymentState.FAILED,
        configuration="large",
        reason=HOSTILE,
        components=(
            component("a-component-with-quite-a-long-name", failure=HOSTILE, status="failed"),
            component("db", places=("started",), transitions=("become_ready",), status="busy"),
            component("job", waiting_for="db.sql, which is not provided yet", places=("absent",)),
            component(
                "web",
                restarts=3,
                restart_at=datetime.now(UTC) + timedelta(seconds=8),
                lost=("db",),
                replicas=(
                    ReplicaView(
                        index=0,
                        host="node-1",
                        pid=None,
                        state="exited",
                        tcp_ports={},
                        exit_code=137,
                    ),
                ),
            ),
        ),
    )
    shown = ripieno("status", shop, columns=columns)
    assert shown.exit_code == 0 and max(map(len, shown.lines)) <= columns
    text = " ".join(shown.stdout.split())
    for words in (
        "failed",
        "as configured in large",
        "become_ready …",
        "waits: db.sql",
        "crashed 3 times",
        "code 137",
    ):
        assert words in text
    assert not set("\x1b\x07\u202e") & set(shown.stdout)


def test_a_deployment_that_is_not_there_exits_with_3(ripieno: CommandLine) -> None:
    for words in (["status"], ["history"], ["logs"], ["events"], ["gantt"], ["plan"]):
        shown = ripieno(*words, "nope")
        assert (shown.exit_code, shown.stdout) == (3, "")
        assert "nope" in shown.stderr and shown.stderr.count("\n") == 1


def test_watching_prints_again_what_has_changed(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    watching = ripieno.process("status", shop, "-w")
    assert watching.stdout is not None
    try:
        assert "running" in watching.stdout.readline()
        control.names[shop] = replace(control.names[shop], state=DeploymentState.DEGRADED)
        while "degraded" not in watching.stdout.readline():
            pass
        watching.send_signal(signal.SIGINT)
        assert watching.wait(MOST_S) == 130
    finally:
        watching.kill()
        watching.communicate()


def test_log_lines_tell_who_printed_them_and_are_made_harmless(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    for text in ("plain", "\x1b[32mgreen\x1b[0m\tand a tab", "bell \x07 [red]", "windows\r"):
        control.print(text)
    assert ripieno("logs", shop).lines == [
        "web | plain",
        "web | green   and a tab",
        "web | bell \\x07 [red]",
        "web | windows",
    ]
    assert ripieno("logs", shop, "--plain").lines[0] == "plain"
    records = [json.loads(line) for line in ripieno("logs", shop, "--json").lines]
    assert records[1]["text"] == "\x1b[32mgreen\x1b[0m\tand a tab"


def test_logs_are_followed_until_an_interrupt(
    both: tuple[CommandLine, Server], control: ScriptedControl, shop: str
) -> None:
    ripieno, server = both
    control.print("first")
    following = ripieno.process("logs", "-f", shop, "web")
    assert following.stdout is not None
    try:
        assert following.stdout.readline() == "web | first\n"
        server.tell(lambda: control.print("second"))
        assert following.stdout.readline() == "web | second\n"
        following.send_signal(signal.SIGINT)
        assert following.wait(MOST_S) == 130
    finally:
        following.kill()
        assert following.communicate()[1] == ""


@pytest.mark.parametrize("since", ["yesterday", "5", "5y", "2026-99-99"])
def test_a_time_that_is_none_exits_with_2(ripieno: CommandLine, since: str) -> None:
    shown = ripieno("logs", "shop", "--since", since)
    assert shown.exit_code == 2 and since in shown.stderr


def test_the_last_events_are_told_in_order_without_what_only_the_engine_needs(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    data = {
        "input": {"event": "X"},
        "facts": [],
        "transition": "start",
        "attempt": 2,
        "n": 0.123456,
    }
    control.record("transition.ended", deployment="d-1", component="web", data=data)
    control.record("component.note", deployment="d-1", data={"text": HOSTILE})
    [first, second] = ripieno("events", shop, "--tail", "2").lines
    assert first.endswith("  web  transition.ended  start, attempt 2, n 0.1235")
    assert "[bold]" in second and not set("\x1b\x07\u202e") & set(second)
    assert "  d-1  web  transition.ended" in ripieno("events").lines[-2]
    [last] = ripieno("events", shop, "-n", "1", "--json").lines
    assert json.loads(last)["kind"] == "component.note"


def test_that_there_are_no_events_of_a_kind_is_said(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    assert ripieno("events", "--kind", "nonsense").lines == ["Nothing of that kind has happened."]
    assert ripieno("events", "--kind", "nonsense", "--json").stdout == ""
    control.record("noted", deployment="d-1")
    assert ripieno("events", "--kind", "noted", "--tail", "0").stdout == ""


def test_events_go_on_after_one_that_is_known(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    control.record("noted", count=2500)
    records = [json.loads(line) for line in ripieno("events", "--after", "10", "--json").lines]
    assert [each["id"] for each in records] == list(range(11, 2501))


def test_events_are_followed(
    both: tuple[CommandLine, Server], control: ScriptedControl, shop: str
) -> None:
    ripieno, server = both

    def record(kind: str, **data: object) -> None:
        control.record(kind, data=data)

    record("wanted", transition="one")
    following = ripieno.process("events", "-f", "--tail", "1", "--kind", "wanted")
    assert following.stdout is not None
    try:
        assert following.stdout.readline().endswith("one\n")
        server.tell(lambda: record("unwanted"))
        server.tell(lambda: record("wanted", transition="two"))
        assert following.stdout.readline().endswith("two\n")
        following.send_signal(signal.SIGINT)
        assert following.wait(MOST_S) == 130
    finally:
        following.kill()
        assert following.communicate()[1] == ""


@pytest.mark.parametrize("columns", [40, 80])
def test_the_history_tells_what_was_asked_and_what_became_of_it(
    ripieno: CommandLine, control: ScriptedControl, shop: str, columns: int
) -> None:
    control.course = fails("the port is taken")
    ripieno("restart", shop)
    shown = ripieno("history", shop, columns=columns)
    assert max(map(len, shown.lines)) <= columns
    assert "restart" in shown.stdout and "failed" in shown.stdout
    assert "the port is taken" in " ".join(shown.stdout.split())
    assert len(json.loads(ripieno("history", shop, "-n", "1", "--json").stdout)) == 1


def test_plans_are_asked_for_deployments_and_for_application_files(
    ripieno: CommandLine, shop: str, tmp_path: Path
) -> None:
    file = tmp_path / "hello.yaml"
    file.write_text("name: hello\n", encoding="utf-8")
    for words in ([file], [shop], [shop, file], [shop, "web-shop"], [shop, "--set", "a=b"]):
        shown = ripieno("plan", *words)
        assert shown.exit_code == 0 and "Nothing to do" in shown.stdout
        assert json.loads(ripieno("plan", *words, "--json").stdout)["plan"]["empty"] is True


@pytest.mark.parametrize("columns", [40, 80])
def test_a_chart_has_what_happened_over_what_was_predicted(
    ripieno: CommandLine, shop: str, columns: int
) -> None:
    for word in (shop, "r-1"):
        shown = ripieno("gantt", word, columns=columns)
        assert shown.exit_code == 0 and max(map(len, shown.lines)) <= columns
        text = " ".join(shown.stdout.split())
        assert "shop: deploy r-1 completed, 3 s (predicted 3.5 s)" in text
        assert "web.become_ready: 1.5 s rather than 2.5 s" in text
        assert "predicted" in shown.stdout


def test_a_chart_is_drawn_as_svg_with_hostile_causes_as_text(
    ripieno: CommandLine, control: ScriptedControl, shop: str, tmp_path: Path
) -> None:
    control.course = fails("</title><script>alert(1)</script>\x00")
    ripieno("restart", shop)
    drawn = tmp_path / "shop.svg"
    assert ripieno("gantt", "r-2", "--svg", drawn).exit_code == 0
    root = ElementTree.parse(drawn).getroot()
    assert not [each for each in root.iter() if each.tag.endswith("script")]
    titles = [each.text for each in root.iter() if each.tag.endswith("title")]
    assert any("<script>" in (title or "") for title in titles)
    assert ripieno("gantt", "r-2", "--svg", "-").stdout == drawn.read_text(encoding="utf-8")


def test_a_chart_of_a_reconfiguration_that_never_began_says_so(
    ripieno: CommandLine, control: ScriptedControl, shop: str
) -> None:
    control.course = lambda asked: []
    asked = control._ask(control.names[shop], ReconfigurationKind.APPLY, "alice")
    control.asked[asked.id] = replace(asked, started_at=None, predicted_s=None, created_at=NOW)
    shown = ripieno("gantt", asked.id)
    assert shown.exit_code == 0 and "No transition was begun" in shown.stdout


def test_names_are_completed_from_the_server(
    ripieno: CommandLine, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completing, "PATIENCE_S", MOST_S)
    for words, expected in (("status s", shop), ("logs shop w", "web")):
        ripieno.environment |= {
            "_RIPIENO_COMPLETE": "complete_bash",
            "COMP_WORDS": f"ripieno {words}",
            "COMP_CWORD": str(len(words.split())),
        }
        assert ripieno().stdout.split() == [expected]
