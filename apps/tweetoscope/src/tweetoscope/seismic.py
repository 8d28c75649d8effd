"""SEISMIC, a published baseline: infectiousness by local weighting, memory by a known power law.

Zhao, Erdogdu, He, Rajaraman and Leskovec, KDD 2015. A share's followers see it with a delay whose
density is constant for five minutes and falls as a power law from then on; what an exposure is
worth now is the shares of late over the exposures of late, both under a triangular weight; the
final size is that of a branching process. Constants are those that were published.
"""

from tweetoscope.arrays import Reals
from tweetoscope.compiled import compiled

THETA, CUTOFF_S = 0.2314843, 300.0
DENSITY = 1.0 / (CUTOFF_S * (1.0 + 1.0 / THETA))
"""The delay's density up to the cutoff, by which it integrates to 1."""

LEAST_WINDOW_S, MOST_WINDOW_S = 300.0, 7200.0
MOST_BRANCHING = 0.9
"""Nothing finite would be foretold above 1, where the published method gives up."""


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
