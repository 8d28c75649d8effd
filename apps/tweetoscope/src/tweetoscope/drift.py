"""Whether the world has moved away from what was learnt: the Page-Hinkley test on errors.

Fed with the error of each forecast when its cascade has ended, by the learner, which then forgets
its older samples. Beside it the model's errors of late are compared with the constant's: one that
loses to a constant is not to be trusted.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np


@dataclass(kw_only=True, slots=True)
class PageHinkley:
    """An alarm when errors have risen above their mean for good (Page, 1954).

    `tolerance` is a rise that is no drift, `limit` the sum of greater rises that is one. An error
    counts as `most` at most, so that no single one is an alarm.
    """

    tolerance: float = 0.05
    limit: float = 5.0
    most: float = 1.0
    least_count: int = 30
    _count: int = field(default=0, init=False)
    _mean: float = field(default=0.0, init=False)
    _sum: float = field(default=0.0, init=False)
    _lowest: float = field(default=0.0, init=False)

    @property
    def ratio(self) -> float:
        """How much of the way to an alarm there is; at 1 it is one."""
        return (self._sum - self._lowest) / self.limit

    def add(self, error: float) -> bool:
        """Whether there is a drift, by the errors so far; after an alarm it begins anew."""
        error = min(error, self.most)
        self._count += 1
        self._mean += (error - self._mean) / self._count
        self._sum += error - self._mean - self.tolerance
        self._lowest = min(self._lowest, self._sum)
        if self._count < self.least_count or self._sum - self._lowest <= self.limit:
            return False
        self._count, self._mean, self._sum, self._lowest = 0, 0.0, 0.0, 0.0
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """Mean and median errors of late, of the model and of the constant beside it."""

    model: tuple[float, float]
    constant: tuple[float, float]

    @property
    def is_deserved(self) -> bool:
        """Whether the model is better than the constant in the mean."""
        return self.model[0] < self.constant[0]


@dataclass(kw_only=True, slots=True)
class RecentErrors:
    """The last errors of a window's model and of its constant."""

    memory: int = 200
    _pairs: deque[tuple[float, float]] = field(init=False)

    def __post_init__(self) -> None:
        self._pairs = deque(maxlen=self.memory)

    def add(self, *, model: float, constant: float) -> None:
        """Take in the errors of one cascade, |N̂ - N| / N."""
        self._pairs.append((model, constant))

    def trust(self) -> Trust | None:
        """How the two compare; None before there is anything to compare."""
        if not self._pairs:
            return None
        errors = np.array(self._pairs)
        means, medians = errors.mean(axis=0), np.median(errors, axis=0)
        return Trust(
            model=(float(means[0]), float(medians[0])),
            constant=(float(means[1]), float(medians[1])),
        )
