"""The audit trail as it is written: who did what, from where, to which thing, with which result.

The gate writes here. Nothing that lets anybody in may come into it: what looks like a token is
blotted out, whoever put it there.
"""

import asyncio
import logging
import re
import secrets
from datetime import UTC, datetime
from enum import StrEnum

from ripieno.model.access import Caller
from ripieno.model.errors import ModelError, RipienoError
from ripieno.store.errors import StoreError
from ripieno.store.records import AuditRecord
from ripieno.store.store import Store

LOG = logging.getLogger(__name__)

MOST_TEXT = 500
"""The longest name of a thing, and the longest reason."""

MOST_WAITING = 10_000
"""Refusals that wait to be stored; those beyond are only counted."""

_TOKEN = re.compile(r"rip_[A-Za-z0-9_-]{8,}")


class Result(StrEnum):
    """What became of something that was asked for."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    FAILED = "failed"


class Trail:
    """Writes what was done at once, and what was refused soon."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[AuditRecord] = []
        self._lost = 0
        self._is_new = asyncio.Event()

    async def add(self, record: AuditRecord) -> None:
        """Store what was done. Raises: a `StoreError`."""
        await self._store.add_audit([record])

    def note(self, record: AuditRecord) -> None:
        """Have it stored soon: whoever is refused is not worth waiting for the database."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(record)
        self._is_new.set()

    async def flush(self) -> None:
        """Store what was noted. Raises: a `StoreError`."""
        waiting, self._waiting = self._waiting, []
        if self._lost:
            LOG.error("refusals are missing in the audit trail", extra={"count": self._lost})
            self._lost = 0
        if waiting:
            try:
                await self._store.add_audit(waiting)
            except BaseException:
                self._waiting = [*waiting, *self._waiting][:MOST_WAITING]
                raise

    async def run(self) -> None:
        """Store what is noted, until cancelled."""
        while True:
            await self._is_new.wait()
            self._is_new.clear()
            try:
                await self.flush()
            except StoreError:
                LOG.warning("the audit trail cannot be written; it waits", exc_info=True)


def record(
    caller: Caller, action: str, thing: str, result: Result, reason: str | None = None
) -> AuditRecord:
    """What somebody did just now, or tried to do."""
    return AuditRecord(
        id=f"a-{secrets.token_hex(8)}",
        at=datetime.now(UTC),
        user=caller.user,
        via=caller.via,
        address=caller.address,
        action=action,
        thing=_told(thing),
        result=result.value,
        reason=None if reason is None else _told(reason),
    )


def reason_of(error: Exception) -> str:
    """Why something has failed, without what a document or a parameter said: it may be secret."""
    kind = type(error)
    told = (kind.__doc__ or "").partition("\n")[0]
    if isinstance(error, ModelError):
        return told
    if not isinstance(error, RipienoError):
        return f"{kind.__name__}: {told}"
    return str(error)


def _told(text: str) -> str:
    hidden = _TOKEN.sub("rip_…", text)
    return hidden if len(hidden) <= MOST_TEXT else hidden[: MOST_TEXT - 1] + "…"
