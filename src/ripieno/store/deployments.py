"""Deployments and all that belongs to one: reconfigurations, commands, handles, the marking."""

import sqlalchemy as sql
from sqlalchemy import Select, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from ripieno.store import paging, tables
from ripieno.store.commit import commit
from ripieno.store.database import Database
from ripieno.store.records import (
    Batch,
    CommandRecord,
    DeploymentRecord,
    EventRecord,
    HandleRecord,
    MarkingRecord,
    ReconfigurationRecord,
    TimerRecord,
)
from ripieno.store.rows import all_of, one_of

OPEN_COMMANDS = ("issued", "held")
UNFINISHED = ("queued", "running", "paused", "cancelling")
REMOVED = "removed"


class Deployments:
    """The part of the store that supervisors use."""

    _database: Database

    async def commit(self, deployment: str, batch: Batch) -> list[EventRecord]:
        """Store a batch in one transaction. Raises: `StaleWriter`, `StoreError`."""
        return await commit(self._database, deployment, batch)

    async def deployment(self, id: str) -> DeploymentRecord | None:
        """A deployment, also one that was removed."""
        c = tables.DEPLOYMENTS.c
        return await one_of(
            self._database, DeploymentRecord, sql.select(tables.DEPLOYMENTS).where(c.id == id)
        )

    async def deployment_named(self, name: str) -> DeploymentRecord | None:
        """The deployment of that name, if it is there."""
        c = tables.DEPLOYMENTS.c
        query = sql.select(tables.DEPLOYMENTS).where(c.name == name, c.state != REMOVED)
        return await one_of(self._database, DeploymentRecord, query)

    async def deployments(
        self, *, after: str | None, limit: int
    ) -> tuple[list[DeploymentRecord], str | None]:
        """Deployments that are there, by name, and the cursor to go on with."""
        c = tables.DEPLOYMENTS.c
        query = sql.select(tables.DEPLOYMENTS).where(c.state != REMOVED).order_by(c.name)
        if after is not None:
            query = query.where(c.name > after)
        found = await all_of(self._database, DeploymentRecord, query.limit(limit + 1))
        return paging.page(found, limit, lambda each: each.name)

    async def reconfiguration(self, id: str) -> ReconfigurationRecord | None:
        """A reconfiguration by its id."""
        c = tables.RECONFIGURATIONS.c
        query = sql.select(tables.RECONFIGURATIONS).where(c.id == id)
        return await one_of(self._database, ReconfigurationRecord, query)

    async def reconfigurations(
        self, deployment: str, *, after: str | None, limit: int
    ) -> tuple[list[ReconfigurationRecord], str | None]:
        """The reconfigurations of a deployment, the newest first."""
        c = tables.RECONFIGURATIONS.c
        query = (
            sql.select(tables.RECONFIGURATIONS)
            .where(c.deployment == deployment)
            .order_by(c.created_at.desc(), c.id.desc())
        )
        if after is not None:
            at, id = paging.read_cursor(after)
            earlier = (c.created_at < at) | ((c.created_at == at) & (c.id < id))
            query = query.where(earlier)
        found = await all_of(self._database, ReconfigurationRecord, query.limit(limit + 1))
        return paging.page(found, limit, lambda each: paging.cursor(each.created_at, each.id))

    async def unfinished_reconfigurations(self, deployment: str) -> list[ReconfigurationRecord]:
        """Those that are queued or under way, the oldest first."""
        c = tables.RECONFIGURATIONS.c
        query = (
            sql.select(tables.RECONFIGURATIONS)
            .where(c.deployment == deployment, c.state.in_(UNFINISHED))
            .order_by(c.created_at, c.id)
        )
        return await all_of(self._database, ReconfigurationRecord, query)

    async def open_commands(self, deployment: str) -> list[CommandRecord]:
        """Commands without an outcome, in the order of their ids."""
        c = tables.COMMANDS.c
        query = (
            sql.select(tables.COMMANDS)
            .where(c.deployment == deployment, c.state.in_(OPEN_COMMANDS))
            .order_by(c.id)
        )
        return await all_of(self._database, CommandRecord, query)

    async def commands_of(self, reconfiguration: str) -> list[CommandRecord]:
        """All commands of a reconfiguration, in the order in which they were given."""
        c = tables.COMMANDS.c
        query = (
            sql.select(tables.COMMANDS)
            .where(c.reconfiguration == reconfiguration)
            .order_by(c.issued_at, c.id, c.attempt)
        )
        return await all_of(self._database, CommandRecord, query)

    async def durations(self, deployment: str) -> dict[tuple[str, str], float]:
        """Seconds that each transition took when it last succeeded."""
        c = tables.COMMANDS.c
        latest = (
            sql.select(c.component, c.transition, sql.func.max(c.ended_at).label("ended_at"))
            .where(c.deployment == deployment, c.state == "done")
            .group_by(c.component, c.transition)
            .subquery()
        )
        query = sql.select(c.component, c.transition, c.issued_at, c.ended_at).join(
            latest,
            (c.component == latest.c.component)
            & (c.transition == latest.c.transition)
            & (c.ended_at == latest.c.ended_at),
        )
        query = query.where(c.deployment == deployment, c.state == "done")

        async def read(connection: AsyncConnection) -> dict[tuple[str, str], float]:
            return {
                (found.component, found.transition): (
                    found.ended_at - found.issued_at
                ).total_seconds()
                for found in await connection.execute(query)
            }

        return await self._database.read(read)

    async def timers(self, deployment: str) -> list[TimerRecord]:
        """Deadlines that are running."""
        query = _of(tables.TIMERS, deployment).order_by(tables.TIMERS.c.id)
        return await all_of(self._database, TimerRecord, query)

    async def handles(self, deployment: str) -> list[HandleRecord]:
        """The handles of all components."""
        return await all_of(self._database, HandleRecord, _of(tables.HANDLES, deployment))

    async def marking(self, deployment: str) -> MarkingRecord | None:
        """The marking as it was last stored."""
        return await one_of(self._database, MarkingRecord, _of(tables.MARKINGS, deployment))


def _of(table: Table, deployment: str) -> Select[tuple[object, ...]]:
    return sql.select(table).where(table.c.deployment == deployment)
