"""Requests over HTTP: errors become types, what can be repeated without harm is repeated."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import TypeVar
from uuid import uuid4

import httpx
from pydantic import BaseModel, ValidationError

from ripieno.client import errors
from ripieno.client.backoff import pauses
from ripieno.wire.problem import MEDIA_TYPE, Problem

PREFIX = "/api/v1"
OUTSIDE = ("/healthz", "/metrics")
"""Paths that are not below the prefix, since others than clients look there."""

TRIES = 4
SILENCE_S = 45.0
"""After how long without a byte a stream is taken for dead; the server sends some every 15 s."""

Answer = TypeVar("Answer", bound=BaseModel)
Query = Mapping[str, str | int | bool | Sequence[str] | None]

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Transport:
    """A connection pool to one server, and the token that is shown to it."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout_s: float,
        http: httpx.AsyncBaseTransport | None,
    ) -> None:
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise errors.ServerUnreachable(
                f"{base_url} is not the address of a server; write http://HOST:PORT"
            )
        self.base_url = str(url).rstrip("/")
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=timeout_s,
            transport=http,
            # Reading all certificates takes longer than a request, and http needs none.
            verify=url.scheme == "https",
            # No proxy is asked for what is on this machine.
            trust_env=url.host not in _LOOPBACK,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def get(self, path: str, kind: type[Answer], query: Query | None = None) -> Answer:
        """What is at a path."""
        return read(await self._send("GET", path, query=query, is_repeatable=True), kind)

    async def post(
        self,
        path: str,
        kind: type[Answer],
        body: object = None,
        *,
        is_once: bool = False,
        is_harmless: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a request.

        `is_once`: the server carries it out once, however often it is sent; `is_harmless`: it
        changes nothing anyway. Both can be sent again when the connection is lost.
        """
        key = {"Idempotency-Key": uuid4().hex} if is_once else {}
        response = await self._send(
            "POST",
            path,
            body=body,
            headers={**key, **(headers or {})},
            is_repeatable=is_once or is_harmless,
        )
        return read(response, kind)

    async def do(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content: bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool = False,
    ) -> httpx.Response:
        """The response to any other request."""
        return await self._send(
            method,
            path,
            body=body,
            content=content,
            query=query,
            headers=headers,
            is_repeatable=is_repeatable,
        )

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Query, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """A response that is read as it comes. Raises: ServerUnreachable when it breaks off."""
        timeout = httpx.Timeout(self._timeout_s, read=SILENCE_S)
        try:
            async with self._http.stream(
                "GET", PREFIX + path, params=_given(query), headers=headers, timeout=timeout
            ) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise _error(response)
                yield response
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    async def _send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content: bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool,
    ) -> httpx.Response:
        waits = islice(pauses(), TRIES - 1)
        while True:
            try:
                response = await self._http.request(
                    method,
                    path if path in OUTSIDE else PREFIX + path,
                    params=_given(query),
                    json=body,
                    content=content,
                    headers=headers,
                )
            except httpx.HTTPError as error:
                was_sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                pause_s = next(waits, None) if is_repeatable or not was_sent else None
                if pause_s is None:
                    raise self._unreachable(error) from error
            else:
                if response.is_success:
                    return response
                refused = _error(response)
                # The first try of this very request may still be going on.
                pause_s = next(waits, None) if isinstance(refused, errors.KeyInUse) else None
                if pause_s is None:
                    raise refused
            await asyncio.sleep(pause_s)

    def _unreachable(self, error: httpx.HTTPError) -> errors.ServerUnreachable:
        if isinstance(error, httpx.ConnectError):
            told = "no server answers; start one, or give the address of one that runs"
        elif isinstance(error, httpx.TimeoutException):
            told = "the server does not answer in time; look whether it is well"
        else:
            told = f"the connection to the server is lost ({type(error).__name__}); try again"
        return errors.ServerUnreachable(f"{self.base_url}: {told}")


def read(response: httpx.Response, kind: type[Answer]) -> Answer:
    """What a response says. Raises: UnexpectedAnswer."""
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise errors.UnexpectedAnswer(
            f"{response.request.url} answers with something else than a {kind.__name__}; "
            "is it a Ripieno server of this version?"
        ) from error


def _given(query: Query | None) -> dict[str, str | list[str]]:
    written: dict[str, str | list[str]] = {}
    for name, value in (query or {}).items():
        if isinstance(value, bool):
            written[name] = str(value).lower()
        elif isinstance(value, str | int):
            written[name] = str(value)
        elif value:
            written[name] = list(value)
    return written


def _error(response: httpx.Response) -> errors.ClientError:
    if response.headers.get("content-type", "").partition(";")[0] == MEDIA_TYPE:
        try:
            return errors.refusal(Problem.model_validate_json(response.content))
        except ValidationError:
            pass
    return errors.UnexpectedAnswer(
        f"{response.request.url} answers {response.status_code} without saying why; "
        "is it a Ripieno server?"
    )
