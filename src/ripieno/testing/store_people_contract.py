"""What every store must do about users, groups and tokens: subclass it as `StoreContract`.

Needs pytest-asyncio in auto mode.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import asyncio
import dataclasses

import pytest

from ripieno.store.errors import LastAdministrator, NoSuchPerson, PersonTaken
from ripieno.store.records import (
    AuditQuery,
    AuditRecord,
    IdempotencyRecord,
    MemberRecord,
    QuotaRecord,
)
from ripieno.store.store import Store
from ripieno.testing import store_records as some
from ripieno.testing.store_rig import StoreRig


class StorePeopleContract:
    """Subclasses have an async fixture `rig`."""

    @pytest.fixture
    async def store(self, rig: StoreRig) -> Store:
        return await rig.open()

    async def test_new_store_has_nobody(self, store: Store) -> None:
        assert await store.users(after=None, limit=10) == ([], None)
        assert await store.user("ada") is None
        assert await store.user_and_groups("ada") is None
        assert await store.user_by_identity("https://id.example.org", "1") is None
        assert (await store.groups(), await store.members(), await store.tokens()) == ([],) * 3
        assert not await store.remove_user("ada")
        assert not await store.remove_group("neuro")
        assert await store.change_user("ada", email="") is None

    async def test_users_are_kept_by_name(self, store: Store) -> None:
        ada = some.user(password_hash="$argon2id$…", issuer="https://id.example.org", subject="1")
        bob, eve = some.user("bob"), some.user("eve", role="admin", is_disabled=True)
        for each in (eve, ada, bob):
            await store.add_user(each)
        assert await store.users(after=None, limit=2) == ([ada, bob], "bob")
        assert await store.users(after="bob", limit=2) == ([eve], None)
        assert await store.user("ada") == ada
        assert await store.user_by_identity("https://id.example.org", "1") == ada
        assert await store.user_by_identity("https://id.example.org", "2") is None

    async def test_a_name_and_an_identity_are_one_users(self, store: Store) -> None:
        identity = {"issuer": "https://id.example.org", "subject": "1"}
        await store.add_user(some.user(**identity))
        with pytest.raises(PersonTaken, match="'ada'"):
            await store.add_user(some.user(email=""))
        with pytest.raises(PersonTaken):
            await store.add_user(some.user("bob", **identity))
        await store.add_user(some.user("bob"))
        with pytest.raises(PersonTaken):
            await store.change_user("bob", **identity)
        assert await store.user("bob") == some.user("bob")

    async def test_fields_of_users_change_by_themselves(self, store: Store) -> None:
        await store.add_user(some.user())
        await store.add_user(some.user("bob"))
        changed = await store.change_user("ada", email="x@y", signed_out_at=some.at(5))
        assert changed == some.user(email="x@y", signed_out_at=some.at(5))
        changed = await store.change_user("ada", is_disabled=True)
        assert changed == some.user(email="x@y", signed_out_at=some.at(5), is_disabled=True)
        assert await store.user("ada") == changed
        assert await store.user("bob") == some.user("bob")

    async def test_there_is_always_an_administrator(self, store: Store) -> None:
        await store.add_user(some.user("eve", role="admin", is_disabled=True))
        await store.add_user(some.user("ada", role="admin"))
        for change in ({"role": "publisher"}, {"is_disabled": True}):
            with pytest.raises(LastAdministrator, match="ada is the only administrator"):
                await store.change_user("ada", **change)
        with pytest.raises(LastAdministrator):
            await store.remove_user("ada")
        assert await store.user("ada") == some.user("ada", role="admin")
        await store.change_user("eve", is_disabled=False)
        assert await store.remove_user("ada")

    async def test_two_administrators_cannot_dismiss_each_other(self, rig: StoreRig) -> None:
        one, other = await rig.open(), await rig.open()
        await one.add_user(some.user("ada", role="admin"))
        await one.add_user(some.user("bob", role="admin"))
        done = await asyncio.gather(
            one.change_user("ada", role="viewer"),
            other.remove_user("bob"),
            return_exceptions=True,
        )
        assert [type(each) for each in done].count(LastAdministrator) == 1

    async def test_groups_have_members(self, store: Store) -> None:
        for each in (some.user("bob"), some.user("ada")):
            await store.add_user(each)
        neuro, astro = some.group("neuro"), some.group("astro")
        for group in (neuro, astro):
            await store.add_group(group)
        assert await store.groups() == [astro, neuro]
        with pytest.raises(PersonTaken, match="'neuro'"):
            await store.add_group(dataclasses.replace(neuro, description=""))
        ada = MemberRecord(group="neuro", user="ada", is_manager=True)
        bob = MemberRecord(group="neuro", user="bob")
        also = MemberRecord(group="astro", user="bob")
        for member in (bob, ada, also, dataclasses.replace(ada, is_manager=False), ada):
            await store.put_member(member)
        assert await store.members() == [also, ada, bob]
        assert await store.members(group="neuro") == [ada, bob]
        assert await store.members(user="bob") == [also, bob]
        found = await store.user_and_groups("bob")
        assert found == (some.user("bob"), frozenset({"astro", "neuro"}))
        assert await store.remove_member("neuro", "bob")
        assert not await store.remove_member("neuro", "bob")
        assert await store.describe_group("neuro", "Brains")
        assert await store.group("neuro") == dataclasses.replace(neuro, description="Brains")
        assert await store.remove_group("neuro")
        assert await store.members() == [also]

    async def test_only_who_is_there_can_be_in_a_group_or_have_a_token(self, store: Store) -> None:
        await store.add_group(some.group())
        with pytest.raises(NoSuchPerson):
            await store.put_member(MemberRecord(group="neuro", user="ada"))
        with pytest.raises(NoSuchPerson, match="'ada'"):
            await store.add_token(some.token())

    async def test_with_a_user_goes_all_that_lets_them_in(self, store: Store) -> None:
        await store.add_user(some.user("ada"))
        await store.add_user(some.user("bob"))
        await store.add_group(some.group())
        for name in ("ada", "bob"):
            await store.put_member(MemberRecord(group="neuro", user=name))
            await store.add_token(some.token(f"t-{name}", name))
        answer = IdempotencyRecord(
            key="k", token="ada", fingerprint="f", status=201, body="{}", at=some.START
        )
        await store.remember(answer)
        assert await store.remove_user("ada")
        assert not await store.remove_user("ada")
        assert await store.user("ada") is None
        assert await store.members() == [MemberRecord(group="neuro", user="bob")]
        assert await store.tokens() == [some.token("t-bob", "bob")]
        assert await store.recall("k", "ada", now=some.START) is None

    async def test_tokens_are_found_by_digest_and_revoked_once(self, store: Store) -> None:
        await store.add_user(some.user())
        await store.add_user(some.user("bob"))
        token, other = some.token("t-1"), some.token("t-2", "bob", created_at=some.at(1))
        await store.add_token(token)
        await store.add_token(other)
        assert await store.token_by_digest(token.digest) == token
        assert await store.token_by_digest("e" * 64) is None
        assert await store.token("t-2") == other
        assert await store.tokens() == [token, other]
        assert await store.tokens(user="bob") == [other]
        assert await store.revoke_token("t-1", some.at(1))
        assert await store.revoke_token("t-1", some.at(2))
        assert await store.token("t-1") == dataclasses.replace(token, revoked_at=some.at(1))
        assert not await store.revoke_token("t-3", some.at(1))

    async def test_quotas_go_with_whose_they_are(self, store: Store) -> None:
        await store.add_user(some.user())
        await store.add_group(some.group())
        quotas = [
            QuotaRecord(subject="everyone", deployments=3),
            QuotaRecord(subject="group:neuro", cpus=2.5, memory_mib=2**31 - 1),
            QuotaRecord(subject="user:ada", deployments=0),
        ]
        await store.put_quota(QuotaRecord(subject="everyone", cpus=1.0))
        for each in reversed(quotas):
            await store.put_quota(each)
        assert await store.quotas() == quotas
        await store.remove_user("ada")
        assert await store.quotas() == quotas[:2]
        await store.remove_group("neuro")
        assert await store.remove_quota("everyone")
        assert not await store.remove_quota("everyone")
        assert await store.quotas() == []

    async def test_the_audit_trail_is_searched(self, store: Store) -> None:
        deeds = [
            some.deed(1, action="deployment.deploy", thing="deployment shop"),
            some.deed(2, action="deployment.change", thing="deployment 50%_off", user="bob"),
            some.deed(2, action="user.add", thing="user shopper", result="refused", reason="no"),
            some.deed(3, action="deployments", thing="", result="failed", reason="why"),
        ]
        await store.add_audit(deeds[2:])
        await store.add_audit(deeds)  # as after a lost answer
        newest_first = sorted(deeds, key=lambda each: (each.at, each.id), reverse=True)

        async def found(**wanted: object) -> list[AuditRecord]:
            query = AuditQuery(**wanted)  # type: ignore[arg-type]  # a test's own words
            page, cursor = await store.audit(query, after=None, limit=2)
            while cursor is not None:
                more, cursor = await store.audit(query, after=cursor, limit=2)
                page += more
            return page

        assert await found() == newest_first
        assert await found(user="bob") == [deeds[1]]
        assert await found(action="deployment") == [deeds[1], deeds[0]]
        assert await found(action="user.add") == [deeds[2]]
        assert await found(thing="shop") == [deeds[2], deeds[0]]
        assert await found(thing="0%_") == [deeds[1]]
        assert await found(result="refused") == [deeds[2]]
        assert await found(since=some.at(3)) == [deeds[3]]
        assert await found(until=some.at(2), user="ada") == [deeds[0]]

    async def test_it_is_kept_when_tokens_were_used(self, store: Store) -> None:
        await store.add_user(some.user())
        for id in ("t-1", "t-2", "t-3"):
            await store.add_token(some.token(id))
        await store.note_use({})
        await store.note_use({"t-1": some.at(1), "t-2": some.at(2), "gone": some.at(3)})
        await store.note_use({"t-1": some.at(4)})
        used = [each.last_used_at for each in await store.tokens()]
        assert used == [some.at(4), some.at(2), None]
