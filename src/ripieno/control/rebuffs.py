"""Who was not let in by the door, for the audit trail.

The trail has every refusal of the gate. Visits are another matter: one page asks for a hundred
things, and goes on asking. So the same user at the same route, for the same reason, is in it once
in a while only. Who is not known is not in it at all: that is said to everybody who comes without
having signed in, and there would be nobody to name.
"""

import dataclasses
import time
from collections import OrderedDict
from collections.abc import Callable

from ripieno.control import trail
from ripieno.control.policy import Action
from ripieno.control.trail import Result, Trail
from ripieno.model.access import Caller

ONCE_IN_S = 60.0
"""Longer than it takes to open a page and to try again, so that these are one entry; short enough
to tell from the trail when somebody has tried, and for about how long."""

MOST_KEPT = 10_000
"""Users, routes and reasons that are remembered; beyond, the oldest are forgotten."""


class Rebuffs:
    """Notes who was not let in, and does not repeat itself."""

    def __init__(self, audit: Trail, clock: Callable[[], float] = time.monotonic) -> None:
        self._audit = audit
        self._clock = clock
        self._noted_at: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def note(self, caller: Caller, route: str, reason: str, *, address: str) -> None:
        """Somebody who came from an address was not let in at a route; it is stored soon."""
        key = (caller.user, route, reason)
        now = self._clock()
        noted_at = self._noted_at.get(key)
        if noted_at is not None and now - noted_at < ONCE_IN_S:
            return
        self._noted_at[key] = now
        self._noted_at.move_to_end(key)
        if len(self._noted_at) > MOST_KEPT:
            self._noted_at.popitem(last=False)
        who = dataclasses.replace(caller, address=address)
        self._audit.note(trail.record(who, Action.REACH, f"route {route}", Result.REFUSED, reason))
