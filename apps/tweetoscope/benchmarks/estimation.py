"""How fast cascades are gathered, estimated and foretold on one core; whether optima are missed.

.venv/bin/python apps/tweetoscope/benchmarks/estimation.py [--json]
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[3]))
sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from apps.tweetoscope.tests import textbook
from measure import Better, Extent, Figure, each_run
from measure import main as measure_main
from tweetoscope import features, messages
from tweetoscope.arrays import Reals
from tweetoscope.cascade import Gathering, Source, Tweet
from tweetoscope.estimates import Parameters
from tweetoscope.hawkes import Batch, Bounds, estimate, fit_batch, simulate
from tweetoscope.learning import Learner, Observed, Sample
from tweetoscope.marks import PowerLaw
from tweetoscope.prior import Prior

MARKS = PowerLaw()
BOUNDS = Bounds(mean_mark=MARKS.mean)
BUDGETS = {50: 100_000.0, 200: None, 1000: None, 5000: 1500.0}
LEAST_S = 0.5


def per_second(extent: Extent, count: int, work: Callable[[], object]) -> float:
    """How often a second of CPU time something is done that `work` does so many times."""
    begin, rounds = time.process_time(), 0
    while (spent := time.process_time() - begin) < LEAST_S / extent.divisor:
        work()
        rounds += 1
    return count * rounds / spent


def cascades_of(events: int, count: int, random: np.random.Generator) -> Batch:
    """Cascades of so many events each, as they are seen a while after the last."""
    parameters = Parameters(p=0.027, beta=1.0 / 3000.0)
    found: list[tuple[Reals, Reals, float]] = []
    while len(found) < count:
        times_s, marks = simulate(
            parameters, first_mark=100.0 * events, marks=MARKS.draw, random=random,
            most_events=events,
        )  # fmt: skip
        if len(times_s) == events:
            found.append((times_s, marks, float(times_s[-1]) * 1.05))
    return Batch.of(found)


def estimations(extent: Extent, random: np.random.Generator) -> Iterator[Figure]:
    """Fits a second, with the prior as in production."""
    prior = Prior.from_moments()
    for events, budget in BUDGETS.items():
        batch = cascades_of(events, max(5, extent.size(100_000) // events), random)
        fit_batch(batch, BOUNDS, prior)

        def fitted(batch: Batch = batch) -> float:
            return per_second(extent, len(batch), lambda: fit_batch(batch, BOUNDS, prior))

        yield Figure(
            name=f"estimation, cascades of {events:,}", unit="cascades/s",
            runs=each_run(extent, fitted), better=Better.HIGHER, budget=budget,
        )  # fmt: skip


def gathering(extent: Extent, random: np.random.Generator) -> Iterator[Figure]:
    """Tweets a second through the pure part of the collector, with and without reading them."""
    stream: list[Tweet] = []
    for number in range(extent.size(400)):
        parameters = Parameters(p=0.02, beta=1.0 / 1500.0)
        times_s, marks = simulate(
            parameters, first_mark=5000.0, marks=MARKS.draw, random=random, most_events=2000
        )
        begin_s = random.uniform(0.0, 40_000.0)
        for time_s, mark in zip(times_s, marks, strict=True):
            is_first = time_s == 0.0
            stream.append(
                Tweet(f"tw{number}", float(round(begin_s + time_s)), float(mark), is_first)
            )
    stream.sort(key=lambda tweet: (tweet.time_s, not tweet.is_first))
    values = [messages.write_tweet(tweet, "0") for tweet in stream]
    for lateness_s in (0.0, 60.0):
        how = Gathering(lateness_s=lateness_s)

        def taken(how: Gathering = how) -> float:
            return per_second(extent, len(stream), lambda: Source(how).take(stream))

        yield Figure(
            name=f"collector's state, lateness {lateness_s:g} s", unit="tweets/s",
            runs=each_run(extent, taken), better=Better.HIGHER, budget=100_000.0,
        )  # fmt: skip

    def read() -> float:
        def work() -> None:
            said = messages.read_tweets(values, [b""] * len(values), range(len(values)))
            Source(Gathering()).take(said["0"])

        return per_second(extent, len(values), work)

    yield Figure(
        name="tweets read, checked and gathered", unit="tweets/s", runs=each_run(extent, read),
        better=Better.HIGHER, budget=100_000.0,
    )  # fmt: skip


def forecasts(extent: Extent, random: np.random.Generator) -> Iterator[Figure]:
    """What comes after the estimate: features, and the model."""
    batch = cascades_of(200, 50, random)
    rows: list[Reals] = []

    def extracted() -> None:
        rows.clear()
        for begin, end, until_s in zip(
            batch.offsets, batch.offsets[1:], batch.until_s, strict=False
        ):
            rows.append(
                features.extract(batch.times_s[begin:end], batch.marks[begin:end], float(until_s))
            )

    extracted()
    yield Figure(
        name="features, cascades of 200", unit="cascades/s",
        runs=each_run(extent, lambda: per_second(extent, len(batch), extracted)),
        better=Better.HIGHER,
    )  # fmt: skip
    learner = Learner(window_s=600.0)
    for row in rows * extent.size(20):
        size = round(200 * float(np.exp(random.exponential())))
        seen = Observed(features=row, events=200, beta=1e-3, n_star=0.5, g1=50.0)
        learner.add(Sample(seen=seen, size=size))
    begin = time.process_time()
    model = learner.learn()
    yield Figure(
        name=f"learning from {len(learner):,} cascades",
        unit="s",
        runs=(time.process_time() - begin,),
    )

    def told() -> float:
        return per_second(extent, len(rows), lambda: [model.ln_ratio(seen_of(row)) for row in rows])

    told()
    yield Figure(
        name="forecasts", unit="cascades/s", runs=each_run(extent, told), better=Better.HIGHER
    )


def seen_of(row: Reals) -> Observed:
    """What a model is asked with."""
    return Observed(features=row, events=200, beta=1e-3, n_star=0.5, g1=50.0)


def optima(extent: Extent, random: np.random.Generator) -> Iterator[Figure]:
    """By how much SciPy's best of 20 starts is better than the fit, in log units, at worst."""
    worst, count = 0.0, extent.size(500)
    for at in range(count):
        parameters = Parameters(
            p=random.uniform(0.005, 0.027), beta=float(np.exp(random.uniform(-10.0, -5.0)))
        )
        times_s, marks = simulate(
            parameters, first_mark=random.uniform(200.0, 5000.0), marks=MARKS.draw, random=random,
            most_events=40, horizon_s=86_400.0,
        )  # fmt: skip
        until_s = float(times_s[-1]) + random.exponential(1.0 / parameters.beta)
        prior = Prior.from_moments() if at % 2 else None
        found = estimate(times_s, marks, until_s, bounds=BOUNDS, prior=prior)
        best = textbook.best_of(20, times_s, marks, until_s, BOUNDS, prior)
        worst = max(worst, best - found.log_posterior)
    yield Figure(
        name=f"most that SciPy's best of 20 starts is better, of {count} cascades",
        unit="log units", runs=(worst,), budget=1e-6,
    )  # fmt: skip


def measured(extent: Extent) -> Iterator[Figure]:
    """All of it."""
    random = np.random.default_rng(1)
    for part in (estimations, gathering, forecasts, optima):
        yield from part(extent, random)


if __name__ == "__main__":
    measure_main("Tweetoscope's estimation on one core", measured)
