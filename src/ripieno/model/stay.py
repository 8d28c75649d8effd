"""How long a deployment may stay up: what its routes say, and what the server says of all.

There is one idle clock and one life time for a deployment. Of several routes the most patient one
decides how long it may be unused, since a visit by any of them is a use of it; the strictest one
decides how long it may live.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ripieno.model.route import Route

MINUTE_S, HOUR_S = 60.0, 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a server says: of routes that say nothing themselves, and at most. None: nothing."""

    idle_stop_min: float | None = None
    most_idle_stop_min: float | None = None
    lifetime_h: float | None = None
    most_lifetime_h: float | None = None

    @property
    def most_lifetime_s(self) -> float:
        """How far ahead the end of a life may be."""
        return math.inf if self.most_lifetime_h is None else self.most_lifetime_h * HOUR_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """How long a deployment may be unused, and may live; None: as long as it likes."""

    idle_s: float | None = None
    lifetime_s: float | None = None

    @property
    def is_endless(self) -> bool:
        """Whether nothing is limited."""
        return self.idle_s is None and self.lifetime_s is None


def stay_of(routes: Iterable[Route], terms: Terms) -> Stay:
    """The limits of a deployment with these routes. Without any there is none: nobody visits it."""
    listed = tuple(routes)
    if not listed:
        return Stay()
    idle_min = [each.idle_stop_min for each in listed if each.idle_stop_min is not None]
    lifetime_h = [each.lifetime_h for each in listed if each.lifetime_h is not None]
    return Stay(
        idle_s=_seconds(
            max(idle_min, default=terms.idle_stop_min), terms.most_idle_stop_min, MINUTE_S
        ),
        lifetime_s=_seconds(
            min(lifetime_h, default=terms.lifetime_h), terms.most_lifetime_h, HOUR_S
        ),
    )


def _seconds(given: float | None, most: float | None, unit_s: float) -> float | None:
    limits = [each for each in (given, most) if each is not None]
    return min(limits) * unit_s if limits else None
