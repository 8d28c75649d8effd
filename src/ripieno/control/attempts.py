"""How often somebody may try to sign in: the waits that follow wrong passwords.

Kept in memory: whoever can restart the server need not guess, and what a restart forgets is a
minute's wait. A wait is never long, so that nobody is locked out for good by others who guess;
and a browser in which a user has signed in before is counted by itself, so that those who guess
elsewhere do not slow it down at all.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ripieno.control.errors import TooManyAttempts

FREE = {"address": 10, "user": 5, "browser": 5}
"""How many attempts have no wait after them, by what they are counted for."""

LONGEST_WAIT_S = {"address": 60.0, "user": 30.0, "browser": 30.0}
"""The waits double with every attempt, up to this."""

FORGOTTEN_S = 900.0
"""After so long without an attempt, all is as if there had been none."""

MOST_KEPT = 20_000
"""Addresses, users and browsers that are counted; beyond, the oldest are forgotten."""

Key = tuple[str, str]
"""What is counted for (one of `FREE`), and which."""


@dataclass(frozen=True, slots=True)
class _Count:
    attempts: int
    last_at: float


class Attempts:
    """Counts attempts, and has those wait who try too often."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: OrderedDict[Key, _Count] = OrderedDict()

    def begin(self, keys: Sequence[Key]) -> None:
        """Count an attempt, before it is known how it ends: they may come many at a time.

        Raises: `TooManyAttempts`, and then nothing is counted.
        """
        now = self._clock()
        wait_s = max(self._wait_s(key, now) for key in keys)
        if wait_s > 0:
            raise TooManyAttempts(wait_s)
        for key in keys:
            self._counts[key] = _Count(self._attempts(key, now) + 1, now)
            self._counts.move_to_end(key)
        while len(self._counts) > MOST_KEPT:
            self._counts.popitem(last=False)

    def succeeded(self, keys: Sequence[Key]) -> None:
        """Take an attempt back that was a right one.

        A user's or browser's count ends with it. An address's does not: it may be one where
        somebody guesses who has an account of their own.
        """
        now = self._clock()
        for key in keys:
            left = self._attempts(key, now) - 1 if key[0] == "address" else 0
            if left > 0:
                self._counts[key] = _Count(left, self._counts[key].last_at)
            else:
                self._counts.pop(key, None)

    def _attempts(self, key: Key, now: float) -> int:
        count = self._counts.get(key)
        return count.attempts if count and now - count.last_at < FORGOTTEN_S else 0

    def _wait_s(self, key: Key, now: float) -> float:
        beyond = self._attempts(key, now) - FREE[key[0]]
        if beyond < 0:
            return 0.0
        wait_s = min(2.0 ** min(beyond, 20), LONGEST_WAIT_S[key[0]])
        return self._counts[key].last_at + wait_s - now


def keys(*, user: str, address: str, browser: str | None) -> tuple[Key, ...]:
    """What an attempt is counted for; `browser` is one in which this user has signed in before."""
    if browser is not None:
        return (("browser", browser),)
    return ("address", network(address)), ("user", user)


def network(address: str) -> str:
    """The part of an address that one caller cannot change: of IPv6 the first 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
