"""Cursors lead back to exactly where a page ended."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.store import paging
from ripieno.store.errors import InvalidCursor

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(5000, 1, 1)).map(  # noqa: DTZ001  # made aware
    lambda at: at.replace(tzinfo=UTC)
)


@given(at=MOMENTS, id=st.text(min_size=1))
def test_cursor_leads_to_the_same_microsecond(at: datetime, id: str) -> None:
    assert paging.read_cursor(paging.cursor(at, id)) == (at, id)


@pytest.mark.parametrize(
    "text", ["", ".", "x", "1", "1.", ".r-1", "-1.r-1", "1e5.r-1", "²5.r-1", "9" * 18 + ".r-1"]
)
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor, match="no cursor"):
        paging.read_cursor(text)


def test_long_text_that_is_no_cursor_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidCursor) as problem:
        paging.read_cursor("x" * 100_000)
    assert len(str(problem.value)) < 200


@pytest.mark.parametrize(
    ("asked", "given"), [(-5, 1), (0, 1), (1, 1), (1000, 1000), (1001, 1000), (10**30, 1000)]
)
def test_pages_have_a_length_that_can_be_had(asked: int, given: int) -> None:
    assert paging.bounded(asked) == given


@given(length=st.integers(0, 30), limit=st.integers(1, 30))
def test_there_is_a_cursor_exactly_if_there_is_more(length: int, limit: int) -> None:
    rows = [str(number) for number in range(length)]
    page, cursor = paging.page(rows[: limit + 1], limit, lambda each: each)
    assert page == rows[:limit]
    assert cursor == (rows[limit - 1] if length > limit else None)


def test_moment_of_another_zone_is_the_same_moment() -> None:
    here = datetime(2026, 3, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    assert paging.cursor(here, "r") == paging.cursor(here.astimezone(UTC), "r")
