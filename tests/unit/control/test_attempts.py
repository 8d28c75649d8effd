"""How often somebody may try to sign in."""

import pytest

from ripieno.control.attempts import FREE, LONGEST_WAIT_S, MOST_KEPT, Attempts, keys, network
from ripieno.control.errors import TooManyAttempts


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def wait_s(attempts: Attempts, **who: str) -> float:
    """How long it takes until the next attempt, which is not counted if it has to wait."""
    try:
        attempts.begin(keys(**{"user": "alice", "address": "10.0.0.1", "browser": None, **who}))  # type: ignore[arg-type]  # a test's own words
    except TooManyAttempts as error:
        return error.retry_after_s
    return 0


def test_first_attempts_have_no_wait_and_then_waits_double(
    attempts: Attempts, clock: Clock
) -> None:
    waits = []
    for _ in range(FREE["user"] + 8):
        waits.append(wait_s(attempts))
        if waits[-1]:
            clock.now += waits[-1]
            assert wait_s(attempts) == 0
    assert waits[: FREE["user"]] == [0] * FREE["user"]
    assert waits[FREE["user"] :] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_attempts_that_come_at_the_same_time_are_all_counted(attempts: Attempts) -> None:
    assert sum(wait_s(attempts) == 0 for _ in range(100)) == FREE["user"]


def test_one_address_cannot_try_many_users(attempts: Attempts) -> None:
    tried = [wait_s(attempts, user=f"user-{number}") == 0 for number in range(50)]
    assert sum(tried) == FREE["address"]


def test_many_addresses_cannot_try_one_user(attempts: Attempts) -> None:
    tried = [wait_s(attempts, address=f"10.0.0.{number}") == 0 for number in range(50)]
    assert sum(tried) == FREE["user"]


def test_nobody_waits_for_long_whatever_others_do(attempts: Attempts, clock: Clock) -> None:
    for number in range(2000):
        clock.now += 1
        wait_s(attempts, address=f"10.1.{number % 250}.{number // 250}")
    assert wait_s(attempts, address="10.9.9.9") <= LONGEST_WAIT_S["user"]


def test_browser_that_is_known_does_not_wait_for_what_others_do(attempts: Attempts) -> None:
    for _ in range(50):
        wait_s(attempts)
    assert wait_s(attempts) > 0
    assert wait_s(attempts, browser="b") == 0
    for _ in range(FREE["browser"]):
        wait_s(attempts, browser="b")
    assert wait_s(attempts, browser="b") > 0


def test_success_ends_the_count_of_a_user_but_not_of_an_address(attempts: Attempts) -> None:
    for number in range(FREE["address"] - 1):
        attempts.begin(keys(user=f"guess-{number}", address="10.0.0.1", browser=None))
        mine = keys(user="mallory", address="10.0.0.1", browser=None)
        if number == 0:
            attempts.begin(mine)
            attempts.succeeded(mine)
    assert wait_s(attempts, user="another") == 0
    assert wait_s(attempts, user="mallory") > 0


def test_all_is_forgotten_after_a_while(attempts: Attempts, clock: Clock) -> None:
    while wait_s(attempts) == 0:
        pass
    clock.now += 900
    assert [wait_s(attempts) for _ in range(FREE["user"])] == [0] * FREE["user"]


def test_what_is_counted_does_not_fill_the_memory(attempts: Attempts) -> None:
    for number in range(MOST_KEPT + 100):
        attempts.begin([("user", str(number))])
    assert len(attempts._counts) == MOST_KEPT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_that_one_caller_has_are_counted_together(one: str, other: str) -> None:
    assert network(one) == network(other)


def test_addresses_of_several_callers_are_counted_apart() -> None:
    assert network("10.0.0.1") != network("10.0.0.2")
    assert network("2001:db8:1:2::1") != network("2001:db8:1:3::1")
