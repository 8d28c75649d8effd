"""Signing in with a browser: by password, by one-time link, and how sessions end."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from ripieno.control import sessions, signing_in
from ripieno.control.errors import (
    InvalidRequest,
    LinkRefused,
    NotFound,
    SignInRefused,
    TooManyAttempts,
)
from ripieno.control.sessions import Origin, Session, csrf_token
from ripieno.model.access import ALL_SCOPES, Role
from ripieno.store.records import AuditQuery
from tests.accounts import HERE, PASSWORD, QUICK, Accounts
from tests.accounts import accounts as opened

ELSEWHERE = Origin(address="198.51.100.7", browser="Another browser")


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[Accounts]:
    async with opened(tmp_path) as found:
        await found.add("alice", password=PASSWORD)
        yield found


async def session(accounts: Accounts, cookie: str) -> Session:
    found = await accounts.session(cookie)
    assert found is not None
    return found


async def test_password_begins_a_session(accounts: Accounts) -> None:
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    caller = await accounts.session_caller(entered.cookie)
    assert caller is not None
    assert (caller.user, caller.role, caller.scopes) == ("alice", Role.DEPLOYER, ALL_SCOPES)
    (record,) = await accounts.sessions(caller="alice")
    assert (record.via, record.address, record.browser) == ("password", *dataclasses.astuple(HERE))
    assert await accounts.session_caller_by_id(record.id) == caller


async def test_cookie_is_kept_nowhere(accounts: Accounts, tmp_path: Path) -> None:
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    link, _ = await accounts.create_sign_in_link("alice", caller="alice")
    await accounts.store.close()
    for path in tmp_path.iterdir():  # noqa: ASYNC240  # small, and nobody waits
        for text in (entered.cookie, entered.browser, link, PASSWORD):
            assert text.encode() not in path.read_bytes()


async def test_every_session_has_a_cookie_of_its_own(accounts: Accounts) -> None:
    found = {(await accounts.sign_in("alice", PASSWORD, origin=HERE)).cookie for _ in range(3)}
    assert len(found) == 3
    assert len({csrf_token(each) for each in found}) == 3


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice", "wrong"),
        ("alice", ""),
        ("alice", PASSWORD + " "),
        ("alice", "x" * 100_000),
        ("alice", "\ud800" * 12),
        ("nobody", PASSWORD),
        ("admin", ""),
        ("", ""),
        ("alice\0", PASSWORD),
        ("al\ud800ice", PASSWORD),
    ],
)
async def test_nobody_is_told_what_was_wrong(accounts: Accounts, user: str, password: str) -> None:
    with pytest.raises(SignInRefused, match="the name or the password is not right"):
        await accounts.sign_in(user, password, origin=HERE)


async def test_user_who_is_disabled_is_told_no_more(accounts: Accounts) -> None:
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    await accounts.change_user("alice", is_disabled=True, caller="admin")
    with pytest.raises(SignInRefused, match="the name or the password is not right"):
        await accounts.sign_in("alice", PASSWORD, origin=HERE)
    assert await accounts.session_caller(entered.cookie) is None
    await accounts.change_user("alice", is_disabled=False, caller="admin")
    assert await accounts.session_caller(entered.cookie) is None


async def test_passwords_are_tried_as_hard_for_those_who_do_not_exist(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, hash: str, password: str) -> bool:
        tried.append(hash.rpartition("$")[0].rpartition("$")[0])
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    for user in ("alice", "nobody", "admin"):
        with pytest.raises(SignInRefused):
            await accounts.sign_in(user, "wrong", origin=HERE)
    assert len(tried) == 3
    assert len(set(tried)) == 1  # the parameters, by which the time is what it is


async def test_hash_with_old_parameters_is_made_anew(accounts: Accounts) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await accounts.store.change_user("alice", password_hash=old)
    await accounts.sign_in("alice", PASSWORD, origin=HERE)
    record = await accounts.store.user("alice")
    assert record is not None and record.password_hash is not None
    assert not QUICK.check_needs_rehash(record.password_hash)
    await accounts.sign_in("alice", PASSWORD, origin=HERE)


async def test_who_guesses_waits_and_does_not_hold_up_a_browser_that_is_known(
    accounts: Accounts,
) -> None:
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    with pytest.raises(TooManyAttempts) as refused:
        for _ in range(20):
            try:
                await accounts.sign_in("alice", "guessed", origin=ELSEWHERE)
            except SignInRefused:
                continue
    assert 1 <= refused.value.retry_after_s <= 60
    with pytest.raises(TooManyAttempts):
        await accounts.sign_in("alice", PASSWORD, origin=HERE)
    await accounts.sign_in("alice", PASSWORD, origin=HERE, browser=entered.browser)


async def test_browser_that_is_known_is_so_for_its_user_only(accounts: Accounts) -> None:
    await accounts.add("mallory", password=PASSWORD)
    mine = await accounts.sign_in("mallory", PASSWORD, origin=ELSEWHERE)
    with pytest.raises(TooManyAttempts):
        for _ in range(20):
            try:
                await accounts.sign_in("alice", "guessed", origin=ELSEWHERE, browser=mine.browser)
            except SignInRefused:
                continue


async def test_session_ends_when_its_user_signs_out(accounts: Accounts) -> None:
    first = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    second = await accounts.sign_in("alice", PASSWORD, origin=ELSEWHERE)
    await accounts.sign_out(first.session.record.id, caller="alice")
    assert await accounts.session(first.cookie) is None
    assert await accounts.session_caller_by_id(first.session.record.id) is None
    assert await accounts.session(second.cookie) is not None


async def test_session_of_somebody_else_cannot_be_ended(accounts: Accounts) -> None:
    await accounts.add("bob")
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    with pytest.raises(NotFound):
        await accounts.sign_out(entered.session.record.id, caller="bob")
    assert await accounts.session(entered.cookie) is not None


@pytest.mark.parametrize("lasting", ["IDLE", "LONGEST"])
async def test_session_ends_by_itself(
    accounts: Accounts, lasting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    later = datetime.now(UTC) + getattr(sessions, lasting)
    if lasting == "LONGEST":
        record = await accounts.store.session(entered.session.record.id)
        assert record is not None
        await accounts.store.session_seen(record.id, later - timedelta(seconds=1))
    monkeypatch.setattr(sessions, "_now", lambda: later)
    assert await accounts.session(entered.cookie) is None
    assert await accounts.store.session(entered.session.record.id) is None


async def test_use_of_a_session_is_noted_now_and_then(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    begun = entered.session.record.seen_at
    for seconds, noted in ((30, 0), (61, 61), (100, 61), (130, 130)):
        now = begun + timedelta(seconds=seconds)
        monkeypatch.setattr(sessions, "_now", lambda now=now: now)
        await session(accounts, entered.cookie)
        record = await accounts.store.session(entered.session.record.id)
        assert record is not None
        assert record.seen_at == begun + timedelta(seconds=noted)


@pytest.mark.parametrize("text", ["", "x", "é" * 43, "x" * 43, "'" * 43, "x" * 10_000])
async def test_what_is_no_cookie_of_ours_lets_nobody_in(accounts: Accounts, text: str) -> None:
    assert await accounts.session(text) is None
    assert await accounts.session_caller(text) is None


async def test_change_of_role_and_group_counts_at_once(accounts: Accounts) -> None:
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    await accounts.change_user("alice", role=Role.VIEWER, caller="admin")
    await accounts.add_group("neuro", caller="admin")
    await accounts.put_member("neuro", "alice", is_manager=False, caller="admin")
    caller = await accounts.session_caller(entered.cookie)
    assert caller is not None
    assert (caller.role, caller.groups) == (Role.VIEWER, frozenset({"neuro"}))


async def test_change_of_password_ends_every_session_but_the_new_one(accounts: Accounts) -> None:
    mine = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    other = await accounts.sign_in("alice", PASSWORD, origin=ELSEWHERE)
    link, _ = await accounts.create_sign_in_link("alice", caller="alice")
    entered = await accounts.change_password(
        PASSWORD, "another good password", session=mine.session, origin=HERE
    )
    assert await accounts.session(mine.cookie) is None
    assert await accounts.session(other.cookie) is None
    assert await accounts.session(entered.cookie) is not None
    assert entered.cookie != mine.cookie
    with pytest.raises(LinkRefused):
        await accounts.link(link)
    with pytest.raises(SignInRefused):
        await accounts.sign_in("alice", PASSWORD, origin=HERE)
    await accounts.sign_in("alice", "another good password", origin=HERE)


async def test_old_password_is_needed_and_cannot_be_guessed(accounts: Accounts) -> None:
    mine = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    with pytest.raises(TooManyAttempts):
        for _ in range(20):
            try:
                await accounts.change_password(
                    "guessed", "another good password", session=mine.session, origin=HERE
                )
            except InvalidRequest as refused:
                assert "the present password is not right" in str(refused)
    await accounts.sign_in("alice", PASSWORD, origin=HERE, browser=mine.browser)


@pytest.mark.parametrize(
    "new", ["", "short", "x" * 11, "x" * 1001, "with a \0 in it, see", "\ud800" * 12]
)
async def test_password_that_is_none_is_refused(accounts: Accounts, new: str) -> None:
    mine = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    with pytest.raises(InvalidRequest, match="a password has 12 to 1000 characters"):
        await accounts.change_password(PASSWORD, new, session=mine.session, origin=HERE)
    assert await accounts.session(mine.cookie) is not None


async def test_link_lets_in_once(accounts: Accounts) -> None:
    text, expires_at = await accounts.create_sign_in_link("alice", caller="alice")
    assert (await accounts.link(text)).user == "alice"
    tries = (accounts.sign_in_by_link(text, origin=HERE) for _ in range(5))
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["LinkRefused"] * 4 + ["SignedIn"]
    with pytest.raises(LinkRefused):
        await accounts.link(text)
    assert expires_at - datetime.now(UTC) <= signing_in.OWN_LINK


async def test_link_is_good_for_a_while(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, expires_at = await accounts.create_sign_in_link("alice", caller="admin")
    assert timedelta(hours=71) < expires_at - datetime.now(UTC) <= signing_in.INVITATION
    monkeypatch.setattr(signing_in, "_now", lambda: expires_at)
    with pytest.raises(LinkRefused):
        await accounts.sign_in_by_link(text, origin=HERE)


async def test_later_link_takes_the_place_of_an_earlier_one(accounts: Accounts) -> None:
    first, _ = await accounts.create_sign_in_link("alice", caller="admin")
    second, _ = await accounts.create_sign_in_link("alice", caller="admin")
    with pytest.raises(LinkRefused):
        await accounts.link(first)
    await accounts.sign_in_by_link(second, origin=HERE)


async def test_what_is_left_in_a_browser_is_no_link(accounts: Accounts) -> None:
    entered = await accounts.sign_in("alice", PASSWORD, origin=HERE)
    for text in (entered.browser, entered.cookie, "", "x" * 43):
        with pytest.raises(LinkRefused):
            await accounts.sign_in_by_link(text, origin=HERE)


async def test_link_is_for_users_who_are_there(accounts: Accounts) -> None:
    with pytest.raises(NotFound):
        await accounts.create_sign_in_link("nobody", caller="admin")
    text, _ = await accounts.create_sign_in_link("alice", caller="admin")
    await accounts.change_user("alice", is_disabled=True, caller="admin")
    with pytest.raises(InvalidRequest):
        await accounts.create_sign_in_link("alice", caller="admin")
    with pytest.raises(SignInRefused):
        await accounts.sign_in_by_link(text, origin=HERE)


async def test_link_is_void_once_its_user_was_signed_out_or_removed(accounts: Accounts) -> None:
    async def link() -> str:
        return (await accounts.create_sign_in_link("alice", caller="admin"))[0]

    first = await link()
    await accounts.set_password("alice", "another good password", caller="admin")
    second = await link()
    await accounts.change_user("alice", is_disabled=True, caller="admin")
    await accounts.change_user("alice", is_disabled=False, caller="admin")
    third = await link()
    entered = await accounts.sign_in("alice", "another good password", origin=HERE)
    await accounts.store.remove_user("alice")
    await accounts.add("alice")
    for text in (first, second, third):
        with pytest.raises(LinkRefused):
            await accounts.sign_in_by_link(text, origin=HERE)
    assert await accounts.session(entered.cookie) is None


async def test_who_came_by_a_link_may_choose_a_password_without_the_old_one_for_a_while(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, _ = await accounts.create_sign_in_link("alice", caller="admin")
    entered = await accounts.sign_in_by_link(text, origin=HERE)
    later = datetime.now(UTC) + signing_in.NEW_LINK
    with monkeypatch.context() as patch:
        patch.setattr(signing_in, "_now", lambda: later)
        with pytest.raises(InvalidRequest):
            await accounts.change_password(
                None, "another good password", session=entered.session, origin=HERE
            )
    await accounts.change_password(
        None, "another good password", session=entered.session, origin=HERE
    )
    await accounts.sign_in("alice", "another good password", origin=HERE)


async def test_who_came_in_and_who_did_not_is_in_the_audit_trail(accounts: Accounts) -> None:
    await accounts.sign_in("alice", PASSWORD, origin=HERE)
    for user in ("alice", "a password in the wrong field"):
        with pytest.raises(SignInRefused):
            await accounts.sign_in(user, "guessed", origin=ELSEWHERE)
    await accounts._trail.flush()
    found, _ = await accounts.store.audit(AuditQuery(), after=None, limit=10)
    assert {(each.user, each.thing, each.address, each.result) for each in found} == {
        ("alice", "user alice", HERE.address, "allowed"),
        ("alice", "user alice", ELSEWHERE.address, "refused"),
        ("", "an unknown user", ELSEWHERE.address, "refused"),
    }
