"""Forecasts as they would have been: prequential and chronological. `scores` says how good.

Cascades are taken in the order in which they began. Each is foretold by what was learnt from those
before it, scored, and only then learnt from; every one counts, the first as well. Magnitudes, the
models and the intervals all follow the stream.
"""

import bisect
import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from tweetoscope import features, seismic
from tweetoscope.arrays import Reals
from tweetoscope.estimates import Estimate
from tweetoscope.hawkes import DAY_S, Bounds, estimate
from tweetoscope.intervals import Calibration, Forecast
from tweetoscope.learning import Kind, Learner, Model, Observed, Sample
from tweetoscope.marks import MarkStatistics, completed
from tweetoscope.prior import Prior


class Method(StrEnum):
    """Who foretells."""

    LEARNT = "learnt"
    CONSTANT = "constant"
    SEISMIC = "seismic"
    HAWKES = "hawkes"
    FOREST_ON_OMEGA = "forest on omega"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cascade:
    """A whole cascade: times `(n,)` from its first tweet, magnitudes `(n,)`, NaN if not known."""

    name: str
    start_s: float
    times_s: Reals
    marks: Reals


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """What is asked: the size at the horizon, told at the end of a window.

    With `is_delayed`, a cascade is learnt from when its horizon is over and not before, as in a
    live stream; else as soon as the next one in order begins.
    """

    window_s: float
    horizon_s: float = 7.0 * DAY_S
    least_events: int = 10
    is_delayed: bool = False
    trees: int = 100
    thresholds: tuple[float, ...] = ()
    """Sizes of which it is told how likely they are passed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """One cascade: what was told, with which interval, and what it came to."""

    name: str
    events: int
    size: int
    told: dict[Method, float]
    forecast: Forecast
    passed_s: Reals
    """When each tweet after the window came."""
    likely: tuple[float, ...] = ()
    """How likely each threshold of the protocol was to be passed, as was told."""


@dataclass(kw_only=True, slots=True)
class _Waiting:
    known_s: float
    sample: Sample
    forecast: Forecast


@dataclass(kw_only=True, slots=True)
class Forecaster:
    """Everything that follows the stream, for one window."""

    protocol: Protocol
    marks: MarkStatistics = field(default_factory=MarkStatistics)
    prior: Prior = field(default_factory=Prior.from_moments)
    _ratios: list[float] = field(default_factory=list)
    _learners: dict[Kind, Learner] = field(init=False)
    _models: dict[Kind, Model] = field(init=False)
    _calibration: Calibration = field(default_factory=Calibration)

    def __post_init__(self) -> None:
        window_s = self.protocol.window_s
        trees = self.protocol.trees
        self._learners = {kind: Learner(window_s=window_s, kind=kind, trees=trees) for kind in Kind}
        self._models = {kind: Model.untaught(window_s, kind=kind) for kind in Kind}

    def tell(self, times_s: Reals, raw_marks: Reals) -> tuple[dict[Method, float], Observed]:
        """What each method says of the part of a cascade that is in the window."""
        window_s, events = self.protocol.window_s, len(times_s)
        self.marks.add(raw_marks)
        mean = self.marks.mean
        marks = completed(raw_marks, mean)
        found = self._estimate(times_s, marks, window_s)
        seen = Observed(
            features=features.extract(times_s, marks, window_s),
            events=events, beta=found.parameters.beta, n_star=found.n_star, g1=found.g1,
        )  # fmt: skip
        usual = math.log(seismic.usual_ratio(window_s))
        middle = self._ratios[len(self._ratios) // 2] if self._ratios else usual
        told = {
            Method.LEARNT: events * math.exp(self._models[Kind.LOG_RATIO].ln_ratio(seen)),
            Method.CONSTANT: events * math.exp(middle),
            Method.SEISMIC: seismic.final_size(times_s, marks, window_s, mean),
            Method.HAWKES: found.size,
            Method.FOREST_ON_OMEGA: events * math.exp(self._models[Kind.OMEGA].ln_ratio(seen)),
        }
        return told, seen

    def forecast(self, size: float, events: int) -> Forecast:
        """With the interval that is calibrated so far."""
        return self._calibration.forecast(math.log(size / events), events)

    def likely(self, forecast: Forecast) -> tuple[float, ...]:
        """How likely each threshold is passed."""
        return tuple(
            self._calibration.probability_above(threshold, forecast.ln_ratio, forecast.events)
            for threshold in self.protocol.thresholds
        )

    def learn(self, sample: Sample, forecast: Forecast) -> None:
        """Take in a cascade whose size is known now."""
        bisect.insort(self._ratios, sample.ln_ratio)
        self._calibration.add(forecast, sample.size)
        for kind, learner in self._learners.items():
            learner.add(sample)
            if learner.is_due:
                self._models[kind] = learner.learn()

    def _estimate(self, times_s: Reals, marks: Reals, until_s: float) -> Estimate:
        bounds = Bounds(mean_mark=self.marks.mean)
        prior = self.prior.for_mean_mark(self.marks.mean, was=self.marks.configured_mean)
        return estimate(times_s, marks, until_s, bounds=bounds, prior=prior)


def play(cascades: Iterable[Cascade], protocol: Protocol) -> Iterator[Scored]:
    """Every cascade with enough events in the window, scored in the order of their starts."""
    forecaster = Forecaster(protocol=protocol)
    waiting: deque[_Waiting] = deque()
    for cascade in sorted(cascades, key=lambda each: each.start_s):
        events, size = _counts(cascade, protocol)
        if events < protocol.least_events:
            continue
        now_s = cascade.start_s + protocol.window_s
        while waiting and waiting[0].known_s <= now_s:
            known = waiting.popleft()
            forecaster.learn(known.sample, known.forecast)
        told, seen = forecaster.tell(cascade.times_s[:events], cascade.marks[:events])
        forecast = forecaster.forecast(told[Method.LEARNT], events)
        yield Scored(
            name=cascade.name, events=events, size=size, told=told, forecast=forecast,
            passed_s=cascade.times_s[events:size], likely=forecaster.likely(forecast),
        )  # fmt: skip
        known_s = cascade.start_s + protocol.horizon_s if protocol.is_delayed else -math.inf
        sample = Sample(seen=seen, size=size)
        waiting.append(_Waiting(known_s=known_s, sample=sample, forecast=forecast))


def cross_validate(
    cascades: Iterable[Cascade], protocol: Protocol, *, folds: int = 10, seed: int = 0
) -> Iterator[Scored]:
    """Every cascade foretold from nine tenths of all others, whether they came before it or not.

    Not what a stream allows; only for comparison with figures that were found so.
    """
    forecaster = Forecaster(protocol=protocol)
    known: list[tuple[Cascade, Sample, dict[Method, float]]] = []
    for cascade in cascades:
        events, size = _counts(cascade, protocol)
        if events >= protocol.least_events:
            told, seen = forecaster.tell(cascade.times_s[:events], cascade.marks[:events])
            known.append((cascade, Sample(seen=seen, size=size), told))
    places = np.random.default_rng(seed).permutation(len(known)) % folds
    for fold in range(folds):
        learners = {
            kind: Learner(window_s=protocol.window_s, kind=kind, trees=protocol.trees)
            for kind in Kind
        }
        for place, (_, sample, _) in zip(places, known, strict=True):
            if place != fold:
                for learner in learners.values():
                    learner.add(sample)
        models = {kind: learner.learn() for kind, learner in learners.items()}
        for place, (cascade, sample, told) in zip(places, known, strict=True):
            if place == fold:
                yield _scored_in_fold(cascade, sample, told, models, forecaster)


def _scored_in_fold(
    cascade: Cascade,
    sample: Sample,
    told: dict[Method, float],
    models: dict[Kind, Model],
    forecaster: Forecaster,
) -> Scored:
    seen, events = sample.seen, sample.seen.events
    learnt = {
        Method.LEARNT: models[Kind.LOG_RATIO].ln_ratio(seen),
        Method.CONSTANT: models[Kind.LOG_RATIO].ln_constant,
        Method.FOREST_ON_OMEGA: models[Kind.OMEGA].ln_ratio(seen),
    }
    found = told | {method: events * math.exp(ratio) for method, ratio in learnt.items()}
    return Scored(
        name=cascade.name, events=events, size=sample.size, told=found,
        forecast=forecaster.forecast(found[Method.LEARNT], events),
        passed_s=cascade.times_s[events : sample.size],
    )  # fmt: skip


def _counts(cascade: Cascade, protocol: Protocol) -> tuple[int, int]:
    """Tweets in the window, and until the horizon."""
    ends = np.searchsorted(cascade.times_s, (protocol.window_s, protocol.horizon_s), side="right")
    return int(ends[0]), int(ends[1])
