"""The commands as people and scripts call them: what is printed, and the exit code."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.command_line import CommandLine

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLES = REPOSITORY / "examples"
SHOP = EXAMPLES / "web-shop.yaml"
SVG = "{http://www.w3.org/2000/svg}"
COMMAND = [sys.executable, "-c", "from ripieno.cli.main import run; run()"]
"""The command in a process of its own."""

STUCK = """
id: stuck
component_types:
  Server:
    initial: off
    places: [off, up]
    transitions:
      start: {from: off, to: up, behavior: start, duration: 1}
    ports:
      needs: {kind: use, on: start}
phases:
- name: deploy
  program:
  - [add, a, Server]
  - [push, a, start]
  - [wait_all]
"""


ripieno = CommandLine({"PATH": ""})


def test_a_case_that_completes_exits_with_0_and_shows_its_timeline() -> None:
    shown = ripieno("simulate", SHOP)
    assert shown.exit_code == 0 and not shown.stderr
    for words in (
        "deploy  completes in 20 s",
        "Critical path",
        "database",
        "waiting for a provider",
    ):
        assert words in shown.stdout


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    shown = ripieno("simulate", SHOP, columns=columns)
    assert max(map(len, shown.stdout.splitlines())) <= columns


def test_json_is_a_list_of_cases_with_the_fields_that_are_promised() -> None:
    shown = ripieno("simulate", SHOP, "--json")
    (case,) = json.loads(shown.stdout)
    assert case["id"] == "web-shop"
    deploy, update = case["phases"]
    assert deploy["outcome"] == "completes" and deploy["makespan"] == 20
    assert deploy["timeline"]["cache.start"] == [[0, 4]]
    assert deploy["final"]["web"] == ["running"]
    assert deploy["critical_path"][0] == "database.pull"
    assert deploy["reason"] is None
    assert update["name"] == "update"


def test_one_phase_is_shown_when_asked_for_and_the_others_run_all_the_same() -> None:
    (case,) = json.loads(ripieno("simulate", SHOP, "--json", "--phase", "update").stdout)
    assert [phase["name"] for phase in case["phases"]] == ["update"]
    assert case["phases"][0]["makespan"] == 25


def test_a_deadlock_exits_with_1_and_says_what_is_missing() -> None:
    shown = ripieno("simulate", "-", given=STUCK)
    assert shown.exit_code == 1
    assert "a.needs has no provider" in shown.stdout
    assert "deadlock" in shown.stdout


def test_a_refused_case_has_one_phase_that_is_rejected() -> None:
    refused = STUCK.replace("[push, a, start]", "[push, zzz, start]")
    shown = ripieno("simulate", "-", "--json", given=refused)
    assert shown.exit_code == 1
    (case,) = json.loads(shown.stdout)
    (phase,) = case["phases"]
    assert phase["outcome"] == "rejected" and phase["makespan"] is None
    assert "no such component: zzz" in phase["reason"]


BAD_INPUT = {
    "not YAML": "a: [b",
    "empty": "",
    "a text": "hello",
    "a bomb": "a: &a [x, x]\n"
    + "".join(
        f"{name}: &{name} [{', '.join(['*' + below] * 9)}]\n"
        for below, name in zip("abcdefghijkl", "bcdefghijklm", strict=True)
    ),
    "too deep": "[" * 100_000,
    "a tag": "!!python/object/apply:os.system ['true']",
}


@pytest.mark.parametrize("content", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_what_cannot_be_read_exits_with_2_and_one_screen(content: str) -> None:
    shown = ripieno("simulate", "-", given=content)
    assert shown.exit_code == 2 and not shown.stdout
    assert "Traceback" not in shown.stderr
    assert shown.stderr.startswith("ripieno: ") and len(shown.stderr) < 2_000


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("duration: 1", "duration: -1"), "-1"),
        (("places: [off, up]", "places: [off, up, up]"), "'up'"),
        (("places: [off, up]", "places: [off, up]\n    groups: {g: [h], h: [g]}"), "g -> h -> g"),
        (("initial: off", "inital: off"), "did you mean 'initial'"),
    ],
)
def test_an_illegal_model_is_rejected_by_name(change: tuple[str, str], told: str) -> None:
    shown = ripieno("simulate", "-", given=STUCK.replace(*change), columns=300)
    assert shown.exit_code == 1
    assert told in shown.stdout and "Traceback" not in shown.stdout + shown.stderr


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    shown = ripieno("simulate", large)
    assert shown.exit_code == 2 and "too many" in shown.stderr


@pytest.mark.parametrize("what", ["missing.yaml", "."])
def test_a_file_that_is_not_there_is_named(what: str, tmp_path: Path) -> None:
    shown = ripieno("simulate", tmp_path / what)
    assert shown.exit_code == 2 and str(tmp_path) in shown.stderr


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("duration: 1", "duration: 1e300"), "1e+12"),
        (("[wait_all]", "[wait_all, {deadline_s: 1e300}]"), "1e+12"),
        (("phases:", "phases:\n- name: deploy\n  program: [[wait_all]]"), "another phase 'deploy'"),
        (("phases:", "components:"), "ripieno plan"),
    ],
)
def test_what_cannot_be_told_apart_or_counted_is_rejected(
    change: tuple[str, str], told: str
) -> None:
    shown = ripieno("simulate", "-", given=STUCK.replace(*change), columns=300)
    assert shown.exit_code == 1 and told in shown.stdout


def test_two_cases_of_one_id_are_refused() -> None:
    case = "- " + STUCK.strip().replace("\n", "\n  ")
    shown = ripieno("simulate", "-", given=f"{case}\n{case}\n")
    assert shown.exit_code == 2 and "another case 'stuck'" in shown.stderr


def test_a_chart_never_replaces_the_case_file(tmp_path: Path) -> None:
    case = tmp_path / "case.yaml"
    case.write_text(STUCK, encoding="utf-8")
    shown = ripieno("simulate", case, "--gantt", case)
    assert shown.exit_code == 2 and case.read_text(encoding="utf-8") == STUCK


def test_a_phase_that_is_not_there_is_refused_with_those_that_are() -> None:
    shown = ripieno("simulate", SHOP, "--phase", "nope")
    assert shown.exit_code == 2 and "deploy, update" in shown.stderr


def test_the_gantt_chart_has_a_lane_for_each_component_and_marks_what_is_critical(
    tmp_path: Path,
) -> None:
    drawn = tmp_path / "shop.svg"
    assert ripieno("simulate", SHOP, "--gantt", drawn).exit_code == 0
    svg = ElementTree.parse(drawn).getroot()
    texts = {text.text for text in svg.iter(f"{SVG}text")}
    assert {"web", "api", "database", "cache", "mailer", "deploy", "update"} <= texts
    critical = [each for each in svg.iter(f"{SVG}rect") if "critical" in each.get("class", "")]
    assert len(critical) >= 8
    titles = {title.text for title in svg.iter(f"{SVG}title")}
    assert "database: migrate, running, 3 to 17 s" in titles
    assert "prefers-color-scheme: dark" in "".join(
        each.text or "" for each in svg.iter(f"{SVG}style")
    )


def test_hostile_names_stay_text_everywhere(tmp_path: Path) -> None:
    hostile = STUCK.replace("a, Server", "'[red]</text><script>]]>', Server").replace(
        "[push, a,", "[push, '[red]</text><script>]]>',"
    )
    drawn = tmp_path / "hostile.svg"
    shown = ripieno("simulate", "-", "--gantt", drawn, given=hostile, columns=200)
    assert shown.exit_code == 1
    assert "[red]</text><script>" in shown.stdout
    assert not list(ElementTree.parse(drawn).getroot().iter(f"{SVG}script"))


def test_a_chart_that_cannot_be_written_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    shown = ripieno("simulate", SHOP, "--gantt", tmp_path / "no" / "such" / "folder.svg")
    assert shown.exit_code == 2 and "folder.svg" in shown.stderr


def test_what_takes_no_time_at_all_can_be_shown(tmp_path: Path) -> None:
    instant = STUCK.replace("duration: 1", "duration: 0").replace(
        "needs: {kind: use, on: start}", "gives: {kind: provide, on: up}"
    )
    shown = ripieno("simulate", "-", "--gantt", tmp_path / "instant.svg", given=instant)
    assert shown.exit_code == 0 and "completes in 0 s" in shown.stdout


def test_a_plan_is_shown_as_a_diff_with_reasons_and_times() -> None:
    plans = EXAMPLES / "plans"
    shown = ripieno("plan", plans / "database.yaml", plans / "database-goal.yaml")
    assert shown.exit_code == 0
    for words in (
        "4 to change, 1 untouched",
        "~ db (Database)",
        "because it uses api.serves, which stop withdraws",
        "Critical path: db.stop → db.migrate → db.start",
    ):
        assert words in shown.stdout


def test_a_plan_as_json_has_the_partial_order_and_the_forecast() -> None:
    plans = EXAMPLES / "plans"
    shown = ripieno("plan", plans / "sed-tree.yaml", plans / "sed-tree-goal.yaml", "--json")
    record = json.loads(shown.stdout)
    assert record["makespan"] == 2.5 and not record["empty"]
    assert ["rebind", "la2.parent_service", "ma1.service"] in record["program"]["instructions"]
    assert record["forecast"]["final"]["la1"] == "absent"


def test_a_plan_may_begin_where_a_case_ends(tmp_path: Path) -> None:
    goal = tmp_path / "goal.yaml"
    names = {"database": "Database", "cache": "Cache", "api": "Api", "web": "WebFront"}
    kept = "".join(f"  {name}: {kind}\n" for name, kind in names.items())
    goal.write_text(f"components:\n{kept}", encoding="utf-8")
    shown = ripieno("plan", SHOP, goal, "--phase", "deploy")
    assert shown.exit_code == 0 and "- mailer (Mailer)  from running" in shown.stdout


def test_nothing_to_do_is_said_and_is_no_error() -> None:
    current = EXAMPLES / "plans" / "database.yaml"
    shown = ripieno("plan", current, current)
    assert shown.exit_code == 0 and "Nothing to do" in shown.stdout


def test_no_plan_exits_with_1_and_the_reason(tmp_path: Path) -> None:
    goal = tmp_path / "goal.yaml"
    text = (EXAMPLES / "plans" / "database-goal.yaml").read_text(encoding="utf-8")
    goal.write_text(text.replace("run: [stop, update], state: running", "state: absent"))
    shown = ripieno("plan", EXAMPLES / "plans" / "database.yaml", goal)
    assert shown.exit_code == 1 and not shown.stdout
    assert "db" in shown.stderr and "Traceback" not in shown.stderr


def test_the_version_and_the_help_are_told() -> None:
    assert ripieno("--version").stdout == "ripieno 0.1.0\n"
    assert "simulate" in ripieno("--help").stdout
    assert "Example: ripieno simulate" in ripieno("simulate", "--help").stdout


def test_an_output_that_is_full_or_of_another_encoding_gives_no_traceback() -> None:
    environment = {"PATH": "", "PYTHONIOENCODING": "ascii"}
    ascii_only = subprocess.run(
        [*COMMAND, "simulate", SHOP], capture_output=True, env=environment, timeout=60, check=False
    )
    assert ascii_only.returncode == 0 and ascii_only.stdout.isascii()
    with Path("/dev/full").open("wb") as full:
        nowhere = subprocess.run(
            [*COMMAND, "simulate", SHOP],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert nowhere.returncode == 2 and b"Traceback" not in nowhere.stderr


def test_an_endless_file_is_read_no_further_than_the_limit() -> None:
    shown = ripieno("simulate", "/dev/zero")
    assert shown.exit_code == 2 and "at most" in shown.stderr


def test_a_device_is_written_to_and_not_replaced() -> None:
    words = ["simulate", str(SHOP), "--phase", "deploy", "--gantt", "/dev/stdout"]
    shown = subprocess.run([*COMMAND, *words], capture_output=True, timeout=60, check=False)
    assert shown.returncode == 0 and shown.stdout.startswith(b"<svg ")
    assert Path("/dev/stdout").is_symlink()
