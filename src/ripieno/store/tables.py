"""The tables, with columns named as the fields of the records that they hold."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Column, Dialect, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import BigInteger, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Time(TypeDecorator[datetime]):
    """A moment as microseconds since 1970, so that both databases keep and order it alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else _EPOCH + value * _MICROSECOND


class Json(TypeDecorator[Any]):
    """Plain data as text, which keeps the order of keys."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else json.dumps(value, separators=(",", ":"), default=_plain)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From the database."""
        return None if value is None else json.loads(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


METADATA = MetaData()

# SQLite counts up by itself only for its own INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **options)


DEPLOYMENTS = Table(
    "deployments",
    METADATA,
    _text("id", primary_key=True),
    _text("name"),
    _text("application"),
    _text("version"),
    _text("document"),
    Column("parameters", Json, nullable=False),
    _text("owner"),
    _text("state"),
    Column("revision", Integer, nullable=False),
    Column("target", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
)
_IS_THERE = sql.text("state <> 'removed'")
Index(
    "deployments_name",
    DEPLOYMENTS.c.name,
    unique=True,
    sqlite_where=_IS_THERE,
    postgresql_where=_IS_THERE,
)

RECONFIGURATIONS = Table(
    "reconfigurations",
    METADATA,
    _text("id", primary_key=True),
    _text("deployment"),
    _text("kind"),
    _text("state"),
    Column("document", Text),
    Column("parameters", Json, nullable=False),
    Column("plan", Json),
    Column("options", Json, nullable=False),
    _text("requested_by"),
    Column("reason", Text),
    Column("created_at", Time, nullable=False),
    Column("started_at", Time),
    Column("ended_at", Time),
    Index("reconfigurations_deployment", "deployment", "created_at"),
)

COMMANDS = Table(
    "commands",
    METADATA,
    _text("deployment", primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("reconfiguration", Text),
    _text("component"),
    _text("transition"),
    _text("verb"),
    Column("arguments", Json, nullable=False),
    _text("state"),
    Column("cause", Text),
    Column("issued_at", Time, nullable=False),
    Column("ended_at", Time),
    Index("commands_state", "deployment", "state"),
    Index("commands_reconfiguration", "reconfiguration"),
)

TIMERS = Table(
    "timers",
    METADATA,
    _text("deployment", primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("due_at", Time, nullable=False),
)

HANDLES = Table(
    "handles",
    METADATA,
    _text("deployment", primary_key=True),
    _text("component", primary_key=True),
    Column("runtime_handle", Json, nullable=False),
    Column("definition", Json, nullable=False),
)

MARKINGS = Table(
    "markings",
    METADATA,
    _text("deployment", primary_key=True),
    Column("seq", BigInteger, nullable=False),
    _text("snapshot"),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("id", _Id, primary_key=True, autoincrement=True),
    _text("deployment"),
    Column("seq", BigInteger, nullable=False),
    Column("at", Time, nullable=False),
    _text("kind"),
    Column("component", Text),
    Column("reconfiguration", Text),
    Column("data", Json, nullable=False),
    _text("batch"),
    Index("events_seq", "deployment", "seq", unique=True),
    sqlite_autoincrement=True,
)

HOSTS = Table(
    "hosts",
    METADATA,
    _text("name", primary_key=True),
    Column("config", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("revision", Integer, nullable=False),
)

VERSIONS = Table(
    "versions",
    METADATA,
    _text("application", primary_key=True),
    _text("version", primary_key=True),
    _text("title"),
    _text("description"),
    _text("document"),
    Column("published_at", Time, nullable=False),
)

SECRETS = Table(
    "secrets",
    METADATA,
    _text("name", primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

TOKENS = Table(
    "tokens",
    METADATA,
    _text("id", primary_key=True),
    _text("name"),
    _text("digest", unique=True),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time),
    Column("revoked_at", Time),
)

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    _text("key", primary_key=True),
    _text("token", primary_key=True),
    _text("fingerprint"),
    Column("status", Integer, nullable=False),
    _text("body"),
    Column("at", Time, nullable=False),
)
