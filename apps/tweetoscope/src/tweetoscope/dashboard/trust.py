"""How good forecasts of a window were of late: their errors, beside a constant's, and intervals."""

import math
from collections import deque
from dataclasses import dataclass, field

from tweetoscope.dashboard.thinning import Series
from tweetoscope.drift import RecentErrors, Trust
from tweetoscope.intervals import Calibration, Forecast
from tweetoscope.reports import Prediction, Stat

HISTORY_POINTS = 240
HISTORY_MS = 1000.0
MEMORY = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Of cascades that have ended, how many were foretold to pass a threshold, and did."""

    foretold: int
    passed: int
    both: int

    @property
    def precision(self) -> float | None:
        """The part of those foretold that did."""
        return self.both / self.foretold if self.foretold else None

    @property
    def recall(self) -> float | None:
        """The part of those that did that was foretold."""
        return self.both / self.passed if self.passed else None


@dataclass(kw_only=True, slots=True)
class Record:
    """What is known of a window's forecasts.

    `history` has points of time in milliseconds, mean and median error of the model, those of the
    constant, and the part of sizes within their interval.
    """

    window_s: float
    scored: int = 0
    model_version: int = 0
    model_samples: int = 0
    model_ms: int | None = None
    history: Series = field(default_factory=lambda: Series(most=HISTORY_POINTS, spacing=HISTORY_MS))
    _errors: RecentErrors = field(default_factory=lambda: RecentErrors(memory=MEMORY))
    _covered: deque[bool] = field(default_factory=lambda: deque(maxlen=MEMORY))
    _calibration: Calibration = field(default_factory=Calibration)
    _outcomes: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=MEMORY))
    _sampled_ms: float = -math.inf

    def score(self, stat: Stat, at_ms: int) -> None:
        """Take in how wrong a forecast was. What a program of the course tells has no constant."""
        self.scored += 1
        if stat.error_of_constant is not None:
            self._errors.add(model=stat.error, constant=stat.error_of_constant)
        if stat.is_covered is not None:
            self._covered.append(stat.is_covered)
        if at_ms - self._sampled_ms >= HISTORY_MS and (trust := self.trust()) is not None:
            self._sampled_ms = at_ms
            covered = self.coverage()
            self.history.add(
                float(at_ms),
                *trust.model,
                *trust.constant,
                math.nan if covered is None else covered,
            )

    def outcome(self, told: Prediction, size: int) -> None:
        """Take in what became of a forecast, from which other thresholds can be judged."""
        self._calibration.add(_forecast(told), max(size, told.events))
        self._outcomes.append((told.size, size))

    def teach(self, version: int, samples: int, at_ms: int) -> None:
        """Take in that there is a newer model."""
        if version >= self.model_version:
            self.model_version, self.model_samples, self.model_ms = version, samples, at_ms

    def probability(self, threshold: float, told: Prediction) -> float:
        """How likely a cascade passes a threshold: the predictor's word where it was asked."""
        if threshold == told.threshold:
            return told.probability
        ln_ratio = _forecast(told).ln_ratio
        return self._calibration.probability_above(threshold, ln_ratio, told.events)

    def trust(self) -> Trust | None:
        """Mean and median errors of late; None before there are any."""
        return self._errors.trust()

    def coverage(self) -> float | None:
        """The part of the last sizes that was within its interval."""
        return sum(self._covered) / len(self._covered) if self._covered else None

    @property
    def judged(self) -> int:
        """How many errors `trust` is of."""
        return min(self.scored, MEMORY)

    @property
    def level(self) -> float:
        """The part that is to be within."""
        return self._calibration.level

    def finding(self, threshold: float) -> Finding:
        """How well a threshold would have been foretold, of late."""
        foretold = [told > threshold for told, _ in self._outcomes]
        passed = [size > threshold for _, size in self._outcomes]
        both = [one and other for one, other in zip(foretold, passed, strict=True)]
        return Finding(foretold=sum(foretold), passed=sum(passed), both=sum(both))


def _forecast(told: Prediction) -> Forecast:
    return Forecast(
        events=told.events,
        ln_ratio=math.log(max(told.size, 1.0) / told.events),
        size=told.size,
        low=told.low,
        high=told.high,
    )
