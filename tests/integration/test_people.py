"""Users, groups, tokens and the audit trail in a real control plane."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ripieno.control.callers import Callers
from ripieno.control.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NameInUse,
    NotFound,
    SignInRefused,
    Unauthenticated,
)
from ripieno.control.gate import Gate
from ripieno.control.service import Control
from ripieno.control.sessions import Origin
from ripieno.model.access import ALL_SCOPES, Role, Scope
from ripieno.model.bundle import Bundle
from ripieno.model.errors import ModelError
from ripieno.store.records import AuditQuery, AuditRecord
from ripieno.store.store import open_store
from ripieno.testing.control_rig import Rig, open_rig

FILES = ("admin.token", "admin.password")

SLEEPER = """\
name: sleeper
version: 1.0.0
components:
  nap:
    type: service
    command: [sleep, "600"]
"""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path / "home") as rig:
        yield rig


@pytest.fixture
async def control(rig: Rig) -> Control:
    for name, role in (("ada", Role.DEPLOYER), ("bob", Role.DEPLOYER), ("vic", Role.VIEWER)):
        await rig.control.add_user(name, role=role, caller="admin")
    return rig.control


async def gate_of(control: Control, user: str) -> Gate:
    return Gate(control, await control.caller_named(user))


async def lets_in(control: Control, user: str, password: str) -> bool:
    """Whether a user can sign in with a password, from an address of its own."""
    origin = Origin(address=f"2001:db8::{secrets.randbelow(9999)}")
    try:
        return (await control.sign_in(user, password, origin=origin)).session.caller.user == user
    except SignInRefused:
        return False


async def deeds(control: Control, **wanted: str) -> list[AuditRecord]:
    found, _ = await control.audit(AuditQuery(**wanted), after=None, limit=100)  # type: ignore[arg-type]  # a test's own words
    return list(found)


async def test_the_administrator_is_there_from_the_first_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with open_rig(home) as rig:
        token = (home / "admin.token").read_text().strip()
        password = (home / "admin.password").read_text().strip()
        assert all((home / name).stat().st_mode & 0o777 == 0o600 for name in FILES)
        caller = await rig.control.authenticate(token)
        assert (caller.user, caller.role, caller.scopes) == ("admin", Role.ADMIN, ALL_SCOPES)
        assert len(password) >= 20
        assert await lets_in(rig.control, "admin", password)
        assert not await lets_in(rig.control, "admin", password + "x")
        await rig.control.set_password("admin", "another password", caller="admin")
    (home / "admin.token").unlink()
    async with open_rig(home) as rig:
        again = (home / "admin.token").read_text().strip()
        assert again != token
        assert (await rig.control.authenticate(again)).user == "admin"
        assert (home / "admin.password").read_text().strip() == password
        assert await lets_in(rig.control, "admin", "another password")


async def test_callers_are_what_their_users_are_at_the_moment(control: Control) -> None:
    await control.add_group("neuro", caller="admin")
    _, text = await control.create_token(
        "laptop", 3600, scopes={Scope.READ, Scope.DEPLOY}, caller="ada"
    )
    caller = await control.authenticate(text)
    assert (caller.user, caller.role, caller.groups) == ("ada", Role.DEPLOYER, frozenset())
    assert caller.scopes == {Scope.READ, Scope.DEPLOY}
    await control.put_member("neuro", "ada", is_manager=False, caller="admin")
    await control.change_user("ada", role=Role.PUBLISHER, caller="admin")
    caller = await control.authenticate(text)
    assert (caller.role, caller.groups) == (Role.PUBLISHER, frozenset({"neuro"}))
    named = await control.caller_named("ada")
    assert (named.role, named.groups, named.scopes) == (caller.role, caller.groups, ALL_SCOPES)
    await control.remove_group("neuro", caller="admin")
    assert (await control.authenticate(text)).groups == frozenset()


async def test_who_is_disabled_or_revoked_is_stopped_at_once(control: Control) -> None:
    begun = (await control.user("ada")).created_at
    await control.caller_named("ada", since=begun)
    record, text = await control.create_token("laptop", None, scopes=ALL_SCOPES, caller="ada")
    await control.authenticate(text)
    await control.change_user("ada", is_disabled=True, caller="admin")
    with pytest.raises(Unauthenticated, match="ada is disabled"):
        await control.authenticate(text)
    with pytest.raises(Unauthenticated, match="disabled"):
        await control.caller_named("ada")
    await control.change_user("ada", is_disabled=False, caller="admin")
    await control.authenticate(text)
    with pytest.raises(Unauthenticated, match="signed out"):
        await control.caller_named("ada", since=begun)
    await control.revoke_token(record.id, caller="ada")
    with pytest.raises(Unauthenticated, match="revoked"):
        await control.authenticate(text)
    _, short = await control.create_token("short", 0, scopes=ALL_SCOPES, caller="ada")
    with pytest.raises(Unauthenticated, match="'short' has expired"):
        await control.authenticate(short)
    await control.remove_user("ada", caller="admin")
    with pytest.raises(Unauthenticated, match="not known"):
        await control.authenticate(text)
    with pytest.raises(Unauthenticated, match="no user 'ada'"):
        await control.caller_named("ada")


async def test_another_servers_change_is_seen_when_what_was_read_is_old(tmp_path: Path) -> None:
    async with open_rig(tmp_path / "home") as rig:
        url = f"sqlite:///{tmp_path / 'home' / 'ripieno.db'}"
        store = await open_store(url, tmp_path / "home" / "secrets.key")
        try:
            trusting = Callers(store, fresh_s=3600)
            doubting = Callers(store, fresh_s=-1)
            _, text = await rig.control.create_token(
                "ci", None, scopes={Scope.READ}, caller="admin"
            )
            for callers in (trusting, doubting):
                assert (await callers.by_token(text)).user == "admin"
            for each in await rig.control.tokens():
                await rig.control.revoke_token(each.id, caller="admin")
            assert (await trusting.by_token(text)).user == "admin"
            with pytest.raises(Unauthenticated):
                await doubting.by_token(text)
            trusting.forget()
            with pytest.raises(Unauthenticated):
                await trusting.by_token(text)
        finally:
            await store.close()


async def test_names_and_texts_of_users_are_checked(control: Control) -> None:
    for name in ("Ada", "a b", "", "a" * 64):
        with pytest.raises(ModelError):
            await control.add_user(name, role=Role.VIEWER, caller="admin")
    for name in ("everyone", "public", "me"):
        with pytest.raises(InvalidRequest, match="means something else"):
            await control.add_user(name, role=Role.VIEWER, caller="admin")
    with pytest.raises(NameInUse):
        await control.add_user("ada", role=Role.VIEWER, caller="admin")
    for wrong in ({"email": "ada"}, {"email": "a b@c"}, {"display_name": "a\x1b[0m"}):
        with pytest.raises(InvalidRequest):
            await control.change_user("ada", caller="admin", **wrong)  # type: ignore[arg-type]  # a test's own words
    with pytest.raises(InvalidRequest, match="to 1000 characters"):
        await control.set_password("ada", "short", caller="admin")
    with pytest.raises(NotFound):
        await control.set_password("eve", "a long enough one", caller="admin")


async def test_the_last_administrator_stays(control: Control) -> None:
    with pytest.raises(Conflict, match="only administrator"):
        await control.remove_user("admin", caller="admin")
    with pytest.raises(Conflict, match="only administrator"):
        await control.change_user("admin", role=Role.VIEWER, caller="admin")
    assert (await control.caller_named("admin")).is_admin


async def test_a_user_with_deployments_is_removed_only_if_another_gets_them(
    rig: Rig, control: Control
) -> None:
    made, _ = await rig.begin(SLEEPER, caller="ada")
    await rig.settled(made.id)
    application = Bundle(document=SLEEPER.replace("sleeper", "app"))
    await control.register(application, is_draft=False, visibility=None, caller="ada")
    with pytest.raises(Conflict, match=r"ada has deployments .*\(sleeper, app\).*--to USER"):
        await control.remove_user("ada", caller="admin")
    assert not (await control.user("ada")).is_disabled
    with pytest.raises(NotFound):
        await control.remove_user("ada", to="eve", caller="admin")
    with pytest.raises(InvalidRequest):
        await control.remove_user("ada", to="ada", caller="admin")
    await control.remove_user("ada", to="bob", caller="admin")
    view = await control.deployment("sleeper")
    assert (view.owner, view.state) == ("bob", "running")
    assert (await control.registered("app", None)).entry.owner == "bob"
    (given,) = await rig.events(made.id, "deployment.given")
    assert given.data == {"by": "admin", "to": "bob"}
    with pytest.raises(NotFound):
        await control.user("ada")


async def test_managers_say_who_is_in_their_group(control: Control) -> None:
    admin, ada, bob = [await gate_of(control, each) for each in ("admin", "ada", "bob")]
    await admin.add_group("neuro", description="Brains")
    await admin.put_member("neuro", "ada", is_manager=True)
    with pytest.raises(Forbidden):
        await bob.put_member("neuro", "bob")
    group = await ada.put_member("neuro", "bob")
    assert [(each.user, each.is_manager) for each in group.members] == [
        ("ada", True),
        ("bob", False),
    ]
    with pytest.raises(Forbidden):
        await bob.remove_member("neuro", "ada")
    with pytest.raises(Forbidden):
        await ada.remove_group("neuro")
    await ada.remove_member("neuro", "bob")
    with pytest.raises(NotFound):
        await ada.remove_member("neuro", "bob")
    assert (await bob.group("neuro")).managers == ("ada",)


async def test_users_have_their_own_tokens_with_no_more_scopes_than_they_ask_with(
    control: Control,
) -> None:
    ada = await gate_of(control, "ada")
    made, text = await ada.create_token("laptop", None)
    assert made.scopes == ("read", "deploy", "publish")
    by_token = Gate(control, await control.authenticate(text))
    with pytest.raises(Forbidden, match="has not the scope admin"):
        await by_token.create_token("more", None)
    _, text = await ada.create_token("own", None, scopes={Scope.READ, Scope.ADMIN})
    by_token = Gate(control, await control.authenticate(text))
    with pytest.raises(Forbidden, match=r"the scopes deploy cannot be made with own \(t-"):
        await by_token.create_token("more", None, scopes={Scope.DEPLOY})
    child, _ = await by_token.create_token("child", None, scopes={Scope.READ})
    assert {each.name for each in await by_token.tokens()} == {"laptop", "own", "child"}
    bob = await gate_of(control, "bob")
    assert await bob.tokens() == []
    for asked in (bob.tokens(user="ada"), bob.revoke_token(child.id)):
        with pytest.raises(Forbidden):
            await asked
    with pytest.raises(Forbidden):
        await bob.create_token("x", None, user="ada")
    admin = await gate_of(control, "admin")
    assert child.id in {each.id for each in await admin.tokens()}
    robots, _ = await admin.create_token("ci", 60, user="bob")
    assert robots.user == "bob"
    await admin.revoke_token(child.id)
    with pytest.raises(NotFound):
        await admin.revoke_token("t-none")


async def test_administrators_give_passwords_and_take_them(control: Control) -> None:
    ada, admin = await gate_of(control, "ada"), await gate_of(control, "admin")
    await admin.set_password("ada", "first password")
    assert await lets_in(control, "ada", "first password")
    begun = datetime.now(UTC)
    await admin.set_password("ada", "second password")
    assert not await lets_in(control, "ada", "first password")
    with pytest.raises(Unauthenticated, match="signed out"):
        await control.caller_named("ada", since=begun)
    with pytest.raises(Forbidden):
        await ada.set_password("ada", "third password")
    await admin.set_password("ada", None)
    assert not (await control.user("ada")).has_password
    assert not await lets_in(control, "ada", "second password")


async def test_the_audit_trail_tells_what_was_done_refused_and_failed(
    rig: Rig, control: Control
) -> None:
    admin = await gate_of(control, "admin")
    vic = await gate_of(control, "vic")
    await admin.add_user("eve", role=Role.VIEWER, password="correct horse battery")
    with pytest.raises(NameInUse):
        await admin.add_user("eve", role=Role.VIEWER)
    with pytest.raises(Forbidden):
        await vic.remove_user("eve")
    with pytest.raises(Forbidden):
        await vic.users(after=None, limit=10)
    found = [(each.user, each.action, each.result) for each in await deeds(control)]
    assert found == [
        ("vic", "user.list", "refused"),
        ("vic", "user.remove", "refused"),
        ("admin", "user.add", "failed"),
        ("admin", "user.add", "allowed"),
    ]
    (refused,) = await deeds(control, action="user.remove")
    assert (refused.thing, refused.via) == ("user eve", "session")
    assert "it takes the role admin, and theirs is viewer" in (refused.reason or "")
    (failed, done) = await deeds(control, thing="eve: viewer")
    assert "there is a user 'eve' already" in (failed.reason or "")
    assert done.reason is None
    with pytest.raises(Forbidden):
        await vic.audit(AuditQuery(), after=None, limit=1)


async def test_no_secret_comes_into_the_audit_trail(control: Control) -> None:
    admin = await gate_of(control, "admin")
    _, text = await admin.create_token("ci", None)
    with pytest.raises(InvalidRequest):
        await admin.create_token(f"!{text}", None)
    await admin.set_secret("store-password", "hunter2-hunter2")
    await admin.set_password("ada", "correct horse battery")
    with pytest.raises(ModelError):
        await admin.register(Bundle(document="name: hunter2-hunter2\nversion: a horse\n"))
    written = repr(await deeds(control))
    assert "rip_…" in written
    for secret in (text, text[8:], "hunter2", "correct horse"):
        assert secret not in written


async def test_an_application_is_shared_with_those_only_who_are_there(control: Control) -> None:
    await control.add_group("neuro", description="", caller="admin")
    owner = await gate_of(control, "admin")
    bundle = Bundle(document=SLEEPER)
    for nobody in ("user:eve", "group:chem"):
        told = f"there is no {nobody.replace(':', ' ')}; see: ripieno"
        with pytest.raises(NotFound, match=told):
            await owner.register(bundle, visibility=[nobody])
    await owner.register(bundle, visibility=["group:neuro", "user:ada"])
    with pytest.raises(NotFound, match="there is no user eve; see: ripieno user list"):
        await owner.share("sleeper", visibility=["user:ada", "user:eve"])
    await control.remove_group("neuro", caller="admin")
    kept = await owner.share("sleeper", visibility=["group:neuro", "user:bob"])
    assert kept.visibility == ("group:neuro", "user:bob")
