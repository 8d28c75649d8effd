"""Commands and the deadlines of waits: what a supervisor has under way. `commit` writes them."""

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.records import OPEN_COMMANDS, CommandRecord, TimerRecord

_c = tables.COMMANDS.c


class Commands:
    """The part of the store that tells what is, and was, to be done."""

    _database: Database

    async def open_commands(self, deployment: str) -> list[CommandRecord]:
        """Commands without an outcome, in the order of their ids."""
        query = (
            sql.select(tables.COMMANDS)
            .where(_c.deployment == deployment, _c.state.in_(OPEN_COMMANDS))
            .order_by(_c.id, _c.attempt)
        )
        return await self._database.all_of(CommandRecord, query)

    async def commands_of(self, reconfiguration: str) -> list[CommandRecord]:
        """All commands of a reconfiguration, in the order in which they were given."""
        query = (
            sql.select(tables.COMMANDS)
            .where(_c.reconfiguration == reconfiguration)
            .order_by(_c.issued_at, _c.id, _c.attempt)
        )
        return await self._database.all_of(CommandRecord, query)

    async def durations(self, deployment: str) -> dict[tuple[str, str], float]:
        """Seconds that each transition took when it last succeeded, by component and name."""
        is_done = (_c.deployment == deployment) & (_c.state == "done")
        place = sql.func.row_number().over(
            partition_by=(_c.component, _c.transition),
            order_by=(_c.ended_at.desc(), _c.id.desc(), _c.attempt.desc()),
        )
        ranked = (
            sql.select(_c.component, _c.transition, _c.issued_at, _c.ended_at, place.label("place"))
            .where(is_done, _c.ended_at.is_not(None))
            .subquery()
        )
        query = sql.select(ranked).where(ranked.c.place == 1)

        def read(connection: Connection) -> dict[tuple[str, str], float]:
            return {
                (each.component, each.transition): (each.ended_at - each.issued_at).total_seconds()
                for each in connection.execute(query)
            }

        return await self._database.read(read)

    async def timers(self, deployment: str) -> list[TimerRecord]:
        """Deadlines that are running."""
        c = tables.TIMERS.c
        query = sql.select(tables.TIMERS).where(c.deployment == deployment).order_by(c.id)
        return await self._database.all_of(TimerRecord, query)
