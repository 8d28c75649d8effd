"""What a value becomes in a column, and what it is when it comes back."""

from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from ripieno.store.values import Json, Time, Words

DIALECT = sqlite.dialect()
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def through(kind: Any, value: object) -> object:
    """A value as it comes back from a column of that kind."""
    return kind.process_result_value(kind.process_bind_param(value, DIALECT), DIALECT)


@given(value=PLAIN)
def test_plain_data_comes_back_with_its_keys_in_order(value: object) -> None:
    found = through(Json(), value)
    assert found == value
    assert repr(found) == repr(value)


@given(value=PLAIN)
def test_plain_data_is_text_that_every_database_keeps(value: object) -> None:
    written = Json().process_bind_param(value, DIALECT)
    assert value is None if written is None else written.isascii() and "\0" not in written


def test_mapping_that_is_no_dict_is_kept_as_one() -> None:
    value = MappingProxyType({"a": MappingProxyType({"b": (1, 2)})})
    assert through(Json(), value) == {"a": {"b": [1, 2]}}


def test_what_is_not_plain_data_is_refused() -> None:
    with pytest.raises(TypeError, match="set cannot be stored"):
        through(Json(), {"a": {1}})


@given(
    at=st.datetimes(
        datetime(1900, 1, 1),  # noqa: DTZ001  # made aware below
        datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from((UTC, timezone(timedelta(hours=-7, minutes=-30)))),
    )
)
def test_moment_comes_back_to_the_microsecond_and_in_utc(at: datetime) -> None:
    found = through(Time(), at)
    assert isinstance(found, datetime)
    assert found == at
    assert found.tzinfo is UTC


@given(moments=st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2))
def test_moments_are_ordered_as_they_are_kept(moments: list[datetime]) -> None:
    kept = {at: Time().process_bind_param(at, DIALECT) for at in moments}
    assert sorted(moments) == sorted(moments, key=lambda at: kept[at] or 0)


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        Time().process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001  # that is the point


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_text_comes_back_as_it_was(text: str) -> None:
    assert Words().process_bind_param(text, DIALECT) == text


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "a\udcffb"])
def test_what_no_database_keeps_becomes_the_replacement_character(text: str) -> None:
    assert Words().process_bind_param(text, DIALECT) == "a\ufffdb"


@pytest.mark.parametrize("kind", [Json(), Time(), Words()])
def test_nothing_stays_nothing(kind: Any) -> None:
    assert kind.process_bind_param(None, DIALECT) is None
