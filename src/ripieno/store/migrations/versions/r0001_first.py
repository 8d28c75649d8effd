"""The first tables."""

import sqlalchemy as sql
from alembic import op

from ripieno.store import full_text

revision = "0001"
down_revision = None

_WORDS = sql.Text().with_variant(sql.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "audit",
        sql.Column("id", _WORDS, nullable=False),
        sql.Column("at", sql.BigInteger(), nullable=False),
        sql.Column("user", _WORDS, nullable=False),
        sql.Column("via", _WORDS, nullable=False),
        sql.Column("address", _WORDS, nullable=False),
        sql.Column("action", _WORDS, nullable=False),
        sql.Column("thing", _WORDS, nullable=False),
        sql.Column("result", _WORDS, nullable=False),
        sql.Column("reason", _WORDS, nullable=True),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_at", "audit", ["at", "id"])
    op.create_index("audit_user", "audit", ["user", "at"])
    op.create_table(
        "deployments",
        sql.Column("id", _WORDS, nullable=False),
        sql.Column("name", _WORDS, nullable=False),
        sql.Column("application", _WORDS, nullable=False),
        sql.Column("version", _WORDS, nullable=False),
        sql.Column("document", _WORDS, nullable=False),
        sql.Column("parameters", sql.Text(), nullable=False),
        sql.Column("owner", _WORDS, nullable=False),
        sql.Column("readers", sql.Text(), nullable=False),
        sql.Column("state", _WORDS, nullable=False),
        sql.Column("revision", sql.Integer(), nullable=False),
        sql.Column("target", sql.Text(), nullable=False),
        sql.Column("life", sql.Text(), nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("updated_at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "deployments_name",
        "deployments",
        ["name"],
        unique=True,
        sqlite_where=sql.text("state <> 'removed'"),
        postgresql_where=sql.text("state <> 'removed'"),
    )
    op.create_table(
        "hosts",
        sql.Column("name", _WORDS, nullable=False),
        sql.Column("config", sql.Text(), nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("revision", sql.Integer(), nullable=False),
        sql.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "idempotency",
        sql.Column("key", _WORDS, nullable=False),
        sql.Column("token", _WORDS, nullable=False),
        sql.Column("fingerprint", _WORDS, nullable=False),
        sql.Column("status", sql.Integer(), nullable=False),
        sql.Column("body", _WORDS, nullable=False),
        sql.Column("at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("key", "token"),
    )
    op.create_index("idempotency_at", "idempotency", ["at"])
    op.create_table(
        "quotas",
        sql.Column("subject", _WORDS, nullable=False),
        sql.Column("deployments", sql.Integer(), nullable=True),
        sql.Column("cpus", sql.Double(), nullable=True),
        sql.Column("memory_mib", sql.Integer(), nullable=True),
        sql.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "secrets",
        sql.Column("name", _WORDS, nullable=False),
        sql.Column("sealed", sql.LargeBinary(), nullable=False),
        sql.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "users",
        sql.Column("name", _WORDS, nullable=False),
        sql.Column("display_name", _WORDS, nullable=False),
        sql.Column("email", _WORDS, nullable=False),
        sql.Column("role", _WORDS, nullable=False),
        sql.Column("is_disabled", sql.Boolean(), nullable=False),
        sql.Column("password_hash", _WORDS, nullable=True),
        sql.Column("issuer", _WORDS, nullable=True),
        sql.Column("subject", _WORDS, nullable=True),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("signed_out_at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("name"),
    )
    op.create_index("users_identity", "users", ["issuer", "subject"], unique=True)
    op.create_table(
        "groups",
        sql.Column("name", _WORDS, nullable=False),
        sql.Column("description", _WORDS, nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "members",
        sql.Column("group", _WORDS, nullable=False),
        sql.Column("user", _WORDS, nullable=False),
        sql.Column("is_manager", sql.Boolean(), nullable=False),
        sql.ForeignKeyConstraint(["group"], ["groups.name"], name="members_in"),
        sql.ForeignKeyConstraint(["user"], ["users.name"], name="members_who"),
        sql.PrimaryKeyConstraint("group", "user"),
    )
    op.create_index("members_user", "members", ["user"])
    op.create_table(
        "tokens",
        sql.Column("id", _WORDS, nullable=False),
        sql.Column("name", _WORDS, nullable=False),
        sql.Column("user", _WORDS, nullable=False),
        sql.Column("scopes", sql.Text(), nullable=False),
        sql.Column("digest", _WORDS, nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("expires_at", sql.BigInteger(), nullable=True),
        sql.Column("revoked_at", sql.BigInteger(), nullable=True),
        sql.Column("last_used_at", sql.BigInteger(), nullable=True),
        sql.ForeignKeyConstraint(["user"], ["users.name"], name="tokens_of"),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_index("tokens_digest", "tokens", ["digest"], unique=True)
    op.create_index("tokens_user", "tokens", ["user"])
    op.create_table(
        "saved_configurations",
        sql.Column("user", _WORDS, nullable=False),
        sql.Column("application", _WORDS, nullable=False),
        sql.Column("name", _WORDS, nullable=False),
        sql.Column("version", _WORDS, nullable=True),
        sql.Column("configuration", _WORDS, nullable=False),
        sql.Column("settings", sql.Text(), nullable=False),
        sql.Column("saved_at", sql.BigInteger(), nullable=False),
        sql.ForeignKeyConstraint(["user"], ["users.name"], name="saved_by"),
        sql.PrimaryKeyConstraint("user", "application", "name"),
    )
    op.create_index("saved_configurations_application", "saved_configurations", ["application"])
    op.create_table(
        "applications",
        sql.Column("id", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("name", _WORDS, nullable=False),
        sql.Column("version", _WORDS, nullable=False),
        sql.Column("latest", _WORDS, nullable=True),
        sql.Column("state", _WORDS, nullable=False),
        sql.Column("title", _WORDS, nullable=False),
        sql.Column("summary", _WORDS, nullable=False),
        sql.Column("category", _WORDS, nullable=False),
        sql.Column("tags", sql.Text(), nullable=False),
        sql.Column("maintainers", sql.Text(), nullable=False),
        sql.Column("kinds", sql.Text(), nullable=False),
        sql.Column("licence", _WORDS, nullable=False),
        sql.Column("icon", _WORDS, nullable=False),
        sql.Column("owner", _WORDS, nullable=False),
        sql.Column("editors", sql.Text(), nullable=False),
        sql.Column("visibility", sql.Text(), nullable=False),
        sql.Column("is_open", sql.Boolean(), nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("updated_at", sql.BigInteger(), nullable=False),
        sql.Column("revision", sql.Integer(), nullable=False),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_index("applications_name", "applications", ["name"], unique=True)
    op.create_index("applications_revision", "applications", ["revision"])
    op.create_index("applications_newest", "applications", ["updated_at", "name"])
    op.create_table(
        "versions",
        sql.Column("application", _WORDS, nullable=False),
        sql.Column("version", _WORDS, nullable=False),
        sql.Column("state", _WORDS, nullable=False),
        sql.Column("problem", _WORDS, nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("created_by", _WORDS, nullable=False),
        sql.Column("published_at", sql.BigInteger(), nullable=True),
        sql.Column("yanked_because", _WORDS, nullable=False),
        sql.Column("presentation", sql.Text(), nullable=False),
        sql.Column("kinds", sql.Text(), nullable=False),
        sql.Column("files", sql.Text(), nullable=False),
        sql.Column("document", _WORDS, nullable=False),
        sql.PrimaryKeyConstraint("application", "version"),
    )
    op.create_table(
        "facets",
        sql.Column("kind", _WORDS, nullable=False),
        sql.Column("value", _WORDS, nullable=False),
        sql.Column("application", sql.Integer(), autoincrement=False, nullable=False),
        sql.ForeignKeyConstraint(
            ["application"], ["applications.id"], name="facets_of", ondelete="CASCADE"
        ),
        sql.PrimaryKeyConstraint("kind", "value", "application"),
    )
    op.create_index("facets_application", "facets", ["application"])
    op.create_table(
        "audience",
        sql.Column("principal", _WORDS, nullable=False),
        sql.Column("application", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("edits", sql.Boolean(), nullable=False),
        sql.ForeignKeyConstraint(
            ["application"], ["applications.id"], name="audience_of", ondelete="CASCADE"
        ),
        sql.PrimaryKeyConstraint("principal", "application"),
    )
    op.create_index("audience_application", "audience", ["application"])
    op.create_table(
        "removed_applications",
        sql.Column("id", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("revision", sql.Integer(), nullable=False),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "blobs",
        sql.Column("digest", _WORDS, nullable=False),
        sql.Column("content", sql.LargeBinary(), nullable=False),
        sql.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "held_files",
        sql.Column("digest", _WORDS, nullable=False),
        sql.Column("application", _WORDS, nullable=False),
        sql.Column("version", _WORDS, nullable=False),
        sql.PrimaryKeyConstraint("digest", "application", "version"),
    )
    op.create_index("held_files_version", "held_files", ["application", "version"])
    full_text.make(op.get_bind())
    op.create_table(
        "sessions",
        sql.Column("id", _WORDS, nullable=False),
        sql.Column("digest", _WORDS, nullable=False),
        sql.Column("user", _WORDS, nullable=False),
        sql.Column("via", _WORDS, nullable=False),
        sql.Column("address", _WORDS, nullable=False),
        sql.Column("browser", _WORDS, nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("seen_at", sql.BigInteger(), nullable=False),
        sql.Column("expires_at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_index("sessions_digest", "sessions", ["digest"], unique=True)
    op.create_index("sessions_user", "sessions", ["user"])
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "tickets",
        sql.Column("digest", _WORDS, nullable=False),
        sql.Column("user", _WORDS, nullable=False),
        sql.Column("purpose", _WORDS, nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("expires_at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("digest"),
    )
    op.create_index("tickets_user", "tickets", ["user"])
    op.create_index("tickets_expires_at", "tickets", ["expires_at"])
    op.create_table(
        "commands",
        sql.Column("deployment", _WORDS, nullable=False),
        sql.Column("id", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("attempt", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("reconfiguration", _WORDS, nullable=True),
        sql.Column("component", _WORDS, nullable=False),
        sql.Column("transition", _WORDS, nullable=False),
        sql.Column("verb", _WORDS, nullable=False),
        sql.Column("arguments", sql.Text(), nullable=False),
        sql.Column("state", _WORDS, nullable=False),
        sql.Column("cause", _WORDS, nullable=True),
        sql.Column("issued_at", sql.BigInteger(), nullable=False),
        sql.Column("ended_at", sql.BigInteger(), nullable=True),
        sql.ForeignKeyConstraint(["deployment"], ["deployments.id"], name="commands_of"),
        sql.PrimaryKeyConstraint("deployment", "id", "attempt"),
    )
    op.create_index("commands_reconfiguration", "commands", ["reconfiguration"])
    op.create_index("commands_state", "commands", ["deployment", "state"])
    op.create_table(
        "events",
        sql.Column(
            "id",
            sql.BigInteger().with_variant(sql.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sql.Column("deployment", _WORDS, nullable=False),
        sql.Column("seq", sql.BigInteger(), nullable=False),
        sql.Column("at", sql.BigInteger(), nullable=False),
        sql.Column("kind", _WORDS, nullable=False),
        sql.Column("component", _WORDS, nullable=True),
        sql.Column("reconfiguration", _WORDS, nullable=True),
        sql.Column("data", sql.Text(), nullable=False),
        sql.Column("batch", _WORDS, nullable=False),
        sql.ForeignKeyConstraint(["deployment"], ["deployments.id"], name="events_of"),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_index("events_deployment", "events", ["deployment", "id"])
    op.create_index("events_seq", "events", ["deployment", "seq"], unique=True)
    op.create_table(
        "handles",
        sql.Column("deployment", _WORDS, nullable=False),
        sql.Column("component", _WORDS, nullable=False),
        sql.Column("runtime_handle", sql.Text(), nullable=False),
        sql.Column("definition", sql.Text(), nullable=False),
        sql.ForeignKeyConstraint(["deployment"], ["deployments.id"], name="handles_of"),
        sql.PrimaryKeyConstraint("deployment", "component"),
    )
    op.create_table(
        "markings",
        sql.Column("deployment", _WORDS, nullable=False),
        sql.Column("seq", sql.BigInteger(), nullable=False),
        sql.Column("snapshot", _WORDS, nullable=False),
        sql.ForeignKeyConstraint(["deployment"], ["deployments.id"], name="markings_of"),
        sql.PrimaryKeyConstraint("deployment"),
    )
    op.create_table(
        "reconfigurations",
        sql.Column("id", _WORDS, nullable=False),
        sql.Column("deployment", _WORDS, nullable=False),
        sql.Column("kind", _WORDS, nullable=False),
        sql.Column("state", _WORDS, nullable=False),
        sql.Column("document", _WORDS, nullable=True),
        sql.Column("parameters", sql.Text(), nullable=False),
        sql.Column("plan", sql.Text(), nullable=True),
        sql.Column("options", sql.Text(), nullable=False),
        sql.Column("requested_by", _WORDS, nullable=False),
        sql.Column("reason", _WORDS, nullable=True),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("started_at", sql.BigInteger(), nullable=True),
        sql.Column("ended_at", sql.BigInteger(), nullable=True),
        sql.ForeignKeyConstraint(["deployment"], ["deployments.id"], name="reconfigurations_of"),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_index("reconfigurations_deployment", "reconfigurations", ["deployment", "created_at"])
    op.create_table(
        "timers",
        sql.Column("deployment", _WORDS, nullable=False),
        sql.Column("id", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("due_at", sql.BigInteger(), nullable=False),
        sql.ForeignKeyConstraint(["deployment"], ["deployments.id"], name="timers_of"),
        sql.PrimaryKeyConstraint("deployment", "id"),
    )
