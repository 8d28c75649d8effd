"""The way in: what pages need that sign somebody in or out, and the cookies of it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from ripieno.control.sessions import Origin
from ripieno.control.signing_in import SignedIn
from ripieno.control.use_cases import UseCases
from ripieno.ui.address import Address
from ripieno.wire import cookie

BROWSER_S = 180 * 24 * 3600
"""How long a browser remembers that somebody has signed in there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrance:
    """What pages need that let somebody in or out."""

    control: UseCases
    address: Address

    def origin(self, request: Request) -> Origin:
        """Where a request comes from."""
        address = request.client.host if request.client else ""
        return Origin(address=address, browser=request.headers.get("user-agent", ""))

    def read(self, request: Request, name: str) -> str | None:
        """A cookie of ours, None if there is none, or several of which one may be another's."""
        found = self.every(request, name)
        return found[0] if len(found) == 1 else None

    def every(self, request: Request, name: str) -> list[str]:
        """All cookies of a name that is ours; what is on the same site may have added some."""
        wanted = cookie.name_of(name, is_secure=self.address.is_secure(request.scope))
        return list(_every(request.headers, wanted))

    def write(self, request: Request, response: Response, name: str, text: str, age_s: int) -> None:
        """Have the browser keep a cookie, until it is closed if `age_s` is 0."""
        is_secure = self.address.is_secure(request.scope)
        response.set_cookie(
            cookie.name_of(name, is_secure=is_secure),
            text,
            max_age=age_s or None,
            path="/",
            secure=is_secure,
            httponly=True,
            samesite="lax",
        )

    def remove(self, request: Request, response: Response, name: str) -> None:
        """Have the browser forget a cookie."""
        is_secure = self.address.is_secure(request.scope)
        response.delete_cookie(
            cookie.name_of(name, is_secure=is_secure),
            path="/",
            secure=is_secure,
            httponly=True,
            samesite="lax",
        )

    def let_in(self, request: Request, response: Response, entered: SignedIn) -> None:
        """Give a browser the session that has just begun, in the place of any other."""
        self.write(request, response, cookie.SESSION, entered.cookie, 0)
        if entered.browser:
            self.write(request, response, cookie.BROWSER, entered.browser, BROWSER_S)


def entrance_of(request: Request) -> Entrance:
    """The way in of the server that was asked."""
    entrance: Entrance = request.state.entrance
    return entrance


def _every(headers: Headers, name: str) -> Iterator[str]:
    for header in headers.getlist("cookie"):
        for part in header.split(";"):
            key, _, value = part.partition("=")
            if key.strip() == name:
                with contextlib.suppress(CookieError, KeyError):
                    yield SimpleCookie(f"x={value.strip()}")["x"].value
