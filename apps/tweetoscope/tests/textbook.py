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
    # How much longer ago than the last event before it each earlier one was; the last one is taken
    # out of the sum, so that nothing of it vanishes when β is large.
    last = np.diff(times_s)
    longer = (times_s[1:, None] - times_s[None, :] - last[:, None]) * np.tri(*_shape(times_s))
    weights = marks * np.tri(*_shape(times_s))
    left = until_s - times_s
    count = len(last)
    precision = None if prior is None else np.linalg.inv(np.array(prior.covariance))

    def loss(point: Reals) -> tuple[float, Reals]:
        p, beta = np.exp(point)
        terms = weights * np.exp(-beta * longer)
        kernel = terms.sum(axis=1)
        gone = np.exp(-beta * left)
        expected = p * (marks * (1.0 - gone)).sum()
        value = count * point.sum() + (np.log(kernel) - beta * last).sum() - expected
        by_beta = ((terms * longer).sum(axis=1) / kernel + last).sum() + p * (
            marks * left * gone
        ).sum()
        slope = np.array([count - expected, count - beta * by_beta])
        if prior is not None:
            away = point - np.array(prior.centre)
            value -= 0.5 * away @ precision @ away
            slope -= precision @ away
        return -float(value), -slope

    spread = np.random.default_rng(len(times_s)).random((starts, 2))
    within = [(low_p, high_p), (low_beta, high_beta)]
    found = (
        optimize.minimize(
            loss,
            [low_p + (high_p - low_p) * (0.5 + 0.5 * u), low_beta + (high_beta - low_beta) * v],
            method="L-BFGS-B",
            jac=True,
            bounds=within,
        )
        for u, v in spread
    )
    return -min(float(result.fun) for result in found)


def _shape(times_s: Reals) -> tuple[int, int]:
    return len(times_s) - 1, len(times_s)
