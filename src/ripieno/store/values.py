"""The kinds of values that columns hold, kept and ordered alike by both databases."""

import dataclasses
import functools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.types import BigInteger, Text, TypeDecorator, TypeEngine

from ripieno.model import presentation
from ripieno.model.presentation import Presentation
from ripieno.store.registered import FileRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """A moment as whole microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def moment(number: int) -> datetime:
    """The moment that `microseconds` made a number of."""
    return _EPOCH + number * _MICROSECOND


class Time(TypeDecorator[datetime]):
    """A moment as microseconds since 1970, so that both databases keep and order it alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else moment(value)


class Words(TypeDecorator[str]):
    """Text that both databases keep and order alike, by its code points.

    What neither can keep (NUL, halves of surrogate pairs; workloads say all sorts of things)
    becomes the replacement character.
    """

    impl = Text
    cache_ok = True
    _impossible = re.compile("[\0\ud800-\udfff]")

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the column."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return self._impossible.sub("\ufffd", value)


class WordList(TypeDecorator[tuple[str, ...]]):
    """Words without spaces, in order, as one text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """From the database."""
        return None if value is None else tuple(value.split())


class Choice(TypeDecorator[StrEnum]):
    """A value of an enumeration."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the column."""
        return Words().load_dialect_impl(dialect)

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """From the database."""
        return None if value is None else self.kind(value)


class Texts(TypeDecorator[tuple[str, ...]]):
    """Any texts, in order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else _ENCODER.encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """From the database."""
        return None if value is None else _texts(value)


@functools.lru_cache(maxsize=10_000)
def _texts(value: str) -> tuple[str, ...]:
    """Texts as they were; applications have most of theirs in common with others."""
    return tuple(json.loads(value))


class Presented(TypeDecorator[Presentation]):
    """How an application presents itself."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Presentation | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else _ENCODER.encode(presentation.to_json(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Presentation | None:
        """From the database."""
        return None if value is None else presentation.from_json(json.loads(value))


class Files(TypeDecorator[Mapping[str, FileRecord]]):
    """Files by their paths."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self, value: Mapping[str, FileRecord] | None, dialect: Dialect
    ) -> str | None:
        """To the database."""
        if value is None:
            return None
        return _ENCODER.encode({path: dataclasses.asdict(each) for path, each in value.items()})

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> Mapping[str, FileRecord] | None:
        """From the database."""
        if value is None:
            return None
        return {path: FileRecord(**each) for path, each in json.loads(value).items()}


class Json(TypeDecorator[Any]):
    """Plain data as text, which keeps the order of keys."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else _ENCODER.encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From the database."""
        return None if value is None else json.loads(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)


def columns_of(table: Table, record: type[Any]) -> list[Column[Any]]:
    """The columns of a table that a record has fields for."""
    return [table.c[each.name] for each in dataclasses.fields(record)]
