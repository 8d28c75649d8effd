"""The likelihood as textbooks write it, with SciPy's optimisers: independent of the package."""

import math

import numpy as np
from scipy import optimize

from tweetoscope.arrays import Reals
from tweetoscope.hawkes import Bounds
from tweetoscope.prior import Prior


def log_likelihood(times_s: Reals, marks: Reals, until_s: float, p: float, beta: float) -> float:
    """Σ ln λ(t_i) over all but the first event, less the integral of λ: a double sum."""
    value = 0.0
    for i in range(1, len(times_s)):
        kernel = p * beta * marks[:i] * np.exp(-beta * (times_s[i] - times_s[:i]))
        value += math.log(kernel.sum())
    return float(value - (p * marks * (1.0 - np.exp(-beta * (until_s - times_s)))).sum())


def log_density(prior: Prior, p: float, beta: float) -> float:
    """The prior's density of (ln p, ln β), up to a constant."""
    away = np.log([p, beta]) - np.array(prior.centre)
    return float(-0.5 * away @ np.linalg.solve(np.array(prior.covariance), away))


def best_of(
    starts: int, times_s: Reals, marks: Reals, until_s: float, bounds: Bounds, prior: Prior | None
) -> float:
    """The highest value that SciPy finds from so many starts spread over the bounds."""
    low_p, high_p, low_beta, high_beta = bounds.box()
    gaps = times_s[:, None] - times_s[None, :]
    before = gaps[1:] * np.tri(len(times_s) - 1, len(times_s))
    weights = marks * np.tri(len(times_s) - 1, len(times_s))

    def loss(point: Reals) -> float:
        p, beta = np.exp(point)
        kernel = (weights * np.exp(-beta * before)).sum(axis=1)
        with np.errstate(divide="ignore"):
            value = (len(times_s) - 1) * (point[0] + point[1]) + np.log(kernel).sum()
        value -= (p * marks * -np.expm1(-beta * (until_s - times_s))).sum()
        if prior is not None:
            value += log_density(prior, p, beta)
        return -max(float(value), -1e12)

    spread = np.random.default_rng(len(times_s)).random((starts, 2))
    within = [(low_p, high_p), (low_beta, high_beta)]
    found = (
        optimize.minimize(
            loss,
            [low_p + (high_p - low_p) * (0.5 + 0.5 * u), low_beta + (high_beta - low_beta) * v],
            method="L-BFGS-B",
            bounds=within,
        )
        for u, v in spread
    )
    return -min(float(result.fun) for result in found)
