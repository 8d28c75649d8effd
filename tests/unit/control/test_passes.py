"""Tickets and cookies that let browsers in."""

from datetime import UTC, datetime

import pytest

from ripieno.control.errors import Unauthenticated
from ripieno.control.passes import COOKIE_S, TICKET_S, Passes, SignIn

KEY = b"k" * 32
ALICE = SignIn(user="alice", credential="s-1", since=datetime(2026, 1, 31, tzinfo=UTC))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_is_taken_once() -> None:
    passes = Passes(KEY)
    ticket = passes.ticket("viewer", ALICE, "/a?b")
    assert passes.take(ticket, "viewer") == (ALICE, "/a?b")
    with pytest.raises(Unauthenticated):
        passes.take(ticket, "viewer")


def test_a_ticket_that_was_shown_elsewhere_is_not_used_up() -> None:
    passes = Passes(KEY)
    ticket = passes.ticket("viewer", ALICE, "/")
    for place in ("other", ""):
        with pytest.raises(Unauthenticated):
            passes.take(ticket, place)
    passes.take(ticket, "viewer")


def test_a_ticket_is_good_for_some_seconds() -> None:
    clock = Clock()
    passes = Passes(KEY, clock)
    ticket = passes.ticket("viewer", ALICE, "/")
    clock.now += TICKET_S
    with pytest.raises(Unauthenticated):
        passes.take(ticket, "viewer")


def test_a_ticket_of_the_server_before_is_not_good() -> None:
    ticket = Passes(KEY).ticket("viewer", ALICE, "/")
    with pytest.raises(Unauthenticated):
        Passes(KEY).take(ticket, "viewer")


def test_a_cookie_outlives_the_server_until_its_time_is_over() -> None:
    clock = Clock()
    cookie = Passes(KEY, clock).cookie("viewer", ALICE)
    passes = Passes(KEY, clock)
    assert passes.holder(cookie, "viewer") == ALICE
    clock.now += COOKIE_S - 1
    assert passes.holder(cookie, "viewer") == ALICE
    clock.now += 1
    assert passes.holder(cookie, "viewer") is None


def test_a_cookie_is_good_at_its_own_place_only() -> None:
    passes = Passes(KEY)
    cookie = passes.cookie("viewer", ALICE)
    assert passes.holder(cookie, "other") is None
    assert passes.holder(cookie, "") is None
    assert passes.holder(passes.cookie("", ALICE), "viewer") is None


def test_a_ticket_is_no_cookie_and_a_cookie_no_ticket() -> None:
    passes = Passes(KEY)
    assert passes.holder(passes.ticket("viewer", ALICE, "/"), "viewer") is None
    with pytest.raises(Unauthenticated):
        passes.take(passes.cookie("viewer", ALICE), "viewer")


@pytest.mark.parametrize("text", ["", ".", "a.b", "é.ü", "x" * 10_000, "a.b.c"])
def test_what_was_made_up_is_nothing(text: str) -> None:
    passes = Passes(KEY)
    assert passes.holder(text, "viewer") is None
    with pytest.raises(Unauthenticated):
        passes.take(text, "viewer")


def test_nothing_of_it_can_be_changed() -> None:
    passes = Passes(KEY)
    cookie = passes.cookie("viewer", ALICE)
    for position in range(0, len(cookie), 7):
        other = "A" if cookie[position] != "A" else "B"
        changed = cookie[:position] + other + cookie[position + 1 :]
        assert passes.holder(changed, "viewer") is None
    assert Passes(b"other" * 8).holder(cookie, "viewer") is None
