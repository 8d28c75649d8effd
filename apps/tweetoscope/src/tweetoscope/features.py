"""What is said of a cascade at the end of a window to the model that learns.

Parts of the window rather than seconds, and logarithms rather than counts, so that a tree's
thresholds mean the same for small and large cascades. All is of the cascade itself: nothing moves
with the stream's mean magnitude or prior, so what was seen on different days compares.
"""

import math

import numpy as np

from tweetoscope.arrays import Reals
from tweetoscope.compiled import compiled
from tweetoscope.hawkes import Bounds, estimate

QUANTILES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
LATE = np.array([0.5, 0.25, 0.125, 0.0625])
EARLY = np.array([0.5, 0.25, 0.125, 0.0625, 0.03125])

NAMES = (
    "ln_events",
    *(f"time_quantile_{part:g}" for part in QUANTILES),
    *(f"ln_late_{part:g}" for part in LATE),
    *(f"ln_early_{part:g}" for part in EARLY),
    "silence", "time_mean", "time_deviation",
    "ln_gap_first", "ln_gap_last", "ln_time_fifth", "ln_time_tenth",
    "ln_mark_root", "ln_mark_sum", "ln_mark_most", "ln_mark_mean", "ln_mark_deviation",
    "ln_mark_late", "ln_response",
    "ln_beta", "n_star", "ln_g1_share", "ln_hawkes_ratio",
)  # fmt: skip
"""The features in their order."""

_ESTIMATED = 4


def extract(times_s: Reals, marks: Reals, until_s: float) -> Reals:
    """The features `(len(NAMES),)` of a cascade as seen in a window of `until_s` seconds."""
    values = np.empty(len(NAMES))
    _fill(times_s, marks, until_s, QUANTILES, LATE, EARLY, values)
    found = estimate(times_s, marks, until_s, bounds=Bounds(mean_mark=float(marks.mean())))
    values[-_ESTIMATED:] = (
        math.log(found.parameters.beta),
        found.n_star,
        math.log(found.g1 / found.events + 1e-6),
        math.log1p(found.to_come / found.events),
    )
    return values


@compiled
def _fill(
    times_s: Reals,
    marks: Reals,
    until_s: float,
    quantiles: Reals,
    late: Reals,
    early: Reals,
    values: Reals,
) -> None:
    n = len(times_s)
    ln_n = math.log(n)
    values[0] = ln_n
    k = 1
    for part in quantiles:
        values[k] = times_s[int(part * (n - 1))] / until_s
        k += 1
    for part in late:
        count = n - np.searchsorted(times_s, until_s * (1.0 - part), side="right")
        values[k] = math.log(count + 1.0) - ln_n
        k += 1
    for part in early:
        count = np.searchsorted(times_s, until_s * part, side="right")
        values[k] = math.log(max(count, 1)) - ln_n
        k += 1
    among = min(5, n - 1)
    times = (
        (until_s - times_s[n - 1]) / until_s,
        times_s.mean() / until_s,
        times_s.std() / until_s,
        math.log1p(times_s[among] / max(among, 1)),
        math.log1p((times_s[n - 1] - times_s[n - 1 - among]) / max(among, 1)),
        math.log1p(times_s[min(4, n - 1)]),
        math.log1p(times_s[min(9, n - 1)]),
    )
    for value in times:
        values[k] = value
        k += 1
    total, most, recent, ln_sum, ln_squares = marks[0], 1.0, 0.0, 0.0, 0.0
    for i in range(1, n):
        total += marks[i]
        most = max(most, marks[i])
        if times_s[i] > 0.5 * until_s:
            recent += marks[i]
        ln_mark = math.log(marks[i])
        ln_sum += ln_mark
        ln_squares += ln_mark * ln_mark
    retweets = max(n - 1, 1)
    ln_mean = ln_sum / retweets
    of_marks = (
        math.log(marks[0]),
        math.log(total),
        math.log(most),
        ln_mean,
        math.sqrt(max(ln_squares / retweets - ln_mean * ln_mean, 0.0)),
        math.log((recent + 1.0) / total),
        math.log(n / total),
    )
    for value in of_marks:
        values[k] = value
        k += 1
