"""Commands that manage: applications, hosts, secrets, tokens, doctor, and failed transitions."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ripieno.control.host_views import Finding
from ripieno.control.requests import Decision
from ripieno.control.views import DeploymentState, LifeView
from tests.command_line import CommandLine, ScriptedControl, command_line
from tests.fake_control import WEB

APPLICATION = """
name: hello
version: 1.0.0
title: Hello
description: Says hello.
parameters:
  type: object
  required: [who]
  properties:
    who: {type: string, description: Who is greeted}
    times: {type: integer, minimum: 1, maximum: 9, default: 1}
    tone: {type: string, enum: [dry, warm], default: dry}
components:
  web: {type: service, command: [hello, "${parameters.who}"]}
"""


class DecidingControl(ScriptedControl):
    """A control whose component `web` has failed, and comes to rest when it is tried again."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions: list[tuple[str, str, Decision]] = []

    async def decide(
        self, deployment: str, component: str, transition: str, decision: Decision, *, caller: str
    ) -> None:
        self.decisions.append((component, transition, decision))
        if decision is not Decision.ABANDON:
            view = await self.deployment(deployment)
            self.names[view.name] = replace(view, components=(WEB,))


@pytest.fixture
def control() -> DecidingControl:
    return DecidingControl()


@pytest.fixture
def ripieno(control: DecidingControl, tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(control, tmp_path) as (made, _):
        yield made


@pytest.fixture
def failed(ripieno: CommandLine, control: DecidingControl) -> str:
    assert ripieno("deploy", "web-shop", "--name", "shop", "--quiet").exit_code == 0
    web = replace(WEB, status="failed", transitions=("start",), failure="exit code 1")
    control.names["shop"] = replace(control.names["shop"], components=(web,))
    return "shop"


def test_a_failed_transition_is_tried_again_without_being_named(
    ripieno: CommandLine, control: DecidingControl, failed: str
) -> None:
    shown = ripieno("retry", failed, "web")
    assert shown.exit_code == 0
    assert shown.lines == ["web.start is tried again", "web: ready"]
    assert control.decisions == [("web", "start", Decision.RETRY)]


def test_what_is_still_failed_exits_with_1(ripieno: CommandLine, failed: str) -> None:
    shown = ripieno("abandon", failed, "web", "start")
    assert shown.exit_code == 1 and "exit code 1" in shown.stdout
    assert ripieno("abandon", failed, "web", "start", "--no-wait").exit_code == 0


def test_a_decision_needs_something_that_has_failed(
    ripieno: CommandLine, control: DecidingControl, failed: str
) -> None:
    assert ripieno("retry", failed, "db").exit_code == 3
    web = replace(control.names[failed].components[0], transitions=("start", "warm"))
    control.names[failed] = replace(control.names[failed], components=(web,))
    shown = ripieno("retry", failed, "web")
    assert shown.exit_code == 2 and "start or warm" in shown.stderr
    assert ripieno("skip", failed, "web", "warm").exit_code == 0
    assert ripieno("retry", failed, "web").exit_code == 4


def test_applications_are_published_listed_and_shown(
    ripieno: CommandLine, control: DecidingControl, tmp_path: Path
) -> None:
    assert ripieno("app", "remove", "web-shop", "--yes").exit_code == 0
    assert "ripieno app register" in ripieno("app", "list").stdout
    file = tmp_path / "hello.yaml"
    file.write_text(APPLICATION.lstrip(), encoding="utf-8")
    shown = ripieno("app", "publish", file)
    assert shown.stdout == "hello 1.0.0 is published; bring it up with: ripieno deploy hello\n"
    assert ripieno("app", "list").lines[1].split()[:2] == ["hello", "1.0.0"]
    for columns in (40, 80):
        shown = ripieno("app", "show", "hello", columns=columns)
        assert max(map(len, shown.lines)) <= columns
    text = " ".join(ripieno("app", "show", "hello").stdout.split())
    for words in (
        "who string required Who is greeted",
        "times integer, 1 to 9 1",
        "dry | warm dry",
    ):
        assert words in text
    assert ripieno("app", "show", "hello", "--document").stdout.strip() == APPLICATION.strip()
    assert ripieno("app", "show", "hello", "--version", "9.9.9").exit_code == 3


def test_a_host_is_added_only_when_its_key_is_trusted(
    ripieno: CommandLine, control: DecidingControl
) -> None:
    words = ["host", "add", "node-1", "alice@node-1.example.org:2222", "--directory", "/srv/r"]
    shown = ripieno(*words)
    assert shown.exit_code == 2 and "--trust SHA256:abc" in shown.stderr
    assert not control.machines
    assert ripieno(*words, "--yes").exit_code == 0
    assert control.machines["node-1"].fingerprint == "SHA256:abc"
    assert ripieno(*words, "--trust", "SHA256:other").exit_code == 0
    assert control.machines["node-1"].fingerprint == "SHA256:other"
    assert control.machines["node-1"].address == "node-1.example.org"


@pytest.mark.parametrize(
    ("address", "told"),
    [("a b", "no address"), ("node:port", "no address"), ("node:99999", "port")],
)
def test_an_address_that_is_none_is_refused(ripieno: CommandLine, address: str, told: str) -> None:
    shown = ripieno("host", "add", "node-1", address, "--directory", "/srv/r")
    assert shown.exit_code == 2 and told in shown.stderr


def test_hosts_are_listed_checked_and_forgotten(
    ripieno: CommandLine, control: DecidingControl
) -> None:
    ripieno("host", "add", "node-1", "[::1]:22", "--directory", "/srv/r", "--yes")
    assert ripieno("host", "list").lines[1].split()[:3] == ["node-1", "connected", "::1"]
    assert ripieno("host", "check", "node-1").exit_code == 0
    told = Finding(subject="images", is_well=True, said="not run: it has no docker; install it")
    control.machines["node-1"] = replace(control.machines["node-1"], checks=(told,))
    shown = ripieno("host", "check", "node-1")
    assert shown.exit_code == 0 and f"images: {told.said}" in shown.stdout
    control.machines["node-1"] = replace(
        control.machines["node-1"], state="away", problem="no route\x1b[2J to it"
    )
    shown = ripieno("host", "check", "node-1")
    assert shown.exit_code == 1 and "no route\\x1b[2J to it" in shown.stdout
    for columns in (40, 80):
        assert max(map(len, ripieno("host", "list", columns=columns).lines)) <= columns
    assert ripieno("host", "remove", "node-1").exit_code == 0
    assert ripieno("host", "remove", "node-1").exit_code == 3


def test_a_secret_comes_from_the_standard_input_and_is_never_told(
    ripieno: CommandLine, control: DecidingControl
) -> None:
    assert "ripieno secret set NAME" in ripieno("secret", "list").stdout
    shown = ripieno("secret", "set", "store-password", given="correct horse\n")
    assert shown.exit_code == 0 and "horse" not in shown.stdout + shown.stderr
    assert control.values == {"store-password": "correct horse"}
    assert ripieno("secret", "set", "pem", given="a\nb\n\n").exit_code == 0
    assert control.values["pem"] == "a\nb\n"
    assert ripieno("secret", "list").lines == ["pem", "store-password"]
    assert ripieno("secret", "remove", "pem").exit_code == 0
    assert ripieno("secret", "remove", "pem").exit_code == 3
    assert json.loads(ripieno("secret", "list", "--json").stdout) == ["store-password"]


@pytest.mark.parametrize("given", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_a_secret_that_cannot_be_kept_is_refused(ripieno: CommandLine, given: bytes) -> None:
    shown = ripieno("secret", "set", "store-password", given=given)
    assert shown.exit_code == 2 and shown.stderr.startswith("ripieno: the value is")


def test_a_token_is_alone_on_the_standard_output(
    ripieno: CommandLine, control: DecidingControl
) -> None:
    shown = ripieno("token", "create", "ci", "--expires", "30d")
    assert shown.stdout == "rip_secret\n" and "ripieno token revoke t-1" in shown.stderr
    ttl = control.issued["t-1"].expires_at
    assert ttl is not None and (ttl - control.issued["t-1"].created_at).days == 30
    assert ripieno("token", "revoke", "t-1").exit_code == 0
    assert "revoked" in ripieno("token", "list").lines[1]
    assert ripieno("token", "create", "ci", "--expires", "soon").exit_code == 2


def test_the_doctor_tells_what_is_not_well_and_the_remedy(ripieno: CommandLine) -> None:
    shown = ripieno("doctor")
    assert shown.exit_code == 1
    assert "bad  clock" in shown.stdout and "set it" in shown.stdout
    assert any(
        not each["is_well"] for each in json.loads(ripieno("doctor", "--json").stdout)["items"]
    )
    ripieno.environment["RIPIENO_URL"] = "http://127.0.0.1:9"
    shown = ripieno("doctor")
    assert shown.exit_code == 5 and "bad  server" in shown.stdout


def test_a_life_is_shown_and_extended(ripieno: CommandLine, control: DecidingControl) -> None:
    assert ripieno("deploy", "web-shop", "--name", "shop", "--quiet").exit_code == 0
    assert ripieno("extend", "shop").exit_code == 4  # It has no end.
    for hours in ("-3", "0", "nan", "inf", "100000"):
        refused = ripieno("extend", "shop", f"--hours={hours}")
        assert refused.exit_code == 2
        assert "give a number above 0 and at most 87840" in refused.stderr

    def live(**changed: Any) -> list[str]:
        control.names["shop"] = replace(control.names["shop"], **changed)
        return ripieno("status", "shop").lines

    # So long that a slow machine makes no difference to what is shown.
    ahead = datetime.now(UTC) + timedelta(days=10, minutes=30)
    told = live(life=LifeView(idle_stop_min=30, ends_at=ahead))
    assert "it is stopped after 30 min 0 s without use" in told
    assert "its life time ends in 10 d 0 h" in told
    told = live(life=LifeView(idle_stop_min=30, idle_stop_at=ahead, ends_at=ahead, is_ending=True))
    assert "nobody uses it; it is stopped in 10 d 0 h unless somebody comes" in told
    assert "its life time ends in 10 d 0 h: ripieno extend shop --hours 1" in told
    shown = ripieno("extend", "shop", "--hours", "48")
    assert shown.lines == ["shop is stopped in 12 d 0 h, not earlier"]
    ends_at = json.loads(ripieno("extend", "shop", "--json").stdout)["ends_at"]
    assert datetime.fromisoformat(ends_at) == ahead + timedelta(hours=49)
    assert any(
        "nobody can tell" in each
        for each in live(life=LifeView(idle_stop_min=30, problem="nobody can tell"))
    )
    told = live(state=DeploymentState.STOPPED, life=LifeView(stopped_for="idle"))
    assert "stopped, idle" in told[0]
    assert "stopped, since nobody used it; a visit starts it" in told
    assert "stopped, idle" in ripieno("status").stdout
    told = live(life=LifeView(stopped_for="lifetime"))
    assert "stopped at the end of its life time; ripieno start shop" in told
