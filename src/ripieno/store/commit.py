"""The one transaction by which a deployment changes.

Its events get the next numbers; that they are free is what keeps a second writer out. A batch has a
mark of its own, so that after a lost answer it can be told whether it was stored.
"""

import dataclasses
import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Table, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from ripieno.store import tables
from ripieno.store.database import Database
from ripieno.store.errors import StaleWriter
from ripieno.store.records import Batch, EventRecord

_ORDER_LOCK = 0x52495049
"""Held on PostgreSQL while events are stored, so that their ids become visible in order."""


async def commit(database: Database, deployment: str, batch: Batch) -> list[EventRecord]:
    """Store a batch once; the events as they are stored. Raises: `StaleWriter`, `StoreError`."""
    mark = secrets.token_hex(8)
    tries = 0

    async def store(connection: AsyncConnection) -> list[EventRecord]:
        nonlocal tries
        tries += 1
        if batch.events and not database.is_sqlite:
            await connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_ORDER_LOCK)))
        if tries > 1 and batch.events:
            # An answer was lost, and what it was about may have come through.
            known = await _stored(connection, deployment, batch, mark)
            if known:
                return known
        await _store_rows(connection, batch, deployment)
        return await _store_events(connection, deployment, batch, mark)

    try:
        return await database.write(store)
    except exc.IntegrityError as problem:
        if "name" in str(problem.orig).lower() and batch.deployment is not None:
            raise StaleWriter(
                f"the name {batch.deployment.name!r} was taken by another deployment meanwhile"
            ) from problem
        raise StaleWriter(
            f"deployment {deployment} has other events after {batch.expected_seq}; read it again"
        ) from problem


async def put(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or replace those that have their keys."""
    if not rows:
        return
    is_sqlite = connection.dialect.name == "sqlite"
    insert: Any = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    keys = [column.name for column in table.primary_key.columns]
    others = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    statement = insert.on_conflict_do_update(index_elements=keys, set_=others)
    await connection.execute(statement, rows)


def row(record: Any) -> dict[str, Any]:
    """A record as a row of its table."""
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


async def _store_rows(connection: AsyncConnection, batch: Batch, deployment: str) -> None:
    if batch.deployment is not None:
        await put(connection, tables.DEPLOYMENTS, [row(batch.deployment)])
    await put(connection, tables.RECONFIGURATIONS, [row(each) for each in batch.reconfigurations])
    await put(connection, tables.COMMANDS, [row(each) for each in batch.commands])
    await put(connection, tables.HANDLES, [row(each) for each in batch.handles])
    await put(connection, tables.TIMERS, [row(each) for each in batch.timers])
    if batch.timer_stops:
        timers = tables.TIMERS.c
        await connection.execute(
            sql.delete(tables.TIMERS).where(
                timers.deployment == deployment, timers.id.in_(batch.timer_stops)
            )
        )
    if batch.handle_removals:
        handles = tables.HANDLES.c
        await connection.execute(
            sql.delete(tables.HANDLES).where(
                handles.deployment == deployment, handles.component.in_(batch.handle_removals)
            )
        )
    if batch.marking is not None:
        await put(connection, tables.MARKINGS, [row(batch.marking)])


async def _store_events(
    connection: AsyncConnection, deployment: str, batch: Batch, mark: str
) -> list[EventRecord]:
    if not batch.events:
        return []
    rows = [
        {**row(each), "deployment": deployment, "seq": batch.expected_seq + number, "batch": mark}
        for number, each in enumerate(batch.events, 1)
    ]
    await connection.execute(sql.insert(tables.EVENTS), rows)
    return await _stored(connection, deployment, batch, mark)


async def _stored(
    connection: AsyncConnection, deployment: str, batch: Batch, mark: str
) -> list[EventRecord]:
    """The events of the batch with their ids, none if it has not come through."""
    events = tables.EVENTS.c
    found = await connection.execute(
        sql.select(events.id, events.seq)
        .where(
            events.deployment == deployment,
            events.seq > batch.expected_seq,
            events.batch == mark,
        )
        .order_by(events.seq)
    )
    return [
        EventRecord(
            id=id,
            deployment=deployment,
            seq=seq,
            at=each.at,
            kind=each.kind,
            component=each.component,
            reconfiguration=each.reconfiguration,
            data=each.data,
        )
        for (id, seq), each in zip(found, batch.events, strict=False)
    ]


def event_record(found: Any) -> EventRecord:
    """A row of the events as a record."""
    return EventRecord(
        id=found.id,
        deployment=found.deployment,
        seq=found.seq,
        at=found.at,
        kind=found.kind,
        component=found.component,
        reconfiguration=found.reconfiguration,
        data=found.data,
    )
