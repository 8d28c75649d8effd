"""A cascade as the dashboard follows it: how it grows, and what was foretold of it when."""

import itertools
import math
from dataclasses import dataclass, field
from enum import Enum

from tweetoscope.dashboard.thinning import Series
from tweetoscope.reports import Prediction

CURVE_POINTS = 120
MOST_FORECASTS = 12
PARTS = 4
NEAR = 0.05


class Phase(Enum):
    """Where a cascade is in its life, by how fast it grows now and how fast it once did."""

    UNKNOWN = "not known"
    RISING = "as fast as ever"
    SLOWING = "slowing down"
    PAST = "past its peak"
    OVER = "nearly over"


@dataclass(slots=True, eq=False)
class Cascade:
    """`first_s` is None unless its beginning was seen; only then is its growth known."""

    name: str
    text: str = ""
    source: str = ""
    first_s: float | None = None
    counted: int = 0
    final: int | None = None
    ended_ms: int | None = None
    forecasts: dict[float, Prediction] = field(default_factory=dict)
    foretold_ms: int = 0
    curve: Series = field(default_factory=lambda: Series(most=CURVE_POINTS))

    @property
    def newest(self) -> Prediction | None:
        """The forecast that knew most."""
        return self.forecasts[max(self.forecasts)] if self.forecasts else None

    @property
    def size(self) -> int:
        """How large it is by all that is known."""
        seen = self.newest.events if self.newest is not None else 0
        return self.final or max(self.counted, seen)

    def begin(self, source: str, text: str, time_s: float) -> None:
        """Its first tweet was seen."""
        self.source, self.text, self.first_s, self.counted = source, text, time_s, 1
        self.curve.add(0.0, 1.0)

    def grow(self, time_s: float) -> None:
        """Another tweet was seen; it counts if all before it were."""
        if self.first_s is None:
            return
        self.counted += 1
        self.curve.add(max(time_s - self.first_s, 0.0), float(self.counted))

    def foretell(self, told: Prediction, at_ms: int) -> None:
        """Keep a forecast, and the newest ones of all."""
        self.text = self.text or told.text
        self.forecasts[told.window_s] = told
        self.foretold_ms = max(self.foretold_ms, at_ms)
        if len(self.forecasts) > MOST_FORECASTS:
            del self.forecasts[min(self.forecasts)]

    def points(self) -> list[tuple[float, float]]:
        """Its size at ages in seconds; without its beginning, what its forecasts had seen."""
        if self.curve.points:
            return [(point[0], point[1]) for point in self.curve.points]
        return [(w, float(told.events)) for w, told in sorted(self.forecasts.items())]

    def phase(self, age_s: float | None) -> Phase:
        """How its life goes: tweets in the last quarter of it against the busiest quarter."""
        if age_s is None or age_s <= 0.0 or len(self.curve.points) < 2 * PARTS:
            return Phase.UNKNOWN
        sizes = [1.0]
        for part in range(1, PARTS + 1):
            point = self.curve.before(age_s * part / PARTS)
            sizes.append(point[1] if point is not None else 1.0)
        grown = [after - before for before, after in itertools.pairwise(sizes)]
        pace = grown[-1] / max(*grown, 1.0)
        if pace >= 0.8:
            return Phase.RISING
        if pace >= 0.3:
            return Phase.SLOWING
        is_near = self.newest is not None and abs(self.size / self.newest.size - 1.0) <= NEAR
        return Phase.OVER if is_near else Phase.PAST


def approach_rate(told: Prediction) -> float:
    """The κ with which a cascade approaches the size that is foretold, as 1 - exp(-κ s).

    Its growth begins with the intensity that the Hawkes process has at the window's end, β G1. With
    that process's own final size κ is β (1 - n*); it is never less.
    """
    least = told.beta * (1.0 - told.n_star)
    to_come = told.size - told.events
    return max(told.beta * told.g1 / to_come, least) if to_come > 0.0 else least


def halving_s(told: Prediction) -> float:
    """When half of what is to come has come."""
    return math.log(2.0) / approach_rate(told)


def seconds_to(threshold: float, told: Prediction, size: float) -> float:
    """How long from now, when there are `size` tweets, until there are more than the threshold.

    Infinite where that is not foretold.
    """
    if size > threshold:
        return 0.0
    if told.size <= threshold:
        return math.inf
    return math.log((told.size - size) / (told.size - threshold)) / approach_rate(told)


def hawkes_size(told: Prediction) -> float:
    """What the Hawkes process alone would have said."""
    return told.events + told.g1 / (1.0 - told.n_star)
