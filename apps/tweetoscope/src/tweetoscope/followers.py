"""How many followers accounts have: asked of Bluesky in batches, and remembered for a while.

Called by `jetstream`, from one thread. Of whom nothing is known in time, the magnitude is not
known, as it may be in any stream: the estimator puts the mean of the others in its place.
"""

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple

import httpx

from tweetoscope import fields
from tweetoscope.errors import BadMessage

PATH = "/xrpc/app.bsky.actor.getProfiles"
BATCH = 25
"""As many as may be asked for at once."""
AT_ONCE = 4
TIMEOUT_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

log = logging.getLogger(__name__)


class Known(NamedTuple):
    """What is known of an account, and until when it is good enough not to ask again."""

    followers: float
    until_s: float


class Followers:
    """Remembers `size` accounts for `good_s`; those that are not found for `unknown_good_s`.

    Nobody waits longer than `patience_s`; what comes later is known the next time.
    """

    def __init__(
        self,
        address: str,
        *,
        size: int = 200_000,
        good_s: float = 86_400.0,
        unknown_good_s: float = 3600.0,
        patience_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size, self._good_s, self._unknown_good_s = size, good_s, unknown_good_s
        self._patience_s, self._clock = patience_s, clock
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT_S)
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._asked: dict[Future[dict[str, float]], list[str]] = {}
        self._pause_s, self._quiet_until_s = FIRST_PAUSE_S, -math.inf

    def of(self, account: str) -> float:
        """How many there are; NaN where that is not known. An old number is better than none."""
        found = self._known.get(account)
        return math.nan if found is None else found.followers

    def ask(self, accounts: Iterable[str]) -> None:
        """See to it that accounts are known, as far as that goes without waiting too long."""
        self._take_answers()
        wanted = self._unknown(accounts)
        if self._clock() >= self._quiet_until_s:
            under_way = {account for batch in self._asked.values() for account in batch}
            missing = [account for account in wanted if account not in under_way]
            for start in range(0, len(missing), BATCH):
                if len(self._asked) >= 2 * AT_ONCE:
                    break  # It is slow: what is asked now would be answered too late for anybody.
                batch = missing[start : start + BATCH]
                self._asked[self._pool.submit(self._look_up, batch)] = batch
        if hoped := [
            each for each, batch in self._asked.items() if not wanted.keys().isdisjoint(batch)
        ]:
            wait(hoped, self._patience_s)
            self._take_answers()

    def close(self) -> None:
        """Ask no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _unknown(self, accounts: Iterable[str]) -> dict[str, None]:
        """Those to be asked for, in order."""
        now_s = self._clock()
        unknown = dict[str, None]()
        for account in accounts:
            if (known := self._known.get(account)) is not None:
                self._known.move_to_end(account)
            if known is None or known.until_s < now_s:
                unknown[account] = None
        return unknown

    def _look_up(self, accounts: list[str]) -> dict[str, float]:
        answer = self._client.get(PATH, params={"actors": accounts})
        answer.raise_for_status()
        said = fields.opened(answer.content)
        profiles = said.get("profiles")
        if not isinstance(profiles, list):
            raise BadMessage(f"profiles is {fields.shown(profiles)}, no list")
        found = {}
        for each in profiles:
            if isinstance(each, dict) and isinstance(each.get("followersCount"), int):
                found[fields.text(each, "did")] = float(max(each["followersCount"], 0))
        return found

    def _take_answers(self) -> None:
        for future in [each for each in self._asked if each.done()]:
            batch = self._asked.pop(future)
            try:
                found = future.result()
            except (httpx.HTTPError, BadMessage) as error:
                self._quiet_until_s = self._clock() + self._pause_s
                log.warning(
                    "followers are not told",
                    extra={"reason": str(error) or repr(error), "pause_s": self._pause_s},
                )
                self._pause_s = min(2.0 * self._pause_s, LONGEST_PAUSE_S)
                continue
            self._pause_s = FIRST_PAUSE_S
            self._remember(batch, found)

    def _remember(self, batch: list[str], found: dict[str, float]) -> None:
        now_s = self._clock()
        for account in batch:
            if account in found:
                self._known[account] = Known(found[account], now_s + self._good_s)
            else:
                self._known[account] = Known(math.nan, now_s + self._unknown_good_s)
            self._known.move_to_end(account)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
