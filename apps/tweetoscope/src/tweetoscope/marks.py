"""Magnitudes of tweets, which are their authors' followers: how they are spread.

Authors without followers, or of whom that is not known, stop nothing: a magnitude is at least
`LEAST`, and one that is not known counts as the mean.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from tweetoscope.arrays import Reals
from tweetoscope.errors import BadParameters

LEAST = 1.0
MOST = 1e12


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerLaw:
    """Magnitudes from `least` upwards, with a density that falls as m^-alpha."""

    alpha: float = 2.4
    least: float = 10.0

    def __post_init__(self) -> None:
        if not (self.alpha > 2.0 and self.least > 0.0):
            raise BadParameters(
                f"a power law from {self.least} with exponent {self.alpha} has no mean; "
                "the exponent must be above 2 and the least magnitude above 0"
            )

    @property
    def mean(self) -> float:
        """E[m]."""
        return self.least * (self.alpha - 1.0) / (self.alpha - 2.0)

    def draw(self, random: np.random.Generator, count: int) -> Reals:
        """Magnitudes `(count,)`."""
        # One minus the draw is never 0.
        return self.least * (1.0 - random.random(count)) ** (-1.0 / (self.alpha - 1.0))


@dataclass(kw_only=True, slots=True)
class MarkStatistics:
    """The mean magnitude, from configuration at first and then ever more from the stream.

    What is configured weighs as much as `weight` tweets; after `memory` of them, old ones fade.
    """

    configured_mean: float = field(default_factory=lambda: PowerLaw().mean)
    weight: float = 1000.0
    memory: float = 1_000_000.0
    _mean: float = field(init=False)
    _count: float = field(init=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.configured_mean) and self.configured_mean > 0.0):
            raise BadParameters(f"a mean magnitude is above 0, not {self.configured_mean}")
        self._mean, self._count = self.configured_mean, self.weight

    @property
    def mean(self) -> float:
        """E[m] as it is known now."""
        return self._mean

    def add(self, marks: Reals) -> None:
        """Learn from the magnitudes of tweets; NaN ones are left out."""
        known = marks[np.isfinite(marks)]
        if not len(known):
            return
        self._count = min(self._count, max(self.memory - len(known), 0.0)) + len(known)
        among = float(np.clip(known, LEAST, MOST).mean())
        self._mean += (among - self._mean) * min(1.0, len(known) / self._count)


def completed(marks: Reals, mean: float) -> Reals:
    """Magnitudes that can be computed with: NaN is the mean, none is below `LEAST`."""
    known = np.where(np.isfinite(marks), marks, mean)
    return np.clip(known, LEAST, MOST)
