"""What is known of (p, β) before a cascade is seen: a Gaussian over (ln p, ln β).

From configuration, by the moments of a log-normal, or from the stream: the parameters of cascades
that have ended. As in the course, the density is taken over the logarithms, so that the most
likely parameters a posteriori are those where likelihood times that density is highest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tweetoscope.arrays import Reals
from tweetoscope.errors import BadParameters


@dataclass(frozen=True, kw_only=True, slots=True)
class Prior:
    """Centre `(2,)` and covariance `(2, 2)` of (ln p, ln β); β is in 1/s."""

    centre: tuple[float, float]
    covariance: tuple[tuple[float, float], tuple[float, float]]

    def __post_init__(self) -> None:
        (pp, pb), (bp, bb) = self.covariance
        if pb != bp or not (pp > 0.0 and pp * bb > pb * pb):
            raise BadParameters(
                f"the covariance of the prior, {self.covariance}, is not symmetric and positive; "
                "choose a correlation nearer to 0"
            )

    @classmethod
    def from_moments(
        cls,
        *,
        p: float = 0.02,
        beta: float = 0.0002,
        p_deviation: float = 0.01,
        beta_deviation: float = 0.001,
        correlation: float = -0.1,
    ) -> "Prior":
        """The log-normal whose means, standard deviations and correlation are given."""
        if not all(0.0 < each < math.inf for each in (p, beta, p_deviation, beta_deviation)):
            raise BadParameters("means and deviations of the prior must be above 0")
        pp = math.log1p((p_deviation / p) ** 2)
        bb = math.log1p((beta_deviation / beta) ** 2)
        shared = correlation * p_deviation * beta_deviation / (p * beta)
        if shared <= -1.0:
            raise BadParameters(
                f"no log-normal has a correlation of {correlation} with these deviations; "
                "choose one nearer to 0"
            )
        pb = math.log1p(shared)
        centre = (math.log(p) - pp / 2.0, math.log(beta) - bb / 2.0)
        return cls(centre=centre, covariance=((pp, pb), (pb, bb)))

    def for_mean_mark(self, mean: float, *, was: float) -> "Prior":
        """The same prior on n*, where the mean magnitude is another one."""
        ln_p, ln_beta = self.centre
        return Prior(centre=(ln_p + math.log(was / mean), ln_beta), covariance=self.covariance)

    def terms(self) -> Reals:
        """Centre and precision in the order that `fitting` reads."""
        precision = np.linalg.inv(np.array(self.covariance))
        return np.array([*self.centre, precision[0, 0], precision[0, 1], precision[1, 1]])


FLAT = np.zeros(5)
"""The terms of no prior at all: the estimate is that of maximum likelihood."""


@dataclass(kw_only=True, slots=True)
class PriorStatistics:
    """A prior that follows the stream, in constant memory.

    It begins as the configured one, which weighs as much as `weight` cascades. Later cascades count
    more than earlier ones once there were `memory` of them.
    """

    configured: Prior
    weight: float = 20.0
    memory: float = 5000.0
    _mean: Reals = field(init=False)
    _scatter: Reals = field(init=False)
    _count: float = field(init=False)

    def __post_init__(self) -> None:
        self._mean = np.array(self.configured.centre)
        self._scatter = np.array(self.configured.covariance) * self.weight
        self._count = self.weight

    def add(self, *, p: float, beta: float) -> None:
        """Learn from the parameters of a cascade that were found without a prior."""
        if not (p > 0.0 and beta > 0.0):
            raise BadParameters(f"p and β are above 0, not {p} and {beta}")
        if self._count >= self.memory:
            fading = (self.memory - 1.0) / self._count
            self._count *= fading
            self._scatter *= fading
        self._count += 1.0
        before = np.array([math.log(p), math.log(beta)]) - self._mean
        self._mean = self._mean + before / self._count
        self._scatter = self._scatter + np.outer(before, before) * (1.0 - 1.0 / self._count)

    def told(self) -> list[float]:
        """What `restore` makes another know."""
        scatter = self._scatter
        return [
            *map(float, [*self._mean, scatter[0, 0], scatter[0, 1], scatter[1, 1], self._count])
        ]

    def restore(self, told: Sequence[float]) -> None:
        """Know what another has told, and nothing else."""
        ln_p, ln_beta, pp, pb, bb, count = told
        self._mean, self._scatter = np.array([ln_p, ln_beta]), np.array([[pp, pb], [pb, bb]])
        self._count = count

    def prior(self) -> Prior:
        """The prior as it is now."""
        covariance = self._scatter / self._count
        shared = float(covariance[0, 1])
        return Prior(
            centre=(float(self._mean[0]), float(self._mean[1])),
            covariance=((float(covariance[0, 0]), shared), (shared, float(covariance[1, 1]))),
        )
