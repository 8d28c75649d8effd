"""The words of applications in the database's own full-text index: FTS5, or tsvector with GIN.

Both are given words that `words` has made, so they fold, split and prefix alike; only how they rank
is their own. A word counts more in the name or title than among the tags, there more than in the
summary, and least in the description.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store.words import words

TABLE = "words"

MOST_WORDS = 5000
"""How many words of an application are indexed; PostgreSQL counts up to some 16,000 places."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """What is found of an application, in the order of how much it counts."""

    head: str = ""
    tags: str = ""
    summary: str = ""
    body: str = ""

    def words(self) -> tuple[list[str], ...]:
        """The words of each, no more than can be indexed."""
        return tuple(
            words(each)[:MOST_WORDS] for each in (self.head, self.tags, self.summary, self.body)
        )


class FullText(Protocol):
    """The index of one kind of database."""

    def make(self, connection: Connection) -> None:
        """Make the empty index."""
        ...

    def put(self, connection: Connection, texts: Mapping[int, Texts]) -> None:
        """Index applications by their ids, in the place of what was known of them."""
        ...

    def remove(self, connection: Connection, ids: Collection[int]) -> None:
        """Forget applications."""
        ...

    def matching(
        self,
        connection: Connection,
        asked: Sequence[str],
        *,
        among: Collection[int] | None = None,
        most: int | None = None,
    ) -> list[int]:
        """The applications in which every word begins one.

        Only those `among` some are looked for, if they are given; and any `most` of them told.
        """
        ...

    def ranks(
        self, connection: Connection, asked: Sequence[str], ids: Collection[int]
    ) -> dict[int, float]:
        """How well these applications fit, all of which do; the higher the better."""
        ...


class SqliteFullText:
    """FTS5. Its own BM25 would look at every application to rank some, so it is not asked."""

    # One long row: to step through thousands of short ones costs more than to find them.
    _ASKED = (
        f"SELECT group_concat(rowid) FROM (SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH :query "
        "{among} LIMIT :most)"
    )
    # The index is looked at between the first and the last of them only.
    _AMONG = (
        "AND rowid BETWEEN :first AND :last AND +rowid IN (SELECT value FROM json_each(:among))"
    )
    _RANKED = sql.text(
        f"SELECT rowid, head, tags, summary, body FROM {TABLE} "
        "WHERE rowid IN (SELECT value FROM json_each(:ids))"
    )
    _WEIGHTS = (20.0, 10.0, 4.0, 1.0)

    def make(self, connection: Connection) -> None:
        """Make the empty index."""
        # Words come separated by spaces; this tokenizer has nothing to do but to see that.
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE {TABLE} USING fts5 "
            "(head, tags, summary, body, tokenize = 'ascii', prefix = '1 2 3', detail = 'none')"
        )

    def put(self, connection: Connection, texts: Mapping[int, Texts]) -> None:
        """Index applications by their ids."""
        self.remove(connection, texts)
        connection.exec_driver_sql(
            f"INSERT INTO {TABLE} (rowid, head, tags, summary, body) VALUES (?, ?, ?, ?, ?)",
            [(id, *map(" ".join, each.words())) for id, each in texts.items()],
        )

    def remove(self, connection: Connection, ids: Collection[int]) -> None:
        """Forget applications."""
        statement = f"DELETE FROM {TABLE} WHERE rowid = ?"
        connection.exec_driver_sql(statement, [(id,) for id in ids])

    def matching(
        self,
        connection: Connection,
        asked: Sequence[str],
        *,
        among: Collection[int] | None = None,
        most: int | None = None,
    ) -> list[int]:
        """The applications that fit."""
        given: dict[str, object] = {"query": _fts5(asked), "most": -1 if most is None else most}
        if among is not None:
            given |= {"among": json.dumps(list(among)), "first": min(among), "last": max(among)}
        statement = self._ASKED.format(among="" if among is None else self._AMONG)
        found = connection.execute(sql.text(statement), given).scalar()
        return list(json.loads(f"[{found or ''}]"))

    def ranks(
        self, connection: Connection, asked: Sequence[str], ids: Collection[int]
    ) -> dict[int, float]:
        """How well they fit."""
        begins = [f" {each}" for each in asked]
        found = connection.execute(self._RANKED, {"ids": json.dumps(list(ids))})
        return {
            id: sum(
                weight * _density(f" {text}", begins)
                for weight, text in zip(self._WEIGHTS, texts, strict=True)
                if text
            )
            for id, *texts in found.all()
        }


def _density(text: str, begins: Sequence[str]) -> float:
    """How much of a text is the words that are asked for; the second time counts for less."""
    counts = [text.count(each) for each in begins]
    length = 20 + text.count(" ")
    return sum(count / (count + length / 20) for count in counts)


def _fts5(asked: Sequence[str]) -> str:
    return " ".join(f'"{each}"*' for each in asked)


class PostgresqlFullText:
    """Vectors that are put together here, so that no dictionary or locale has a say.

    GIN collects all that a word fits before it tells the first. So applications are divided into
    *sections*: in `everything` each word has the number of its section before it, and one section
    is asked after the other, the newest first, until enough is found.
    """

    _SECTION = 10_000
    """So many applications, by their ids."""

    _QUERY = "CAST(replace(:query, '/', {section} || '/') AS tsquery)"
    _SECTIONS = f"generate_series(0, (SELECT max(application) FROM {TABLE}) / {_SECTION})"
    # Read once for each section, rather than for each application that is looked at.
    _OWN_QUERY = (
        f"(ARRAY(SELECT {_QUERY.format(section='section')} FROM {_SECTIONS} AS section))"
        f"[application / {_SECTION} + 1]"
    )
    _ANYWHERE = (
        "SELECT application FROM "
        f"generate_series((SELECT max(application) FROM {TABLE}) / {_SECTION}, 0, -1) AS section, "
        f"LATERAL (SELECT application FROM {TABLE} "
        f"WHERE everything @@ {_QUERY.format(section='section')}) AS fitting"
    )
    _AMONG = (
        f"SELECT application FROM {TABLE} WHERE everything @@ {_OWN_QUERY} "
        "AND application = ANY(:among)"
    )
    _TOLD = "SELECT coalesce(array_agg(application), '{{}}') FROM ({found} LIMIT :most) AS found"
    _RANKED = sql.text(
        f"SELECT application, ts_rank(everything, {_OWN_QUERY}, 1) FROM {TABLE} "
        "WHERE application = ANY(:ids)"
    )

    _PUT = sql.text(
        f"INSERT INTO {TABLE} (application, everything) VALUES (:id, CAST(:vector AS tsvector)) "
        "ON CONFLICT (application) DO UPDATE SET everything = excluded.everything"
    )

    def make(self, connection: Connection) -> None:
        """Make the empty index."""
        connection.exec_driver_sql(
            f"CREATE TABLE {TABLE} (application INTEGER NOT NULL CONSTRAINT {TABLE}_pkey "
            f"PRIMARY KEY CONSTRAINT {TABLE}_of REFERENCES applications (id) ON DELETE CASCADE,"
            " everything tsvector NOT NULL)"
        )
        connection.exec_driver_sql(
            f"CREATE INDEX {TABLE}_everything ON {TABLE} USING gin (everything) "
            "WITH (fastupdate = off)"
        )

    def put(self, connection: Connection, texts: Mapping[int, Texts]) -> None:
        """Index applications by their ids."""
        given = [
            {"id": id, "vector": _vector(each.words(), f"{id // self._SECTION}/")}
            for id, each in texts.items()
        ]
        connection.execute(self._PUT, given)

    def remove(self, connection: Connection, ids: Collection[int]) -> None:
        """Nothing: it goes with the application."""

    def matching(
        self,
        connection: Connection,
        asked: Sequence[str],
        *,
        among: Collection[int] | None = None,
        most: int | None = None,
    ) -> list[int]:
        """The applications that fit."""
        given: dict[str, object] = {"query": _tsquery(asked), "most": most}
        found = self._ANYWHERE
        if among is not None:
            given["among"] = list(among)
            found = self._AMONG
        statement = sql.text(self._TOLD.format(found=found))
        return list(connection.execute(statement, given).scalar_one())

    def ranks(
        self, connection: Connection, asked: Sequence[str], ids: Collection[int]
    ) -> dict[int, float]:
        """How well they fit."""
        given = {"query": _tsquery(asked), "ids": list(ids)}
        return {id: rank for id, rank in connection.execute(self._RANKED, given)}


def _tsquery(asked: Sequence[str]) -> str:
    return " & ".join(f"'/{each}':*" for each in asked)


def _vector(parts: Sequence[Sequence[str]], before: str) -> str:
    """Words at their places, weighted from A (the first part) to D."""
    found: list[str] = []
    for part, weight in zip(parts, "ABCD", strict=False):
        found += (
            f"'{before}{word}':{place}{weight}" for place, word in enumerate(part, len(found) + 1)
        )
    return " ".join(found)


_BY_DIALECT: Mapping[str, FullText] = {
    "sqlite": SqliteFullText(),
    "postgresql": PostgresqlFullText(),
}


def of(connection: Connection) -> FullText:
    """The index of the database at the other end."""
    return _BY_DIALECT[connection.dialect.name]


def make(connection: Connection) -> None:
    """Make the empty index."""
    of(connection).make(connection)


def drop(connection: Connection) -> None:
    """Take the index away, if there is one."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {TABLE}")
