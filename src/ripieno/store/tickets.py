"""What is good for a while, for one user: one-time links, and browsers that are known."""

from datetime import datetime

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store import rows, tables
from ripieno.store.database import Database
from ripieno.store.records import TicketRecord

_c = tables.TICKETS.c


class Tickets:
    """The part of the store that keeps tickets."""

    _database: Database

    async def add_ticket(self, ticket: TicketRecord) -> None:
        """Store a ticket, and forget those of anybody that had expired when it was made."""
        expired = sql.delete(tables.TICKETS).where(_c.expires_at <= ticket.created_at)

        def write(connection: Connection) -> None:
            connection.execute(expired)
            rows.put(connection, tables.TICKETS, [ticket])

        await self._database.write(write)

    async def ticket(self, digest: str) -> TicketRecord | None:
        """The ticket whose text has this digest, be it expired or not."""
        query = sql.select(tables.TICKETS).where(_c.digest == digest)
        return await self._database.one_of(TicketRecord, query)

    async def take_ticket(self, digest: str, *, now: datetime) -> bool:
        """Use up a ticket; of all who try, True to one, and to none if it has expired."""
        taken = sql.delete(tables.TICKETS).where(_c.digest == digest, _c.expires_at > now)
        return await self._database.change(taken)

    async def remove_tickets_of(self, user: str, *, purpose: str | None = None) -> bool:
        """Have no ticket of a user (for that purpose) be good any more; whether there were any."""
        gone = sql.delete(tables.TICKETS).where(_c.user == user)
        if purpose is not None:
            gone = gone.where(_c.purpose == purpose)
        return await self._database.change(gone)
