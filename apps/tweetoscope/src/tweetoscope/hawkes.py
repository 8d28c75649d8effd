"""Marked Hawkes cascades: parameters estimated, final size foretold, cascades simulated.

A cascade is its times in seconds `(n,)`, ascending from the first tweet, and its magnitudes `(n,)`,
all above 0 (see `marks.completed`). Random numbers come from a generator that the caller passes in.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tweetoscope import fitting
from tweetoscope.arrays import Integers, Reals
from tweetoscope.compiled import compiled
from tweetoscope.errors import BadParameters
from tweetoscope.estimates import Estimate, Parameters
from tweetoscope.prior import FLAT, Prior

DAY_S = 86_400.0
BLOCK = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """Where parameters are looked for; n* = p E[m] is kept below 1, or cascades would not end."""

    mean_mark: float
    most_n_star: float = 0.999
    least_beta: float = 1.0 / (10.0 * DAY_S)
    most_beta: float = 1.0 / 60.0
    least_n_star: float = 1e-8

    def __post_init__(self) -> None:
        is_sound = 0.0 < self.mean_mark < math.inf and 0.0 < self.least_n_star < self.most_n_star
        if not (is_sound and 0.0 < self.least_beta < self.most_beta):
            raise BadParameters(
                f"no parameters are within {self}; the mean magnitude and n* must be above 0, "
                "and each least value below its greatest"
            )

    def box(self) -> Reals:
        """The bounds of (ln p, ln β) in the order that `fitting` reads."""
        least_p, most_p = self.least_n_star / self.mean_mark, self.most_n_star / self.mean_mark
        box: Reals = np.log(np.array([least_p, most_p, self.least_beta, self.most_beta]))
        return box


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Many cascades end to end: `offsets[i]:offsets[i + 1]` is one, seen until `until_s[i]`."""

    times_s: Reals
    marks: Reals
    offsets: Integers
    until_s: Reals

    @classmethod
    def of(cls, cascades: Sequence[tuple[Reals, Reals, float]]) -> "Batch":
        """From times, magnitudes and end of the window of each."""
        lengths = [len(times_s) for times_s, _, _ in cascades]
        if 0 in lengths:
            raise BadParameters("a cascade has at least its first tweet; leave empty ones out")
        return cls(
            times_s=np.concatenate([np.asarray(times, np.float64) for times, _, _ in cascades]),
            marks=np.concatenate([np.asarray(marks, np.float64) for _, marks, _ in cascades]),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            until_s=np.array([until_s for _, _, until_s in cascades], np.float64),
        )

    def __len__(self) -> int:
        return len(self.until_s)


def estimate_each(batch: Batch, bounds: Bounds, prior: Prior | None = None) -> list[Estimate]:
    """The most likely parameters of each cascade, a posteriori if there is a prior."""
    results = fit_batch(batch, bounds, prior)
    sizes = np.diff(batch.offsets)
    return [_estimate(row, int(events), bounds) for row, events in zip(results, sizes, strict=True)]


def fit_batch(batch: Batch, bounds: Bounds, prior: Prior | None = None) -> Reals:
    """As `estimate_each`, as rows `(k, 5)` whose columns `fitting` names."""
    results = np.empty((len(batch), 5))
    terms = FLAT if prior is None else prior.terms()
    fitting.fit_each(
        batch.times_s, batch.marks, batch.offsets, batch.until_s, bounds.box(), terms, results
    )
    return results


def estimate(
    times_s: Reals, marks: Reals, until_s: float, *, bounds: Bounds, prior: Prior | None = None
) -> Estimate:
    """The most likely parameters of one cascade that was observed until `until_s`."""
    return estimate_each(Batch.of([(times_s, marks, until_s)]), bounds, prior)[0]


def _estimate(row: Reals, events: int, bounds: Bounds) -> Estimate:
    p = math.exp(row[fitting.LN_P])
    return Estimate(
        parameters=Parameters(p=p, beta=math.exp(row[fitting.LN_BETA])),
        events=events,
        n_star=p * bounds.mean_mark,
        g1=p * float(row[fitting.TAIL]),
        log_posterior=float(row[fitting.VALUE]),
    )


def simulate(
    parameters: Parameters,
    *,
    first_mark: float,
    marks: Callable[[np.random.Generator, int], Reals],
    random: np.random.Generator,
    horizon_s: float = math.inf,
    most_events: int = 1_000_000,
) -> tuple[Reals, Reals]:
    """A cascade's times and magnitudes, until it ends or reaches the horizon or `most_events`.

    Exact: the retweets that all tweets so far will still make number p S in the mean, so the next
    one comes when an exponential draw is used up, and never if the draw is above that.
    """
    state = np.array([0.0, first_mark])
    times_s, magnitudes = [np.zeros(1)], [np.array([first_mark])]
    events = 1
    while events < most_events:
        size = min(BLOCK, most_events - events)
        drawn = marks(random, size)
        block = np.empty(size)
        count = _continue(
            state, parameters.p, parameters.beta, random.exponential(size=size), drawn, block
        )
        within = int(np.searchsorted(block[:count], horizon_s, side="right"))
        times_s.append(block[:within])
        magnitudes.append(drawn[:within])
        events += within
        if within < size:
            break
    return np.concatenate(times_s), np.concatenate(magnitudes)


@compiled
def _continue(
    state: Reals, p: float, beta: float, draws: Reals, marks: Reals, times_s: Reals
) -> int:
    """Go on from a state (time, S), with a draw and a mark for each event; how many there were."""
    for i in range(len(draws)):
        awaited = p * state[1]
        if draws[i] >= awaited:
            return i
        left = 1.0 - draws[i] / awaited
        state[0] -= math.log(left) / beta
        state[1] = state[1] * left + marks[i]
        times_s[i] = state[0]
    return len(draws)
