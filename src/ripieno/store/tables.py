"""The tables, with columns named as the fields of the records that they hold."""

from typing import Any

import sqlalchemy as sql
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    event,
)
from sqlalchemy.types import BigInteger

from ripieno.store import full_text
from ripieno.store.registered import EntryState, VersionState
from ripieno.store.values import Choice, Files, Json, Presented, Texts, Time, WordList, Words

METADATA = MetaData()


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Words, nullable=False, **options)


def _deployment(**options: Any) -> Column[str]:
    of = ForeignKey("deployments.id", name=options.pop("rule"))
    return Column("deployment", Words, of, nullable=False, **options)


def _application(**options: Any) -> Column[int]:
    of = ForeignKey("applications.id", name=options.pop("rule"), ondelete="CASCADE")
    return Column("application", Integer, of, nullable=False, autoincrement=False, **options)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


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
    Column("readers", WordList, nullable=False),
    _text("state"),
    Column("revision", Integer, nullable=False),
    Column("target", Json, nullable=False),
    Column("life", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
)
NAME_RULE = "deployments_name"
_NAMES = Index(NAME_RULE, DEPLOYMENTS.c.name, unique=True)


@event.listens_for(METADATA, "before_create")
def _let_names_be_used_again(metadata: MetaData, connection: Connection, **_: object) -> None:
    # Said where the index is made, since to say it above loads the dialects of both databases.
    condition = sql.text("state <> 'removed'")
    _NAMES.dialect_options[connection.dialect.name]["where"] = condition


@event.listens_for(METADATA, "after_create")
def _make_words(metadata: MetaData, connection: Connection, **_: object) -> None:
    full_text.make(connection)


@event.listens_for(METADATA, "before_drop")
def _drop_words(metadata: MetaData, connection: Connection, **_: object) -> None:
    full_text.drop(connection)


RECONFIGURATIONS = Table(
    "reconfigurations",
    METADATA,
    _text("id", primary_key=True),
    _deployment(rule="reconfigurations_of"),
    _text("kind"),
    _text("state"),
    Column("document", Words),
    Column("parameters", Json, nullable=False),
    Column("plan", Json),
    Column("options", Json, nullable=False),
    _text("requested_by"),
    Column("reason", Words),
    Column("created_at", Time, nullable=False),
    Column("started_at", Time),
    Column("ended_at", Time),
    Index("reconfigurations_deployment", "deployment", "created_at"),
)

COMMANDS = Table(
    "commands",
    METADATA,
    _deployment(rule="commands_of", primary_key=True),
    _number("id"),
    _number("attempt"),
    Column("reconfiguration", Words),
    _text("component"),
    _text("transition"),
    _text("verb"),
    Column("arguments", Json, nullable=False),
    _text("state"),
    Column("cause", Words),
    Column("issued_at", Time, nullable=False),
    Column("ended_at", Time),
    Index("commands_state", "deployment", "state"),
    Index("commands_reconfiguration", "reconfiguration"),
)

TIMERS = Table(
    "timers",
    METADATA,
    _deployment(rule="timers_of", primary_key=True),
    _number("id"),
    Column("due_at", Time, nullable=False),
)

HANDLES = Table(
    "handles",
    METADATA,
    _deployment(rule="handles_of", primary_key=True),
    _text("component", primary_key=True),
    Column("runtime_handle", Json, nullable=False),
    Column("definition", Json, nullable=False),
)

MARKINGS = Table(
    "markings",
    METADATA,
    _deployment(rule="markings_of", primary_key=True),
    Column("seq", BigInteger, nullable=False),
    _text("snapshot"),
)

EVENTS = Table(
    "events",
    METADATA,
    # SQLite knows its row number by the name INTEGER only.
    Column(
        "id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    _deployment(rule="events_of"),
    Column("seq", BigInteger, nullable=False),
    Column("at", Time, nullable=False),
    _text("kind"),
    Column("component", Words),
    Column("reconfiguration", Words),
    Column("data", Json, nullable=False),
    _text("batch"),
    Index("events_seq", "deployment", "seq", unique=True),
    Index("events_deployment", "deployment", "id"),
)

HOSTS = Table(
    "hosts",
    METADATA,
    _text("name", primary_key=True),
    Column("config", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("revision", Integer, nullable=False),
)

APPLICATIONS = Table(
    "applications",
    METADATA,
    _number("id"),
    _text("name"),
    _text("version"),
    Column("latest", Words),
    Column("state", Choice(EntryState), nullable=False),
    _text("title"),
    _text("summary"),
    _text("category"),
    Column("tags", Texts, nullable=False),
    Column("maintainers", Texts, nullable=False),
    Column("kinds", Texts, nullable=False),
    _text("licence"),
    _text("icon"),
    _text("owner"),
    Column("editors", Texts, nullable=False),
    Column("visibility", Texts, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("revision", Integer, nullable=False),
    Index("applications_name", "name", unique=True),
    Index("applications_revision", "revision"),
    Index("applications_newest", "updated_at", "name"),
)

VERSIONS = Table(
    "versions",
    METADATA,
    _text("application", primary_key=True),
    _text("version", primary_key=True),
    Column("state", Choice(VersionState), nullable=False),
    _text("problem"),
    Column("created_at", Time, nullable=False),
    _text("created_by"),
    Column("published_at", Time),
    _text("yanked_because"),
    Column("presentation", Presented, nullable=False),
    Column("kinds", Texts, nullable=False),
    Column("files", Files, nullable=False),
    _text("document"),
)

FACETS = Table(
    "facets",
    METADATA,
    _text("kind", primary_key=True),
    _text("value", primary_key=True),
    _application(rule="facets_of", primary_key=True),
    Index("facets_application", "application"),
)

AUDIENCE = Table(
    "audience",
    METADATA,
    _text("principal", primary_key=True),
    _application(rule="audience_of", primary_key=True),
    Column("edits", Boolean, nullable=False),
    Index("audience_application", "application"),
)

REMOVED_APPLICATIONS = Table(
    "removed_applications",
    METADATA,
    _number("id"),
    Column("revision", Integer, nullable=False),
)

BLOBS = Table(
    "blobs",
    METADATA,
    _text("digest", primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

HELD_FILES = Table(
    "held_files",
    METADATA,
    _text("digest", primary_key=True),
    _text("application", primary_key=True),
    _text("version", primary_key=True),
    Index("held_files_version", "application", "version"),
)

SECRETS = Table(
    "secrets",
    METADATA,
    _text("name", primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

USERS = Table(
    "users",
    METADATA,
    _text("name", primary_key=True),
    _text("display_name"),
    _text("email"),
    _text("role"),
    Column("is_disabled", Boolean, nullable=False),
    Column("password_hash", Words),
    Column("issuer", Words),
    Column("subject", Words),
    Column("created_at", Time, nullable=False),
    Column("signed_out_at", Time, nullable=False),
    Index("users_identity", "issuer", "subject", unique=True),
)

GROUPS = Table(
    "groups",
    METADATA,
    _text("name", primary_key=True),
    _text("description"),
    Column("created_at", Time, nullable=False),
)

MEMBERS = Table(
    "members",
    METADATA,
    Column("group", Words, ForeignKey("groups.name", name="members_in"), primary_key=True),
    Column("user", Words, ForeignKey("users.name", name="members_who"), primary_key=True),
    Column("is_manager", Boolean, nullable=False),
    Index("members_user", "user"),
)

TOKENS = Table(
    "tokens",
    METADATA,
    _text("id", primary_key=True),
    _text("name"),
    Column("user", Words, ForeignKey("users.name", name="tokens_of"), nullable=False),
    Column("scopes", WordList, nullable=False),
    _text("digest"),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time),
    Column("revoked_at", Time),
    Column("last_used_at", Time),
    Index("tokens_digest", "digest", unique=True),
    Index("tokens_user", "user"),
)

QUOTAS = Table(
    "quotas",
    METADATA,
    _text("subject", primary_key=True),
    Column("deployments", Integer),
    Column("cpus", Double),
    Column("memory_mib", Integer),
)

SAVED = Table(
    "saved_configurations",
    METADATA,
    Column("user", Words, ForeignKey("users.name", name="saved_by"), primary_key=True),
    _text("application", primary_key=True),
    _text("name", primary_key=True),
    Column("version", Words),
    _text("configuration"),
    Column("settings", Json, nullable=False),
    Column("saved_at", Time, nullable=False),
    Index("saved_configurations_application", "application"),
)

AUDIT = Table(
    "audit",
    METADATA,
    _text("id", primary_key=True),
    Column("at", Time, nullable=False),
    _text("user"),
    _text("via"),
    _text("address"),
    _text("action"),
    _text("thing"),
    _text("result"),
    Column("reason", Words),
    Index("audit_at", "at", "id"),
    Index("audit_user", "user", "at"),
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
    Index("idempotency_at", "at"),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    _text("id", primary_key=True),
    _text("digest"),
    _text("user"),
    _text("via"),
    _text("address"),
    _text("browser"),
    Column("created_at", Time, nullable=False),
    Column("seen_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Index("sessions_digest", "digest", unique=True),
    Index("sessions_user", "user"),
    Index("sessions_expires_at", "expires_at"),
)

TICKETS = Table(
    "tickets",
    METADATA,
    _text("digest", primary_key=True),
    _text("user"),
    _text("purpose"),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Index("tickets_user", "user"),
    Index("tickets_expires_at", "expires_at"),
)
