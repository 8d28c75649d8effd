"""SEISMIC, a published baseline: infectiousness by local weighting, memory by a known power law.

Zhao, Erdogdu, He, Rajaraman and Leskovec, KDD 2015. A share's followers see it with a delay whose
density is constant for five minutes and falls as a power law from then on; what an exposure is
worth now is the shares of late over the exposures of late, both under a triangular weight; the
final size is that of a branching process. Constants are those that were published.
"""

import functools
import math

import numpy as np

from tweetoscope.arrays import Reals
from tweetoscope.compiled import compiled

THETA, CUTOFF_S = 0.2314843, 300.0
DENSITY = 1.0 / (CUTOFF_S * (1.0 + 1.0 / THETA))
"""The delay's density up to the cutoff, by which it integrates to 1."""

LEAST_WINDOW_S, MOST_WINDOW_S = 300.0, 7200.0
MOST_BRANCHING = 0.9
"""Nothing finite would be foretold above 1, where the published method gives up."""
USUAL_BRANCHING, WEEK_S, STEP_S = 0.5, 604_800.0, 60.0


@compiled
def memory(seconds: float) -> float:
    """The part of an exposure that is over after so many seconds."""
    if seconds <= CUTOFF_S:
        return float(DENSITY * max(seconds, 0.0))
    return float(1.0 - DENSITY * CUTOFF_S / THETA * (seconds / CUTOFF_S) ** -THETA)


@compiled
def moment(seconds: float) -> float:
    """The integral of delay times its density, from 0."""
    if seconds <= CUTOFF_S:
        return float(0.5 * DENSITY * max(seconds, 0.0) ** 2)
    power = 1.0 - THETA
    later = (seconds / CUTOFF_S) ** power - 1.0
    return float(DENSITY * CUTOFF_S * CUTOFF_S * (0.5 + later / power))


@compiled
def final_size(times_s: Reals, marks: Reals, until_s: float, mean_mark: float) -> float:
    """The size foretold at the end of a window; times ascend, magnitudes are above 0."""
    window = min(max(0.5 * until_s, LEAST_WINDOW_S), MOST_WINDOW_S)
    begin = until_s - window
    shares, exposures, awaiting = 0.0, 0.0, 0.0
    for i in range(len(times_s)):
        since = until_s - times_s[i]
        if i > 0 and times_s[i] > begin:
            shares += 1.0 - since / window
        # The weight 1 - (T - s) / window over the time s since `begin`, times the density there.
        low = max(begin - times_s[i], 0.0)
        seen = memory(since) - memory(low)
        delayed = moment(since) - moment(low)
        exposures += marks[i] * ((1.0 - since / window) * seen + delayed / window)
        awaiting += marks[i] * (1.0 - memory(since))
    if exposures <= 0.0:
        return float(len(times_s))
    infectiousness = shares / exposures
    branching = min(infectiousness * mean_mark, MOST_BRANCHING)
    return len(times_s) + infectiousness * awaiting / (1.0 - branching)


@functools.cache
def usual_ratio(window_s: float, horizon_s: float = WEEK_S) -> float:
    """How many times larger than at the end of a window cascades are at the horizon, in the mean.

    By the memory alone, where half of the shares are answers to shares: with the Fourier transform
    f of the delay's density, all generations of them come at the rate of f / (1 - n f).
    """
    if window_s >= horizon_s:
        return 1.0
    steps = math.ceil(horizon_s / STEP_S)
    seen = np.array([memory(at * STEP_S) for at in range(steps + 1)])
    room = 4 * steps
    density = np.fft.rfft(np.diff(seen), room)
    rate = np.fft.irfft(density / (1.0 - USUAL_BRANCHING * density), room)[:steps]
    grown = np.concatenate([[0.0], np.cumsum(rate)])
    of_window = np.interp(max(window_s / STEP_S, 1.0), np.arange(steps + 1), grown)
    return float(grown[-1] / of_window)
