"""Likelihood of a marked Hawkes process with exponential kernel, in time linear in the events.

A tweet of magnitude m makes retweets at the rate p m β exp(-β s) after s seconds. Of a cascade with
events at t_1 ≤ … ≤ t_n, observed until T, the log-likelihood given the first event is

    (n - 1) ln(p β) + Σ_{i≥2} ln A_i - p (Σ m_i - A(T)),   A_i = Σ_{j<i} m_j exp(-β (t_i - t_j)).

A_i is exp(-β (t_i - t_{i-1})) S_{i-1}, where S_i = m_i + exp(-β (t_i - t_{i-1})) S_{i-1}. So the
sum of logarithms is Σ_{i<n} ln S_i - β (t_n - t_1), where nothing underflows after long silences.
Called by `fitting`; knows nothing of priors. Magnitudes are in [1e-30, 1e30].
"""

import math

import numpy as np

from tweetoscope.arrays import Reals
from tweetoscope.compiled import compiled

AT_ONCE = 8
"""So many magnitudes are multiplied before one logarithm is taken; their product is in range."""


@compiled
def sums(
    times_s: Reals, marks: Reals, until_s: float, beta: float
) -> tuple[float, float, float, float, float, float]:
    """All that the likelihood needs at one β: Σ ln S_i and A(T), each with two derivatives by β."""
    n = len(times_s)
    state, first, second = marks[0], 0.0, 0.0
    logs, logs_first, logs_second = 0.0, 0.0, 0.0
    product, pending = 1.0, 0
    for i in range(1, n):
        inverse = 1.0 / state
        slope = first * inverse
        logs_first += slope
        logs_second += second * inverse - slope * slope
        product *= state
        pending += 1
        if pending == AT_ONCE:
            logs += math.log(product)
            product, pending = 1.0, 0
        gap = times_s[i] - times_s[i - 1]
        decay = math.exp(-beta * gap)
        second = decay * (second - gap * (2.0 * first - gap * state))
        first = decay * (first - gap * state)
        state = marks[i] + decay * state
    logs += math.log(product)
    gap = until_s - times_s[n - 1]
    decay = math.exp(-beta * gap)
    second = decay * (second - gap * (2.0 * first - gap * state))
    first = decay * (first - gap * state)
    return logs, logs_first, logs_second, decay * state, first, second


@compiled
def grid_sums(
    times_s: Reals, marks: Reals, until_s: float, lowest_beta: float, logs: Reals, tails: Reals
) -> None:
    """Fill in Σ ln S_i and A(T) for each β of a grid, every one four times the one before.

    With that step a decay is the fourth power of the last one: one exponential an event in all.
    """
    n, count = len(times_s), len(logs)
    states, products = np.empty(count), np.ones(count)
    for k in range(count):
        states[k] = marks[0]
        logs[k] = 0.0
    pending = 0
    for i in range(1, n):
        decay = math.exp(-lowest_beta * (times_s[i] - times_s[i - 1]))
        mark = marks[i]
        for k in range(count):
            products[k] *= states[k]
            states[k] = mark + decay * states[k]
            decay *= decay
            decay *= decay
        pending += 1
        if pending == AT_ONCE:
            for k in range(count):
                logs[k] += math.log(products[k])
                products[k] = 1.0
            pending = 0
    decay = math.exp(-lowest_beta * (until_s - times_s[n - 1]))
    for k in range(count):
        logs[k] += math.log(products[k])
        tails[k] = decay * states[k]
        decay *= decay
        decay *= decay


@compiled
def log_likelihood(
    times_s: Reals, marks: Reals, until_s: float, p: float, beta: float
) -> tuple[float, Reals, Reals]:
    """The log-likelihood, its gradient `(2,)` and Hessian `(2, 2)` by (ln p, ln β)."""
    logs, logs_1, logs_2, tail, tail_1, tail_2 = sums(times_s, marks, until_s, beta)
    generations = len(times_s) - 1
    extent = times_s[-1] - times_s[0]
    weight = p * (marks.sum() - tail)
    gradient, hessian = np.empty(2), np.empty((2, 2))
    value = generations * math.log(p * beta) - beta * extent + logs - weight
    gradient[0] = generations - weight
    gradient[1] = generations + beta * (logs_1 - extent + p * tail_1)
    hessian[0, 0] = -weight
    hessian[0, 1] = hessian[1, 0] = p * beta * tail_1
    hessian[1, 1] = beta * (logs_1 - extent + p * tail_1) + beta * beta * (logs_2 + p * tail_2)
    return value, gradient, hessian
