"""The first tables."""

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "commands",
        sql.Column("deployment", sql.Text(), nullable=False),
        sql.Column("id", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("attempt", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("reconfiguration", sql.Text(), nullable=True),
        sql.Column("component", sql.Text(), nullable=False),
        sql.Column("transition", sql.Text(), nullable=False),
        sql.Column("verb", sql.Text(), nullable=False),
        sql.Column("arguments", sql.Text(), nullable=False),
        sql.Column("state", sql.Text(), nullable=False),
        sql.Column("cause", sql.Text(), nullable=True),
        sql.Column("issued_at", sql.BigInteger(), nullable=False),
        sql.Column("ended_at", sql.BigInteger(), nullable=True),
        sql.PrimaryKeyConstraint("deployment", "id", "attempt"),
    )
    op.create_index("commands_reconfiguration", "commands", ["reconfiguration"], unique=False)
    op.create_index("commands_state", "commands", ["deployment", "state"], unique=False)
    op.create_table(
        "deployments",
        sql.Column("id", sql.Text(), nullable=False),
        sql.Column("name", sql.Text(), nullable=False),
        sql.Column("application", sql.Text(), nullable=False),
        sql.Column("version", sql.Text(), nullable=False),
        sql.Column("document", sql.Text(), nullable=False),
        sql.Column("parameters", sql.Text(), nullable=False),
        sql.Column("owner", sql.Text(), nullable=False),
        sql.Column("state", sql.Text(), nullable=False),
        sql.Column("revision", sql.Integer(), nullable=False),
        sql.Column("target", sql.Text(), nullable=False),
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
        "events",
        sql.Column(
            "id",
            sql.BigInteger().with_variant(sql.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sql.Column("deployment", sql.Text(), nullable=False),
        sql.Column("seq", sql.BigInteger(), nullable=False),
        sql.Column("at", sql.BigInteger(), nullable=False),
        sql.Column("kind", sql.Text(), nullable=False),
        sql.Column("component", sql.Text(), nullable=True),
        sql.Column("reconfiguration", sql.Text(), nullable=True),
        sql.Column("data", sql.Text(), nullable=False),
        sql.Column("batch", sql.Text(), nullable=False),
        sql.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_seq", "events", ["deployment", "seq"], unique=True)
    op.create_table(
        "handles",
        sql.Column("deployment", sql.Text(), nullable=False),
        sql.Column("component", sql.Text(), nullable=False),
        sql.Column("runtime_handle", sql.Text(), nullable=False),
        sql.Column("definition", sql.Text(), nullable=False),
        sql.PrimaryKeyConstraint("deployment", "component"),
    )
    op.create_table(
        "hosts",
        sql.Column("name", sql.Text(), nullable=False),
        sql.Column("config", sql.Text(), nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("revision", sql.Integer(), nullable=False),
        sql.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "idempotency",
        sql.Column("key", sql.Text(), nullable=False),
        sql.Column("token", sql.Text(), nullable=False),
        sql.Column("fingerprint", sql.Text(), nullable=False),
        sql.Column("status", sql.Integer(), nullable=False),
        sql.Column("body", sql.Text(), nullable=False),
        sql.Column("at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("key", "token"),
    )
    op.create_table(
        "markings",
        sql.Column("deployment", sql.Text(), nullable=False),
        sql.Column("seq", sql.BigInteger(), nullable=False),
        sql.Column("snapshot", sql.Text(), nullable=False),
        sql.PrimaryKeyConstraint("deployment"),
    )
    op.create_table(
        "reconfigurations",
        sql.Column("id", sql.Text(), nullable=False),
        sql.Column("deployment", sql.Text(), nullable=False),
        sql.Column("kind", sql.Text(), nullable=False),
        sql.Column("state", sql.Text(), nullable=False),
        sql.Column("document", sql.Text(), nullable=True),
        sql.Column("parameters", sql.Text(), nullable=False),
        sql.Column("plan", sql.Text(), nullable=True),
        sql.Column("options", sql.Text(), nullable=False),
        sql.Column("requested_by", sql.Text(), nullable=False),
        sql.Column("reason", sql.Text(), nullable=True),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("started_at", sql.BigInteger(), nullable=True),
        sql.Column("ended_at", sql.BigInteger(), nullable=True),
        sql.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "reconfigurations_deployment",
        "reconfigurations",
        ["deployment", "created_at"],
        unique=False,
    )
    op.create_table(
        "secrets",
        sql.Column("name", sql.Text(), nullable=False),
        sql.Column("sealed", sql.LargeBinary(), nullable=False),
        sql.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "timers",
        sql.Column("deployment", sql.Text(), nullable=False),
        sql.Column("id", sql.Integer(), autoincrement=False, nullable=False),
        sql.Column("due_at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("deployment", "id"),
    )
    op.create_table(
        "tokens",
        sql.Column("id", sql.Text(), nullable=False),
        sql.Column("name", sql.Text(), nullable=False),
        sql.Column("digest", sql.Text(), nullable=False),
        sql.Column("created_at", sql.BigInteger(), nullable=False),
        sql.Column("expires_at", sql.BigInteger(), nullable=True),
        sql.Column("revoked_at", sql.BigInteger(), nullable=True),
        sql.PrimaryKeyConstraint("id"),
        sql.UniqueConstraint("digest"),
    )
    op.create_table(
        "versions",
        sql.Column("application", sql.Text(), nullable=False),
        sql.Column("version", sql.Text(), nullable=False),
        sql.Column("title", sql.Text(), nullable=False),
        sql.Column("description", sql.Text(), nullable=False),
        sql.Column("document", sql.Text(), nullable=False),
        sql.Column("published_at", sql.BigInteger(), nullable=False),
        sql.PrimaryKeyConstraint("application", "version"),
    )
