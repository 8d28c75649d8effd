"""HTTP as a registry is asked: to checked addresses only, within limits of size and time.

Nothing is decoded or followed on its own: whoever calls decides about each redirect. No cookie is
kept and no proxy of the environment asked, since that would connect to what was not checked.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

import httpx

from ripieno.images.addresses import AddressBook
from ripieno.images.errors import ForbiddenAddress, IllegalAnswer, RegistryUnavailable
from ripieno.model.node import printable, quoted

CONNECT_S = 5.0
READ_S = 15.0
USER_AGENT = "ripieno"
_HOST = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer, read to its end; `url` is what was asked for."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes


class Web:
    """Requests to whoever the address book lets one connect to."""

    def __init__(self, book: AddressBook, *, tls: ssl.SSLContext | None = None) -> None:
        self._book = book
        self._tls = tls
        # One for each name, so that a connection is used again only for the name it was made for.
        self._transports: dict[tuple[str, str, int], httpx.AsyncHTTPTransport] = {}

    async def __aenter__(self) -> "Web":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in self._transports.values():
            await each.aclose()

    async def get(
        self, url: httpx.URL, *, headers: Mapping[str, str], most_bytes: int, what: str
    ) -> Answer:
        """The answer to one request, whatever its status; `what` names it in errors.

        Raises: `ForbiddenAddress`, `RegistryUnavailable`; `IllegalAnswer` for one that is too long.
        """
        port = url.port or (443 if url.scheme == "https" else 80)
        host = url.raw_host.decode("ascii", "replace")
        if url.scheme not in ("http", "https") or not _HOST.fullmatch(host) or url.userinfo:
            raise IllegalAnswer(f"{what} is to be had from {quoted(str(url))}, which is no address")
        if url.scheme == "http" and not self._book.is_allowed(host, port):
            raise ForbiddenAddress(
                f"{what} is to be had over plain http from {host}:{port}; only a registry that "
                f"is allowed (--allow-registry {host}:{port}) is asked that way"
            )
        addresses = await self._book.addresses(host, port)
        problem: Exception | None = None
        for address in addresses:
            try:
                return await self._get(url, address, headers, most_bytes, what)
            except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
                problem = failed
        assert problem is not None
        raise RegistryUnavailable(f"{host}:{port} cannot be reached: {_told(problem)}") from (
            problem
        )

    async def _get(
        self, url: httpx.URL, address: str, headers: Mapping[str, str], most_bytes: int, what: str
    ) -> Answer:
        request = httpx.Request(
            "GET",
            url,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers},
            extensions={
                "sni_hostname": url.raw_host.decode("ascii"),
                "timeout": httpx.Timeout(READ_S, connect=CONNECT_S).as_dict(),
            },
        )
        # The Host header and the name in TLS stay; only where it is connected to is settled here.
        request.url = url.copy_with(host=address)
        try:
            response = await self._transport(url).handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise RegistryUnavailable(f"{url.host} does not answer: {_told(problem)}") from problem
        try:
            body = await _body(response, most_bytes, f"{what} from {url.host}")
        except httpx.HTTPError as problem:
            raise RegistryUnavailable(f"{url.host} breaks off: {_told(problem)}") from problem
        finally:
            await response.aclose()
        return Answer(url=url, status=response.status_code, headers=response.headers, body=body)

    def _transport(self, url: httpx.URL) -> httpx.AsyncHTTPTransport:
        key = (url.scheme, url.host, url.port or 0)
        if key not in self._transports:
            tls: ssl.SSLContext | bool = False
            if url.scheme == "https":
                self._tls = self._tls or httpx.create_ssl_context()
                tls = self._tls
            self._transports[key] = httpx.AsyncHTTPTransport(verify=tls, trust_env=False)
        return self._transports[key]


async def _body(response: httpx.Response, most_bytes: int, what: str) -> bytes:
    """The body as it is sent, as long as it is not too long."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise IllegalAnswer(f"{what} comes compressed, which was not asked for")
    declared = response.headers.get("content-length", "0")
    parts: list[bytes] = []
    left = most_bytes - (int(declared) if declared.isdecimal() and len(declared) < 19 else 0)
    if left < 0:
        raise IllegalAnswer(f"{what} has {declared} bytes, and at most {most_bytes} are read")
    left = most_bytes
    async for part in response.aiter_raw():
        left -= len(part)
        if left < 0:
            raise IllegalAnswer(f"{what} has more than {most_bytes} bytes, the most that are read")
        parts.append(part)
    return b"".join(parts)


def _told(problem: Exception) -> str:
    return printable(str(problem), 200) or type(problem).__name__
