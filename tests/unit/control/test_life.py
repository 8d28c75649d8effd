"""When a deployment is stopped by itself: tables of looks and what always holds."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.control import life as lives
from ripieno.control.life import Due, Glimpse, Life, Rest
from ripieno.control.views import DeploymentState
from ripieno.model.stay import Stay

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
UNUSED = Glimpse(state=DeploymentState.RUNNING)
USED = dataclasses.replace(UNUSED, is_used=True)
CHANGING = dataclasses.replace(UNUSED, is_changing=True)
IDLE = Stay(idle_s=60)


def after_s(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def course(stay: Stay, *looks: tuple[float, Glimpse], life: Life | None = None) -> list[Due | None]:
    """What is due at each look; a look says how long it is since the last one."""
    seen, at_s, found = life or Life(), 0.0, []
    for elapsed_s, glimpse in looks:
        at_s += elapsed_s
        seen, due = lives.looked(seen, stay, glimpse, now=after_s(at_s), elapsed_s=elapsed_s)
        found.append(due)
    return found


def test_what_nobody_uses_is_stopped() -> None:
    assert course(IDLE, (0, UNUSED), (30, UNUSED), (29, UNUSED), (1, UNUSED)) == [
        None,
        None,
        None,
        Due.IDLE_STOP,
    ]


@pytest.mark.parametrize("use", [USED, CHANGING])
def test_use_and_changes_begin_the_clock_anew(use: Glimpse) -> None:
    assert course(IDLE, (0, UNUSED), (59, UNUSED), (1, use), (59, UNUSED), (1, UNUSED)) == [
        None,
        None,
        None,
        None,
        Due.IDLE_STOP,
    ]


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (DeploymentState.DEGRADED, Due.IDLE_STOP),
        (DeploymentState.FAILED, None),  # Somebody may want to look at it.
        (DeploymentState.STOPPED, None),
        (DeploymentState.REMOVED, None),
    ],
)
def test_only_what_can_be_used_is_stopped_for_not_being_used(
    state: DeploymentState, due: Due | None
) -> None:
    unused = Glimpse(state=state)
    assert course(IDLE, (0, unused), (1000, unused))[-1] is due


def test_a_life_is_warned_of_once_and_then_over() -> None:
    stay = Stay(lifetime_s=100)
    assert course(stay, (0, USED), (89, USED), (1, USED), (1, USED), (9, USED)) == [
        None,
        None,
        Due.WARNING,
        None,
        Due.END,
    ]


def test_a_long_life_is_warned_of_an_hour_before() -> None:
    day = Stay(lifetime_s=24 * 3600)
    assert course(day, (0, USED), (23 * 3600 - 1, USED), (1, USED))[1:] == [None, Due.WARNING]


def test_an_extended_life_is_warned_of_again() -> None:
    stay = Stay(lifetime_s=100)
    warned = Life(began_at=START, warned_for=after_s(100))
    assert course(stay, (95, USED), life=warned) == [None]
    extended = dataclasses.replace(warned, extended_s=50)
    assert course(stay, (110, USED), (30, USED), (10, USED), life=extended) == [
        None,
        Due.WARNING,
        Due.END,
    ]


def test_a_life_ends_when_the_change_is_over_in_the_middle_of_which_it_was() -> None:
    stay = Stay(lifetime_s=100)
    assert course(stay, (0, USED), (200, CHANGING), (1, USED)) == [None, None, Due.END]


def test_a_failed_deployment_ends_too() -> None:
    failed = Glimpse(state=DeploymentState.FAILED)
    assert course(Stay(lifetime_s=100), (0, failed), (100, failed))[-1] is Due.END


def test_a_start_begins_another_life() -> None:
    old = Life(began_at=START, extended_s=9, unused_s=30, rest=Rest.IDLE, resting=("web",))
    stopped = lives.after(old, DeploymentState.STOPPED, after_s(50))
    assert stopped == Life(rest=Rest.IDLE, resting=("web",))
    assert lives.after(stopped, DeploymentState.CHANGING, after_s(60)) == stopped
    assert lives.after(stopped, DeploymentState.RUNNING, after_s(61)) == Life(began_at=after_s(61))


def test_a_restart_or_a_change_begins_none() -> None:
    life = Life(began_at=START, extended_s=9)
    for state in (DeploymentState.CHANGING, DeploymentState.RUNNING, DeploymentState.DEGRADED):
        assert lives.after(life, state, after_s(50)) == life


@pytest.mark.parametrize(
    ("stored", "seen", "is_worth"),
    [
        (Life(), Life(), False),
        (Life(), Life(began_at=START), True),
        (Life(), Life(unused_s=14), False),
        (Life(), Life(unused_s=15), True),
        (Life(unused_s=15), Life(unused_s=0), True),
        (Life(), Life(warned_for=START), True),
    ],
)
def test_what_a_crash_may_forget_is_not_stored(stored: Life, seen: Life, is_worth: bool) -> None:
    assert lives.is_worth_storing(stored, seen, IDLE) is is_worth


MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1))  # noqa: DTZ001  # hypothesis wants it naive
LIVES = st.builds(
    Life,
    began_at=st.none() | MOMENTS,
    extended_s=st.floats(0, 1e6),
    warned_for=st.none() | MOMENTS,
    unused_s=st.floats(0, 1e6),
    rest=st.none() | st.sampled_from(Rest),
    resting=st.lists(st.sampled_from(["web", "store"]), unique=True).map(tuple),
)


@given(LIVES)
def test_a_life_survives_being_written(life: Life) -> None:
    assert lives.from_json(lives.to_json(life)) == life


GLIMPSES = st.builds(
    Glimpse,
    state=st.sampled_from(DeploymentState),
    is_changing=st.booleans(),
    is_used=st.booleans(),
)
LOOKS = st.lists(st.tuples(st.floats(0, 40), GLIMPSES), max_size=60)
STAYS = st.builds(
    Stay,
    idle_s=st.none() | st.floats(1, 200),
    lifetime_s=st.none() | st.floats(1, 500),
)


@given(STAYS, LOOKS)
def test_nothing_is_stopped_that_was_used_or_changed_in_its_time(
    stay: Stay, looks: list[tuple[float, Glimpse]]
) -> None:
    life, at_s, used_s, warned = Life(), 0.0, 0.0, []
    for elapsed_s, glimpse in looks:
        at_s += elapsed_s
        before = life
        life, due = lives.looked(life, stay, glimpse, now=after_s(at_s), elapsed_s=elapsed_s)
        is_up = glimpse.state in lives.UP and not glimpse.is_changing
        if not is_up or glimpse.is_used:
            used_s = at_s
        if not is_up:
            assert due is None
        if due is Due.IDLE_STOP:
            assert stay.idle_s is not None and not glimpse.is_used
            assert at_s - used_s >= stay.idle_s - 1e-6
        if due is Due.END:
            assert stay.lifetime_s is not None and life.began_at is not None
            assert after_s(at_s) - life.began_at >= timedelta(seconds=stay.lifetime_s)
        if due is Due.WARNING:
            ends_at = life.ends_at(stay)
            assert ends_at is not None and ends_at > after_s(at_s)
            warned.append(ends_at)
        assert life.began_at == before.began_at or before.began_at is None
    assert len(warned) == len(set(warned))


@given(st.floats(1, 200), LOOKS)
def test_whatever_is_left_alone_long_enough_is_stopped(
    idle_s: float, looks: list[tuple[float, Glimpse]]
) -> None:
    stay, life, at_s = Stay(idle_s=idle_s), Life(), 0.0
    for elapsed_s, glimpse in (*looks, (0.0, USED), (idle_s / 2, UNUSED), (idle_s / 2, UNUSED)):
        at_s += elapsed_s
        life, due = lives.looked(life, stay, glimpse, now=after_s(at_s), elapsed_s=elapsed_s)
    assert due is Due.IDLE_STOP
