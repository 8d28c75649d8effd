"""Deployments. They change only by `commit`, and stay as history when they are removed."""

import sqlalchemy as sql

from ripieno.model.access import Caller
from ripieno.store import paging, tables
from ripieno.store.database import Database
from ripieno.store.records import REMOVED, DeploymentRecord

_c = tables.DEPLOYMENTS.c


class Deployments:
    """The part of the store that knows which deployments there are."""

    _database: Database

    async def deployment(self, id: str) -> DeploymentRecord | None:
        """A deployment, also one that was removed."""
        query = sql.select(tables.DEPLOYMENTS).where(_c.id == id)
        return await self._database.one_of(DeploymentRecord, query)

    async def deployment_named(self, name: str) -> DeploymentRecord | None:
        """The deployment of that name, if it is there."""
        query = sql.select(tables.DEPLOYMENTS).where(_c.name == name, _c.state != REMOVED)
        return await self._database.one_of(DeploymentRecord, query)

    async def deployments(
        self,
        *,
        after: str | None,
        limit: int,
        owner: str | None = None,
        seen_by: Caller | None = None,
    ) -> tuple[list[DeploymentRecord], str | None]:
        """Deployments that are there, by name, and the cursor to go on with.

        Of an `owner`, if one is named; those that `seen_by` owns or may read, if that is given.
        """
        limit = paging.bounded(limit)
        query = sql.select(tables.DEPLOYMENTS).where(_c.state != REMOVED).order_by(_c.name)
        if owner is not None:
            query = query.where(_c.owner == owner)
        if seen_by is not None:
            query = query.where(_is_seen_by(seen_by))
        if after is not None:
            query = query.where(_c.name > after)
        found = await self._database.all_of(DeploymentRecord, query.limit(limit + 1))
        return paging.page(found, limit, lambda each: each.name)


def _is_seen_by(caller: Caller) -> sql.ColumnElement[bool]:
    """That a deployment is owned by somebody, or has them among its readers."""
    readers = " " + sql.type_coerce(_c.readers, sql.Text) + " "
    among = (readers.contains(f" {each} ", autoescape=True) for each in sorted(caller.principals))
    return sql.or_(_c.owner == caller.user, *among)
