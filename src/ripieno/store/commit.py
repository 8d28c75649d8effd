"""The one transaction by which a deployment changes.

Its events get the numbers that follow the last ones, of the deployment and of all; that the batch
expects the former is what keeps a second writer out. A batch has a mark of its own, so that after a
lost answer it can be told whether it was stored.
"""

import secrets

import sqlalchemy as sql
from sqlalchemy import Connection

from ripieno.store import blobs, rows, tables
from ripieno.store.database import Database
from ripieno.store.errors import NameTaken, RuleBroken, StaleWriter, StoreError
from ripieno.store.records import OPEN_COMMANDS, REMOVED, Batch, EventRecord

_events = tables.EVENTS.c

_LAST = sql.select(
    sql.select(sql.func.max(_events.id)).scalar_subquery(),
    sql.select(sql.func.max(_events.seq))
    .where(_events.deployment == sql.bindparam("of"))
    .scalar_subquery(),
)
"""Number of the last event of all, and of the deployment's last."""

_FIRST_OF_BATCH = sql.select(_events.id).where(
    _events.deployment == sql.bindparam("of"),
    _events.seq == sql.bindparam("at"),
    _events.batch == sql.bindparam("mark"),
)


async def commit(database: Database, deployment: str, batch: Batch) -> list[EventRecord]:
    """Store a batch once; the events as they are stored.

    Raises: `StaleWriter`; `NameTaken`; `StoreUnavailable`, after which it may be stored or not;
    another `StoreError`, after which it is not.
    """
    mark = secrets.token_hex(8)
    is_first_try = True

    def work(connection: Connection) -> list[EventRecord]:
        nonlocal is_first_try
        was_first_try, is_first_try = is_first_try, False
        found = connection.execute(_LAST, {"of": deployment}).one()
        last_id, last_seq = found[0] or 0, found[1] or 0
        if last_seq == batch.expected_seq:
            _store(connection, deployment, batch)
            return _store_events(connection, deployment, batch, mark, last_id + 1)
        if batch.events and not was_first_try:  # It may be our own answer that was lost.
            which = {"of": deployment, "at": batch.expected_seq + 1, "mark": mark}
            first_id = connection.execute(_FIRST_OF_BATCH, which).scalar()
            if first_id is not None:
                return _numbered(deployment, batch, first_id)
        raise StaleWriter(
            f"deployment {deployment} has {last_seq} events, and not {batch.expected_seq}: another "
            "server leads it too; read it again"
        )

    try:
        return await database.write(work, in_order=True)
    except RuleBroken as problem:
        record = batch.deployment
        if record is not None and _is_about_name(problem.rule):
            raise NameTaken(
                f"the name {record.name!r} was just taken by another deployment; choose another"
            ) from problem
        raise StoreError(f"deployment {deployment} cannot be stored so: {problem}") from problem


def _is_about_name(rule: str) -> bool:
    return tables.NAME_RULE in rule or "deployments.name" in rule


def _store(connection: Connection, deployment: str, batch: Batch) -> None:
    if batch.deployment is not None:
        rows.put(connection, tables.DEPLOYMENTS, [batch.deployment])
    rows.put(connection, tables.RECONFIGURATIONS, batch.reconfigurations)
    rows.put(connection, tables.COMMANDS, batch.commands)
    rows.put(connection, tables.HANDLES, batch.handles)
    rows.put(connection, tables.TIMERS, batch.timers)
    if batch.timer_stops:
        c = tables.TIMERS.c
        stops = [{"of": deployment, "which": each} for each in batch.timer_stops]
        gone = sql.delete(tables.TIMERS).where(
            c.deployment == sql.bindparam("of"), c.id == sql.bindparam("which")
        )
        connection.execute(gone, stops)
    if batch.handle_removals:
        c = tables.HANDLES.c
        removals = [{"of": deployment, "which": each} for each in batch.handle_removals]
        gone = sql.delete(tables.HANDLES).where(
            c.deployment == sql.bindparam("of"), c.component == sql.bindparam("which")
        )
        connection.execute(gone, removals)
    if batch.marking is not None:
        rows.put(connection, tables.MARKINGS, [batch.marking])
    if batch.deployment is not None and batch.deployment.state == REMOVED:
        _clear(connection, deployment)


def _clear(connection: Connection, deployment: str) -> None:
    """Of a deployment that is removed only its history stays."""
    for table in (tables.HANDLES, tables.TIMERS, tables.MARKINGS):
        connection.execute(sql.delete(table).where(table.c.deployment == deployment))
    c = tables.COMMANDS.c
    dropped = (
        sql.update(tables.COMMANDS)
        .where(c.deployment == deployment, c.state.in_(OPEN_COMMANDS))
        .values(state="dropped")
    )
    connection.execute(dropped)
    blobs.tidy_after_removal(connection)


def _store_events(
    connection: Connection, deployment: str, batch: Batch, mark: str, first_id: int
) -> list[EventRecord]:
    if not batch.events:
        return []
    numbered = _numbered(deployment, batch, first_id)
    rows.add(connection, tables.EVENTS, numbered, batch=mark)
    return numbered


def _numbered(deployment: str, batch: Batch, first_id: int) -> list[EventRecord]:
    """The events of a batch, the first of which has that id."""
    return [
        EventRecord(
            id=first_id + number,
            deployment=deployment,
            seq=batch.expected_seq + 1 + number,
            at=each.at,
            kind=each.kind,
            component=each.component,
            reconfiguration=each.reconfiguration,
            data=each.data,
        )
        for number, each in enumerate(batch.events)
    ]
