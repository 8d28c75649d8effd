"""How good forecasts were: errors, intervals, the largest found, alerts, probabilities."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tweetoscope.arrays import Integers, Reals
from tweetoscope.evaluation import Method, Scored


def errors(scored: Sequence[Scored], method: Method) -> Reals:
    """|N̂ - N| / N of each."""
    return np.array([abs(each.told[method] - each.size) / each.size for each in scored])


def coverage(scored: Sequence[Scored]) -> float:
    """The part of final sizes that were in their interval."""
    return float(np.mean([each.forecast.low <= each.size <= each.forecast.high for each in scored]))


def top_recall(scored: Sequence[Scored], method: Method, part: float = 0.1) -> float:
    """How many of the largest were foretold to be among the largest."""
    count = max(1, round(part * len(scored)))
    largest = _largest([float(each.size) for each in scored], count)
    told = _largest([each.told[method] for each in scored], count)
    return len(largest & told) / count


def lead_times_s(scored: Sequence[Scored], method: Method, threshold: float) -> Reals:
    """For each alert that was right, how long before the threshold was passed it came."""
    return np.array([
        each.passed_s[math.floor(threshold) - each.events]
        for each in scored
        if each.events <= threshold < min(each.told[method], each.size)
    ])  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Alerts:
    """How good it was to be told that a threshold will be passed, of cascades that had not yet."""

    precision: float
    recall: float
    lead_s: Reals
    """For each alert that was right, how long after the end of the window it came true."""


def alerts(scored: Sequence[Scored], threshold: float, window_s: float) -> Alerts:
    """Of alerts where the size that is foretold is above the threshold; NaN of none."""
    open_ = [each for each in scored if each.events <= threshold]
    told = np.array([each.told[Method.LEARNT] > threshold for each in open_], bool)
    came = np.array([each.size > threshold for each in open_], bool)
    right = int((told & came).sum())
    return Alerts(
        precision=right / int(told.sum()) if told.any() else math.nan,
        recall=right / int(came.sum()) if came.any() else math.nan,
        lead_s=lead_times_s(scored, Method.LEARNT, threshold) - window_s,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reliability:
    """How good probabilities were, of thresholds that were not passed in the window.

    `brier` is the mean square of what was told less what came; `brier_of_rate` that of telling each
    time how often it comes in all. `told` and `came` `(k,)` are means of the pairs in each of k
    equal ranges of probability, NaN where there are none, and `counts` how many there are.
    """

    brier: float
    brier_of_rate: float
    told: Reals
    came: Reals
    counts: Integers


def reliability(scored: Sequence[Scored], thresholds: Sequence[float], ranges: int) -> Reliability:
    """Of all cascades and thresholds together."""
    likely, came, rates = np.array([
        (likely, each.size > threshold, rate)
        for at, (threshold, rate) in enumerate(
            zip(thresholds, _rates_of_passing(scored, thresholds), strict=True)
        )
        for each in scored
        if each.events <= threshold
        for likely in each.likely[at : at + 1]
    ]).reshape(-1, 3).T  # fmt: skip
    places = np.minimum((likely * ranges).astype(np.int64), ranges - 1)
    counts = np.bincount(places, minlength=ranges)
    with np.errstate(invalid="ignore"):
        told = np.bincount(places, likely, ranges) / counts
        happened = np.bincount(places, came, ranges) / counts
    return Reliability(
        brier=_mean_square(likely - came), brier_of_rate=_mean_square(rates - came),
        told=told, came=happened, counts=counts,
    )  # fmt: skip


def _rates_of_passing(scored: Sequence[Scored], thresholds: Sequence[float]) -> list[float]:
    """How often each threshold is passed by a cascade that had not done so in the window."""
    rates = []
    for threshold in thresholds:
        came = [each.size > threshold for each in scored if each.events <= threshold]
        rates.append(sum(came) / max(len(came), 1))
    return rates


def _mean_square(values: Reals) -> float:
    return float(np.mean(values * values)) if len(values) else math.nan


def _largest(values: Sequence[float], count: int) -> set[int]:
    return set(np.argsort(values, kind="stable")[-count:].tolist())
