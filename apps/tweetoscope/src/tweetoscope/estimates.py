"""What is known of a cascade, and what follows from it.

Apart from how it is found (`hawkes`), so that services which only pass it on need no compiler.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """A tweet of magnitude m makes p m retweets in the mean, after 1/β seconds in the mean."""

    p: float
    beta: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What is known of a cascade at the end of an observation window.

    `g1` is p Σ m_i exp(-β (T - t_i)): the retweets still to come from the tweets so far alone.
    `log_posterior` lacks the constant of the prior; without a prior it is the log-likelihood.
    """

    parameters: Parameters
    events: int
    n_star: float
    g1: float
    log_posterior: float

    @property
    def to_come(self) -> float:
        """Retweets still to come in the mean, all generations of them."""
        return self.g1 / (1.0 - self.n_star)

    @property
    def size(self) -> float:
        """The final size in the mean."""
        return self.events + self.to_come

    def grown(self, seconds: float) -> float:
        """The part of what is to come that has come so many seconds later, from 0 to 1.

        The mean intensity falls as exp(-β (1 - n*) s).
        """
        return -math.expm1(-self.parameters.beta * (1.0 - self.n_star) * seconds)

    def seconds_until(self, part: float) -> float:
        """When that part of what is to come has come: the inverse of `grown`."""
        if part >= 1.0:
            return math.inf
        return -math.log1p(-max(part, 0.0)) / (self.parameters.beta * (1.0 - self.n_star))
