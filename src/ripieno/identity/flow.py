"""One way to the provider and back: what is sent along, so that the answer can be trusted.

All of it follows from one text that the browser keeps in a cookie. Nothing is kept here for those
who never come back; an answer that does not belong to the cookie beside it is refused.
"""

import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from dataclasses import dataclass

from ripieno.identity.errors import IdentityRefused

GOOD_FOR_S = 600
"""How long somebody may take at the provider."""

MOST_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Flow:
    """One way; `text` is what the browser keeps, and nobody else sees."""

    text: str

    @property
    def state(self) -> str:
        """What the provider hands back, so that the answer is one to this question."""
        return self._derived(b"state")

    @property
    def nonce(self) -> str:
        """What the token has to hold, so that it was made for this question."""
        return self._derived(b"nonce")

    @property
    def verifier(self) -> str:
        """What proves to the provider that the code comes from who asked (RFC 7636)."""
        return self._derived(b"code verifier")

    def _derived(self, purpose: bytes) -> str:
        mac = hmac.digest(self.text.encode(), purpose, "sha256")
        return urlsafe_b64encode(mac).rstrip(b"=").decode()


def begin() -> Flow:
    """A new one."""
    return Flow(f"{int(_now())}.{secrets.token_urlsafe(32)}")


class UsedFlows:
    """Ways that were gone to their end; none is gone twice."""

    def __init__(self) -> None:
        self._used: OrderedDict[str, float] = OrderedDict()

    def take(self, text: str, state: str) -> Flow:
        """The way that a cookie and an answer belong to. Raises: `IdentityRefused`."""
        flow = Flow(text)
        now = _now()
        begun, _, rest = text.partition(".")
        if not hmac.compare_digest(flow.state.encode(), state.encode()) or not rest:
            raise IdentityRefused(
                "the answer does not belong to this browser's question; sign in once more"
            )
        if not begun.isdigit() or not now - GOOD_FOR_S <= int(begun) <= now + 1:
            raise IdentityRefused("that took too long; sign in once more")
        if flow.state in self._used:
            raise IdentityRefused("this answer was used before; sign in once more")
        while self._used and next(iter(self._used.values())) < now - GOOD_FOR_S:
            self._used.popitem(last=False)
        if len(self._used) >= MOST_KEPT:
            raise IdentityRefused("too many sign in at the moment; try again in a minute")
        self._used[flow.state] = now
        return flow


def _now() -> float:
    return time.time()
