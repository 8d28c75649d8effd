"""What every store must do about signing in: subclass `StoreSignInContract`, with a `rig` fixture.

Needs pytest-asyncio in auto mode.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import asyncio
import dataclasses

import pytest

from ripieno.store.records import SessionRecord, TicketRecord
from ripieno.store.store import Store
from ripieno.testing import store_records as some
from ripieno.testing.store_rig import ODD_TEXTS, StoreRig


def session(id: str = "s-1", user: str = "alice", **others: object) -> SessionRecord:
    """A session that is good for an hour."""
    record = SessionRecord(
        id=id,
        digest=f"digest of {id}",
        user=user,
        via="password",
        address="127.0.0.1",
        browser="A browser",
        created_at=some.START,
        seen_at=some.START,
        expires_at=some.at(3600),
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def ticket(digest: str = "d", user: str = "alice", seconds: float = 60) -> TicketRecord:
    """A ticket that is good for so long."""
    return TicketRecord(
        digest=digest,
        user=user,
        purpose="link",
        created_at=some.START,
        expires_at=some.at(seconds),
    )


class StoreSignInContract:
    """Subclasses have an async fixture `rig`."""

    @pytest.fixture
    async def store(self, rig: StoreRig) -> Store:
        return await rig.open()

    async def test_sessions_are_found_by_digest_and_by_user(self, store: Store) -> None:
        first, second = session("s-1"), session("s-2", seen_at=some.at(5))
        other = session("s-3", user="bob")
        for each in (first, second, other):
            await store.add_session(each)
        assert await store.session_by_digest(first.digest) == first
        assert await store.session_by_digest("s-1") is None
        assert await store.session("s-3") == other
        assert await store.sessions_of("alice") == [second, first]
        assert await store.session_seen("s-1", some.at(9))
        assert await store.sessions_of("alice") == [
            dataclasses.replace(first, seen_at=some.at(9)),
            second,
        ]
        assert await store.remove_session("s-1")
        assert not await store.remove_session("s-1")
        assert not await store.session_seen("s-1", some.at(10))
        assert await store.session_by_digest(first.digest) is None

    async def test_all_sessions_of_a_user_end_but_one(self, store: Store) -> None:
        for id, user in (("s-1", "alice"), ("s-2", "alice"), ("s-3", "alice"), ("s-4", "bob")):
            await store.add_session(session(id, user))
        assert await store.remove_sessions_of("alice", but="s-2")
        assert [each.id for each in await store.sessions_of("alice")] == ["s-2"]
        assert await store.remove_sessions_of("alice")
        assert not await store.remove_sessions_of("alice")
        assert [each.id for each in await store.sessions_of("bob")] == ["s-4"]

    async def test_sessions_that_are_over_are_forgotten_with_the_next_one(
        self, store: Store
    ) -> None:
        await store.add_session(session("s-1", expires_at=some.at(10)))
        await store.add_session(session("s-2", expires_at=some.at(11)))
        await store.add_session(session("s-3", created_at=some.at(10)))
        assert {each.id for each in await store.sessions_of("alice")} == {"s-2", "s-3"}

    @pytest.mark.parametrize("text", ODD_TEXTS)
    async def test_texts_of_browsers_come_back_as_they_were(self, store: Store, text: str) -> None:
        odd = session(browser=text, address=text, user=text)
        await store.add_session(odd)
        assert await store.sessions_of(text) == [odd]

    async def test_ticket_is_taken_once(self, rig: StoreRig) -> None:
        stores = [await rig.open(), await rig.open()]
        await stores[0].add_ticket(ticket())
        assert await stores[1].ticket("d") == ticket()
        tries = (store.take_ticket("d", now=some.at(59)) for store in stores for _ in range(4))
        assert sorted(await asyncio.gather(*tries)) == [False] * 7 + [True]
        assert await stores[0].ticket("d") is None

    async def test_ticket_is_not_taken_once_it_has_expired(self, store: Store) -> None:
        await store.add_ticket(ticket(seconds=60))
        assert not await store.take_ticket("d", now=some.at(60))
        await store.add_ticket(dataclasses.replace(ticket("e", seconds=90), created_at=some.at(60)))
        assert await store.ticket("d") is None

    async def test_tickets_of_a_user_end_together(self, store: Store) -> None:
        for digest, user in (("a", "alice"), ("b", "alice"), ("c", "bob")):
            await store.add_ticket(ticket(digest, user))
        assert await store.remove_tickets_of("alice")
        assert not await store.remove_tickets_of("alice")
        assert (await store.ticket("a"), await store.ticket("b")) == (None, None)
        assert not await store.remove_tickets_of("bob", purpose="other")
        assert await store.ticket("c") == ticket("c", "bob")
        assert await store.remove_tickets_of("bob", purpose="link")
