"""Records into rows, hundreds at a time, and back.

The values go to the driver as they are to be stored: SQLAlchemy's own way of handling parameters
costs more than what the database does with them.
"""

import dataclasses
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.sql import ColumnElement

R = TypeVar("R")


def put(connection: Connection, table: Table, records: Sequence[object]) -> None:
    """Insert records whose fields are named as the columns, or replace those with their keys."""
    if records:
        kind: Any = type(records[0])
        write = _writing(table, kind, connection.dialect, True)
        connection.exec_driver_sql(write.statement, write.rows(records))


def add(connection: Connection, table: Table, records: Sequence[object], **same: object) -> None:
    """Insert records that are not there yet; `same` are columns that are alike in all of them."""
    if records:
        kind: Any = type(records[0])
        write = _writing(table, kind, connection.dialect, False, *same)
        connection.exec_driver_sql(write.statement, write.rows(records, *same.values()))


def record(kind: type[R], columns: Iterable[ColumnElement[Any]], row: Iterable[Any]) -> R:
    """A row as a record whose fields are named as its columns."""
    return records(kind, columns, [row])[0]


def records(
    kind: type[R], columns: Iterable[ColumnElement[Any]], found: Iterable[Iterable[Any]]
) -> list[R]:
    """Rows as records whose fields are named as their columns."""
    names = [str(column.key) for column in columns]
    return [kind(**dict(zip(names, row, strict=True))) for row in found]


class _Writing:
    """How records of a kind are written into a table."""

    def __init__(
        self, table: Table, kind: Any, dialect: Dialect, replaces: bool, others: tuple[str, ...]
    ) -> None:
        fields = [each.name for each in dataclasses.fields(kind)]
        names = [*fields, *others]
        self._values_of: Callable[[object], tuple[object, ...]] = operator.attrgetter(*fields)
        self._processors = [
            table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names
        ]
        is_numbered = dialect.paramstyle == "numeric_dollar"
        places = [f"${place}" if is_numbered else "?" for place in range(1, len(names) + 1)]
        self.statement = (
            f'INSERT INTO "{table.name}" ({", ".join(map(_quoted, names))}) '
            f"VALUES ({', '.join(places)})"
        )
        if replaces:  # Both databases understand it.
            keys = [each.name for each in table.primary_key.columns]
            changes = (
                f"{_quoted(name)} = excluded.{_quoted(name)}" for name in names if name not in keys
            )
            self.statement += (
                f" ON CONFLICT ({', '.join(map(_quoted, keys))}) DO UPDATE SET {', '.join(changes)}"
            )

    def rows(self, records: Sequence[object], *same: object) -> list[tuple[object, ...]]:
        """The values of each record in the order of the statement."""
        values_of, processors = self._values_of, self._processors
        return [
            tuple(
                [
                    process(value) if process is not None else value
                    for process, value in zip(processors, (*values_of(each), *same), strict=True)
                ]
            )
            for each in records
        ]


@cache
def _writing(table: Table, kind: type, dialect: Dialect, replaces: bool, *others: str) -> _Writing:
    return _Writing(table, kind, dialect, replaces, others)


def _quoted(name: str) -> str:
    return f'"{name}"'
