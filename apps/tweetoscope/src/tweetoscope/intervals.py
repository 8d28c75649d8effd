"""How sure a forecast is: intervals and probabilities, calibrated by how wrong the last ones were.

Conformal: what counts are the errors of forecasts that were made before their cascade was learnt
from, each divided by the spread that is expected at such a ratio. The level follows the stream too
(Gibbs and Candès, 2021): a miss widens the next intervals a little, a hit narrows them less.
"""

import bisect
import math
from collections import deque
from dataclasses import dataclass, field

from tweetoscope.errors import BadParameters
from tweetoscope.estimates import Estimate

SPREAD_AT_NONE = 0.1
"""Even a cascade that seems to be over may go on by so much (of a logarithm)."""

FIRST_ERRORS = tuple(
    math.copysign(math.log1p(-abs(u)), -u) for u in (k / 10 for k in range(-9, 10))
)
"""What is expected before there are errors: a Laplace distribution. They age out as others come."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """The final size that is foretold, and where it lies with the probability asked for."""

    events: int
    ln_ratio: float
    size: float
    low: float
    high: float


@dataclass(kw_only=True, slots=True)
class Calibration:
    """The last errors of a window's forecasts, in constant memory."""

    level: float = 0.9
    memory: int = 500
    step: float = 0.01
    _errors: deque[float] = field(init=False)
    _sorted: list[float] = field(init=False)
    _wanted: float = field(init=False)
    _assumed: int = field(default=len(FIRST_ERRORS), init=False)

    def __post_init__(self) -> None:
        if not 0.0 < self.level < 1.0 or self.memory < len(FIRST_ERRORS):
            raise BadParameters(
                f"an interval's level is between 0 and 1, not {self.level}, and its memory at "
                f"least {len(FIRST_ERRORS)} errors, not {self.memory}"
            )
        self._errors = deque(FIRST_ERRORS)
        self._sorted = sorted(FIRST_ERRORS)
        self._wanted = self.level

    def forecast(self, ln_ratio: float, events: int) -> Forecast:
        """The forecast with its interval around it; never below what was seen.

        Where all errors of late lie on one side, the end on the other side is the forecast itself.
        """
        spread = _spread(ln_ratio)
        tail = 0.5 * (1.0 - self._wanted)
        low, high = self._quantile(tail), self._quantile(1.0 - tail)
        return Forecast(
            events=events,
            ln_ratio=ln_ratio,
            size=events * math.exp(ln_ratio),
            low=events * math.exp(min(max(ln_ratio + spread * low, 0.0), ln_ratio)),
            high=events * math.exp(max(ln_ratio + spread * high, ln_ratio)),
        )

    def probability_above(self, threshold: float, ln_ratio: float, events: int) -> float:
        """How likely the final size passes a threshold; 1 if it is passed already."""
        if events > threshold:
            return 1.0
        needed = (math.log(threshold / events) - ln_ratio) / _spread(ln_ratio)
        above = len(self._sorted) - bisect.bisect_right(self._sorted, needed)
        return (above + 0.5) / (len(self._sorted) + 1.0)

    def add(self, told: Forecast, size: int) -> None:
        """Learn from a cascade that has ended how wrong its forecast was."""
        ln_true = math.log(size / told.events)
        is_missed = not told.low <= size <= told.high
        wanted = self._wanted + self.step * (float(is_missed) - (1.0 - self.level))
        self._wanted = min(max(wanted, 0.5 * self.level), 1.0 - 0.1 * (1.0 - self.level))
        error = (ln_true - told.ln_ratio) / _spread(told.ln_ratio)
        self._errors.append(error)
        bisect.insort(self._sorted, error)
        if self._assumed or len(self._errors) > self.memory:
            self._assumed = max(self._assumed - 1, 0)
            del self._sorted[bisect.bisect_left(self._sorted, self._errors.popleft())]

    def _quantile(self, part: float) -> float:
        """The error that so large a part is below, read outwards so that coverage is kept."""
        count = len(self._sorted)
        outward = math.ceil((count + 1) * part) if part > 0.5 else math.floor((count + 1) * part)
        return self._sorted[min(max(outward - 1, 0), count - 1)]


def _spread(ln_ratio: float) -> float:
    return ln_ratio + SPREAD_AT_NONE


def seconds_until(threshold: float, told: Forecast, estimate: Estimate) -> float:
    """How long until the size passes a threshold: 0 if it has, infinite if it is not to.

    The total is the forecast's, the course of it that of the Hawkes process.
    """
    if told.events > threshold:
        return 0.0
    if told.size <= threshold:
        return math.inf
    return estimate.seconds_until((threshold - told.events) / (told.size - told.events))
