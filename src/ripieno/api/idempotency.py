"""Asking twice and being answered once: the Idempotency-Key header of POST requests.

The answer to a request that went well is kept for its key; one that failed may be asked again.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import Response

from ripieno.api.errors import InvalidHeader, KeyInUse, KeyReused
from ripieno.control.use_cases import UseCases
from ripieno.store.records import IdempotencyRecord

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,200}")

Key = Annotated[
    str | None,
    Header(
        alias=HEADER,
        pattern=r"^[A-Za-z0-9_.:-]{1,200}$",
        description="a text of your own; a second request with the same key and body is not "
        "carried out, but answered like the first",
    ),
]


async def document_key(key: Key = None) -> None:
    """The dependency that puts the header into the description of a route."""


class Answers:
    """Answers each key once. What is being carried out is known to this process only."""

    def __init__(self, control: UseCases) -> None:
        self._control = control
        self._going_on: set[tuple[str, str]] = set()

    async def answer(
        self, request: Request, body: bytes, carry_out: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The kept answer to a request, or what `carry_out` says, which is kept then.

        Raises: InvalidHeader, KeyReused, KeyInUse.
        """
        key = request.headers.get(HEADER)
        if key is None:
            return await carry_out()
        if not _KEY.fullmatch(key):
            raise InvalidHeader(
                f"{HEADER} has to be 1 to 200 letters, digits, dots, colons, dashes, underscores"
            )
        caller: str = request.state.caller.user
        if (caller, key) in self._going_on:
            raise KeyInUse(f"the first request with {HEADER} {key} is going on; wait for it")
        self._going_on.add((caller, key))
        try:
            return await self._once(request, key, caller, body, carry_out)
        finally:
            self._going_on.discard((caller, key))

    async def _once(
        self,
        request: Request,
        key: str,
        caller: str,
        body: bytes,
        carry_out: Callable[[], Awaitable[Response]],
    ) -> Response:
        fingerprint = fingerprint_of(request, body)
        kept = await self._control.recall(key, caller=caller)
        if kept is not None:
            if kept.fingerprint != fingerprint:
                raise KeyReused(
                    f"{HEADER} {key} was used for another request; take a new one for this"
                )
            return _replayed(kept)
        response = await carry_out()
        if response.status_code < 300:
            await self._control.remember(
                IdempotencyRecord(
                    key=key,
                    token=caller,
                    fingerprint=fingerprint,
                    status=response.status_code,
                    body=_kept(response),
                    at=datetime.now(UTC),
                )
            )
        return response


def fingerprint_of(request: Request, body: bytes) -> str:
    """A digest of all that a request asks for."""
    digest = hashlib.sha256()
    for part in (request.method, request.url.path, request.url.query):
        digest.update(part.encode() + b"\0")
    digest.update(body)
    return digest.hexdigest()


def _kept(response: Response) -> str:
    """A response as it is kept: where the thing is on the first line, then the body."""
    return response.headers.get("location", "") + "\n" + bytes(response.body).decode()


def _replayed(record: IdempotencyRecord) -> Response:
    location, _, body = record.body.partition("\n")
    headers = {"Idempotency-Replayed": "true"} | ({"Location": location} if location else {})
    return Response(
        body,
        status_code=record.status,
        media_type="application/json" if body else None,
        headers=headers,
    )
