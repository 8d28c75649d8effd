"""What lets a browser in at an application's origin: a ticket, good once, and a cookie for it.

Both are signed, so nothing has to be stored: a cookie stays good when the server is started anew,
as long as what it comes from (a session, a token) does. A ticket is good for one origin, a few
seconds and one use, and none is that was made before the server was started.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ripieno.control.errors import Unauthenticated

TICKET_S = 30.0
COOKIE_S = 12 * 3600.0
"""How long they are good; a browser that comes later is sent to the server for another."""

MOST_KEPT = 10_000

PREFIXED = ""
"""The place of all routes by prefix, which share an origin; a route by host has its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """Who a browser belongs to: a user, by what they came in, and since when."""

    user: str
    credential: str
    since: datetime


class Passes:
    """Makes tickets and cookies, and reads them again."""

    def __init__(self, key: bytes, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._now = now
        self._server = secrets.token_hex(8)
        self._used: dict[str, float] = {}
        self._read: dict[tuple[str, str], tuple[SignIn, float]] = {}

    def ticket(self, place: str, sign_in: SignIn, path: str) -> str:
        """A ticket for one entry at a place, and the path to go on to."""
        return self._sealed(
            "ticket",
            {
                "place": place,
                "path": path,
                "until": self._now() + TICKET_S,
                "once": secrets.token_hex(16),
                "server": self._server,
                **_written(sign_in),
            },
        )

    def take(self, ticket: str, place: str) -> tuple[SignIn, str]:
        """Use up a ticket: who comes, and where to. Raises: `Unauthenticated`."""
        found = self._opened("ticket", ticket)
        now = self._now()
        self._used = {once: until for once, until in self._used.items() if until > now}
        if (
            found is None
            or found["place"] != place
            or found["server"] != self._server
            or float(found["until"]) <= now
            or found["once"] in self._used
        ):
            raise Unauthenticated(
                "the way in was used already, has expired, or is for another application; open the "
                "application again"
            )
        self._used[str(found["once"])] = float(found["until"])
        return _sign_in(found), str(found["path"])

    def cookie(self, place: str, sign_in: SignIn) -> str:
        """What a browser shows at a place from then on."""
        until = self._now() + COOKIE_S
        return self._sealed("cookie", {"place": place, "until": until, **_written(sign_in)})

    def holder(self, cookie: str, place: str) -> SignIn | None:
        """Whose cookie it is; None if it is not good there, or not any more."""
        known = self._read.get((cookie, place))
        if known is None:
            found = self._opened("cookie", cookie)
            if found is None or found["place"] != place:
                return None
            known = _sign_in(found), float(found["until"])
            if len(self._read) >= MOST_KEPT:
                self._read.clear()
            self._read[cookie, place] = known
        sign_in, until = known
        return sign_in if until > self._now() else None

    def _sealed(self, purpose: str, content: dict[str, object]) -> str:
        written = _encoded(json.dumps(content, separators=(",", ":")).encode())
        return f"{written}.{self._mark(purpose, written)}"

    def _opened(self, purpose: str, text: str) -> dict[str, str | float] | None:
        written, _, mark = text.partition(".")
        if not hmac.compare_digest(self._mark(purpose, written).encode(), mark.encode()):
            return None
        padded = written + "=" * (-len(written) % 4)
        opened: dict[str, str | float] = json.loads(base64.urlsafe_b64decode(padded))
        return opened

    def _mark(self, purpose: str, written: str) -> str:
        said = f"{purpose}\n{written}".encode()
        return _encoded(hmac.digest(self._key, said, hashlib.sha256))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _written(sign_in: SignIn) -> dict[str, object]:
    return {
        "user": sign_in.user,
        "credential": sign_in.credential,
        "since": sign_in.since.timestamp(),
    }


def _sign_in(found: dict[str, str | float]) -> SignIn:
    return SignIn(
        user=str(found["user"]),
        credential=str(found["credential"]),
        since=datetime.fromtimestamp(float(found["since"]), UTC),
    )
