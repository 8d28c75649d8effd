"""Commands about users, groups, tokens and the audit trail."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ripieno.model.access import ALL_SCOPES, Role, Scope
from tests.command_line import CommandLine, ScriptedControl, command_line

HELLO = """
name: hello
version: 1.0.0
components:
  web: {type: service, command: [sleep, '1']}
"""


@pytest.fixture
def control() -> ScriptedControl:
    return ScriptedControl()


@pytest.fixture
def ripieno(control: ScriptedControl, tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(control, tmp_path) as (made, _):
        yield made


def test_a_user_from_the_beginning_to_the_end(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    shown = ripieno("user", "add", "ada", "--role", "deployer", "--email", "ada@example.org")
    assert (shown.exit_code, shown.stdout) == (0, "user ada is a deployer\n")
    assert not control.people["ada"].has_password
    assert ripieno("user", "set", "ada", "--role", "publisher").stdout.startswith("ada  publisher")
    assert "disabled" in ripieno("user", "disable", "ada").stdout
    assert control.people["ada"].is_disabled
    assert "enabled" in ripieno("user", "enable", "ada").stdout
    assert ripieno("user", "password", "ada", given="correct horse\n").exit_code == 0
    assert control.passwords == {"ada": "correct horse"}
    shown = ripieno("user", "show", "ada")
    assert "e-mail: ada@example.org" in shown.stdout
    assert "signs in by: password" in shown.stdout
    assert ripieno("user", "password", "ada", "--remove").stdout == "ada has no password\n"
    listed = json.loads(ripieno("user", "list", "--json").stdout)
    assert [(each["name"], each["role"]) for each in listed] == [
        ("ada", "publisher"),
        ("alice", "admin"),
    ]
    assert "publisher" in ripieno("user", "list").stdout
    assert ripieno("user", "remove", "ada", "--to", "alice").exit_code == 0
    assert "ada" not in control.people
    shown = ripieno("user", "show", "ada")
    assert (shown.exit_code, "there is no user ada" in shown.stderr) == (3, True)


def test_a_password_comes_from_the_input_and_never_from_an_argument(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    shown = ripieno("user", "add", "ada", "--password", given="correct horse\n")
    assert shown.exit_code == 0
    assert control.passwords == {"ada": "correct horse"}
    assert "correct horse" not in shown.stdout + shown.stderr
    assert ripieno("user", "password", "ada", "another one").exit_code == 2
    assert ripieno("user", "password", "ada", given=b"\xff").exit_code == 2


def test_nothing_to_change_is_said_so(ripieno: CommandLine) -> None:
    shown = ripieno("user", "set", "alice")
    assert (shown.exit_code, "give --role" in shown.stderr) == (2, True)


def test_a_group_and_its_members(ripieno: CommandLine, control: ScriptedControl) -> None:
    assert "There are no groups. Make one with" in ripieno("group", "list").stdout
    for words in (
        ("user", "add", "ada"),
        ("group", "add", "neuro", "--description", "Brains"),
        ("group", "add-member", "neuro", "ada", "--manager"),
        ("group", "add-member", "neuro", "alice"),
    ):
        assert ripieno(*words).exit_code == 0
    assert ripieno("group", "show", "neuro").stdout == "group neuro: *ada alice\n  Brains\n"
    assert "*ada alice" in ripieno("group", "list").stdout
    assert ripieno("group", "remove-member", "neuro", "ada").exit_code == 0
    assert "Minds" in ripieno("group", "describe", "neuro", "Minds").stdout
    [group] = json.loads(ripieno("group", "list", "--json").stdout)
    assert [each["user"] for each in group["members"]] == ["alice"]
    assert ripieno("group", "remove", "neuro").exit_code == 0
    assert not control.circles
    assert ripieno("group", "add", "Neuro!").exit_code == 2


def test_a_token_has_scopes_and_an_end(ripieno: CommandLine, control: ScriptedControl) -> None:
    shown = ripieno(
        "token", "create", "ci", "--scope", "read", "--scope", "deploy", "--expires", "30d"
    )
    assert shown.stdout == "rip_secret\n"
    assert "token t-1 (ci) of alice for deploy read, until" in shown.stderr
    made = control.issued["t-1"]
    assert made.expires_at is not None
    assert (made.expires_at - made.created_at).days == 30
    control.admit("bob", Role.DEPLOYER)
    assert ripieno("token", "create", "robot", "--user", "bob").exit_code == 0
    assert control.issued["t-2"].scopes == ("deploy", "publish", "read")
    assert ripieno("token", "create", "x", "--scope", "all").exit_code == 2
    assert "good for nothing" in ripieno("token", "create", "x", "--expires", "0s").stderr
    listed = ripieno("token", "list", "--user", "bob").stdout
    assert "robot" in listed
    assert "ci " not in listed
    assert "never" in listed
    assert ripieno("token", "revoke", "t-2").exit_code == 0
    assert "revoked" in ripieno("token", "list").stdout


def test_quotas_are_set_and_shown_with_what_is_used(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    assert "There are no quotas" in ripieno("quota", "list").stdout
    shown = ripieno("quota", "set", "group:neuro", "--deployments", "3", "--cpus", "1.5")
    assert shown.lines[1].split() == ["group:neuro", "1", "of", "3", "0.5", "of", "1.5", "64"]
    assert control.limits["group:neuro"].memory_mib is None
    assert "group:neuro" in ripieno("quota", "list").stdout
    assert ripieno("quota", "set", "group:neuro").exit_code == 2
    assert ripieno("quota", "set", "neuro", "--cpus", "1").exit_code == 2
    assert ripieno("quota", "remove", "group:neuro").exit_code == 0
    assert ripieno("quota", "remove", "group:neuro").exit_code == 3


def test_who_asks(ripieno: CommandLine) -> None:
    shown = ripieno("whoami")
    assert shown.stdout.splitlines()[0] == "alice  admin  enabled"
    assert "scopes: read deploy publish admin" in shown.stdout
    assert json.loads(ripieno("whoami", "--json").stdout)["name"] == "alice"


def test_the_audit_trail_is_shown_and_searched(
    ripieno: CommandLine, control: ScriptedControl, tmp_path: Path
) -> None:
    reader = control.admit("bob", Role.DEPLOYER, scopes=ALL_SCOPES - {Scope.DEPLOY})
    file = tmp_path / "hello.yaml"
    file.write_text(HELLO)
    assert ripieno("app", "register", str(file)).exit_code == 0
    ripieno("user", "add", "ada")
    ripieno.environment["RIPIENO_TOKEN"] = reader
    refused = ripieno("deploy", "hello")
    assert refused.exit_code == 6, refused.stderr
    assert "has not the scope deploy" in refused.stderr
    assert ripieno("audit").exit_code == 6
    ripieno.environment["RIPIENO_TOKEN"] = "token-of-alice"
    lines = ripieno("audit", columns=240).lines
    assert ["alice" in lines[-3], "user.add" in lines[-3], "127.0.0.1" in lines[-3]] == [True] * 3
    assert "refused: bob may not do deployment.deploy of deployment hello" in lines[-2]
    assert "audit.read" in lines[-1]
    found = json.loads(ripieno("audit", "--user", "bob", "--result", "refused", "--json").stdout)
    assert [each["action"] for each in found] == ["deployment.deploy", "audit.read"]
    assert "user.add" in ripieno("audit", "--action", "user", columns=50).stdout
    assert ripieno("audit", "--since", "yesterday").exit_code == 2
