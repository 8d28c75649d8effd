import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from apps.tweetoscope.tests.conftest import REPOSITORY
from tweetoscope import evaluation, intervals, scores, seismic
from tweetoscope.drift import PageHinkley, RecentErrors
from tweetoscope.errors import BadParameters
from tweetoscope.estimates import Estimate, Parameters
from tweetoscope.evaluation import Cascade, Method, Protocol, Scored
from tweetoscope.hawkes import simulate
from tweetoscope.intervals import Calibration
from tweetoscope.marks import PowerLaw


def test_intervals_cover_what_they_say_though_the_errors_change() -> None:
    random = np.random.default_rng(1)
    calibration, hits = Calibration(level=0.9), []
    for at in range(3000):
        told = calibration.forecast(abs(random.normal(1.0, 0.3)), 100)
        noise = random.standard_t(3) * (0.1 if at < 1500 else 0.4)
        size = max(100, round(told.size * math.exp(noise * told.ln_ratio)))
        hits.append(told.low <= size <= told.high)
        calibration.add(told, size)
    assert np.mean(hits[:1500]) == pytest.approx(0.9, abs=0.02)
    assert np.mean(hits[1500:]) == pytest.approx(0.9, abs=0.03)
    assert len(calibration._sorted) == len(calibration._errors) == 500


@given(st.floats(0.0, 8.0), st.integers(1, 10_000), st.floats(1.0, 1e6), st.floats(1.0, 1e6))
def test_forecast_contains_its_size_and_larger_thresholds_are_less_likely(
    ln_ratio: float, events: int, threshold: float, other: float
) -> None:
    calibration = Calibration()
    told = calibration.forecast(ln_ratio, events)
    assert events <= told.low <= told.size * (1 + 1e-12) <= told.high * (1 + 2e-12)
    low, high = sorted((threshold, other))
    likely = calibration.probability_above(low, ln_ratio, events)
    assert likely >= calibration.probability_above(high, ln_ratio, events) > 0.0
    assert (likely == 1.0) == (events > low)


def test_median_threshold_is_passed_half_of_the_time() -> None:
    assert Calibration().probability_above(math.e * 100.0, 1.0, 100) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("grows", [1.0, 2.0, 9.0])
def test_a_forecast_lies_in_its_interval_however_wrong_the_last_ones_were(grows: float) -> None:
    calibration = Calibration()
    for _ in range(600):
        told = calibration.forecast(math.log(3.0), 100)
        assert 100.0 <= told.low <= told.size <= told.high
        calibration.add(told, round(100 * grows))


def test_interval_of_no_level_is_refused() -> None:
    with pytest.raises(BadParameters, match="level"):
        Calibration(level=1.0)


def test_time_of_a_threshold_is_on_the_course_of_the_process() -> None:
    parameters = Parameters(p=0.5, beta=0.001)
    found = Estimate(parameters=parameters, events=100, n_star=0.5, g1=50.0, log_posterior=0.0)
    told = Calibration().forecast(math.log(3.0), 100)
    half = intervals.seconds_until(200.0, told, found)
    assert half == pytest.approx(math.log(2.0) / 0.0005)
    assert intervals.seconds_until(99.0, told, found) == 0.0
    assert intervals.seconds_until(301.0, told, found) == math.inf


def test_drift_is_an_alarm_and_noise_is_none() -> None:
    random = np.random.default_rng(1)
    watch = PageHinkley()
    assert not any(watch.add(float(error)) for error in random.exponential(0.3, 2000))
    alarms = [watch.add(float(error)) for error in random.exponential(0.8, 100)]
    assert 1 <= sum(alarms) <= 2


def test_model_that_loses_to_the_constant_is_not_trusted() -> None:
    errors = RecentErrors(memory=3)
    assert errors.trust() is None
    for model in (9.0, 0.1, 0.2, 0.3):
        errors.add(model=model, constant=0.25)
    trust = errors.trust()
    assert trust is not None
    assert trust.is_deserved
    assert trust.model == pytest.approx((0.2, 0.2))
    errors.add(model=0.9, constant=0.25)
    later = errors.trust()
    assert later is not None
    assert not later.is_deserved


def test_memory_of_seismic_is_a_distribution_with_its_moments() -> None:
    def density(seconds: float) -> float:
        at = max(seconds / seismic.CUTOFF_S, 1.0)
        return float(seismic.DENSITY * at ** -(1.0 + seismic.THETA))

    for seconds in (100.0, 300.0, 5000.0):
        whole, _ = integrate.quad(density, 0.0, seconds, points=[300.0])
        first, _ = integrate.quad(lambda s: s * density(s), 0.0, seconds, points=[300.0])
        assert seismic.memory(seconds) == pytest.approx(whole, rel=1e-6)
        assert seismic.moment(seconds) == pytest.approx(first, rel=1e-6)
    assert seismic.memory(1e30) == pytest.approx(1.0, abs=1e-5)


def test_usual_ratio_is_that_of_simulated_generations_and_falls_with_the_window() -> None:
    random = np.random.default_rng(1)
    generations = random.geometric(1.0 - seismic.USUAL_BRANCHING, 20_000)
    edge = seismic.DENSITY * seismic.CUTOFF_S
    slow = edge / seismic.THETA  # the share of delays beyond the cutoff
    late = 1.0 - random.random(generations.sum())
    delays = np.where(
        late > slow,
        (1.0 - late) / seismic.DENSITY,
        seismic.CUTOFF_S * (late / slow) ** (-1.0 / seismic.THETA),
    )
    came_s = np.add.reduceat(delays, np.concatenate([[0], np.cumsum(generations)[:-1]]))
    for window_s in (600.0, 3600.0):
        drawn = (came_s <= seismic.WEEK_S).mean() / (came_s <= window_s).mean()
        assert seismic.usual_ratio(window_s) == pytest.approx(drawn, rel=0.05)
    ratios = [seismic.usual_ratio(window_s) for window_s in (1.0, 60.0, 600.0, 86_400.0, 1e9)]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[-1] == 1.0


def test_seismic_foretells_nothing_more_without_retweets() -> None:
    assert seismic.final_size(np.zeros(1), np.ones(1), 600.0, 1.0) == 1.0
    busy = np.linspace(0.0, 590.0, 40)
    assert seismic.final_size(busy, np.full(40, 100.0), 600.0, 100.0) > 60.0


def cascades(count: int) -> list[Cascade]:
    random, marks = np.random.default_rng(1), PowerLaw()
    found = []
    for at in range(count):
        parameters = Parameters(p=random.uniform(0.01, 0.025), beta=random.uniform(3e-4, 3e-3))
        times_s, magnitudes = simulate(
            parameters, first_mark=random.uniform(1000, 4000), marks=marks.draw, random=random,
            most_events=3000,
        )  # fmt: skip
        found.append(Cascade(name=f"s-{at}", start_s=at * 1e5, times_s=times_s, marks=magnitudes))
    return found


def test_every_cascade_is_foretold_by_what_came_before_it_only() -> None:
    some = cascades(40)
    protocol = Protocol(window_s=600.0, trees=5)
    scored = list(evaluation.play(reversed(some), protocol))
    assert [each.name for each in scored] == [
        each.name for each in some if np.searchsorted(each.times_s, 600.0, side="right") >= 10
    ]
    # What comes later changes nothing of what was told before.
    half = list(evaluation.play(some[:20], protocol))
    assert [each.told for each in half] == [each.told for each in scored[: len(half)]]
    usual = seismic.usual_ratio(600.0)
    assert scored[0].told[Method.CONSTANT] == pytest.approx(usual * scored[0].events)
    for each in scored:
        assert each.events <= min(each.told.values()) + 1e-9
        assert len(each.passed_s) == each.size - each.events


def test_nothing_is_learnt_before_a_horizon_is_over() -> None:
    some = cascades(30)
    protocol = Protocol(window_s=600.0, horizon_s=7 * 86_400.0, is_delayed=True, trees=2)
    scored = list(evaluation.play(some, protocol))
    ratios = [each.told[Method.CONSTANT] / each.events for each in scored]
    learnt = [at for at, each in enumerate(scored) if int(each.name[2:]) * 1e5 + 600 > 604_800]
    usual = seismic.usual_ratio(600.0)
    assert ratios[: learnt[0]] == pytest.approx([usual] * learnt[0])
    assert ratios[learnt[0]] != pytest.approx(usual)


def test_folds_score_every_cascade_once() -> None:
    some = cascades(40)
    protocol = Protocol(window_s=600.0, trees=2)
    names = [each.name for each in evaluation.cross_validate(some, protocol, folds=4)]
    assert sorted(names) == sorted(each.name for each in evaluation.play(some, protocol))


def scored(name: str, told: float, size: int) -> Scored:
    return Scored(
        name=name, events=10, size=size, told={Method.LEARNT: told},
        forecast=Calibration().forecast(math.log(told / 10), 10),
        passed_s=np.arange(11.0, size + 1.0),
    )  # fmt: skip


def test_scores_are_those_of_their_definitions() -> None:
    some = [
        scored("a", 20.0, 40),
        scored("b", 90.0, 60),
        scored("c", 30.0, 20),
        scored("d", 60.0, 80),
    ]
    np.testing.assert_allclose(scores.errors(some, Method.LEARNT), [0.5, 0.5, 0.5, 0.25])
    assert scores.top_recall(some, Method.LEARNT, 0.5) == 1.0
    assert scores.top_recall(some, Method.LEARNT, 0.25) == 0.0
    # Alerts above 50 that are right: b and d, when their 51st tweet comes.
    np.testing.assert_allclose(scores.lead_times_s(some, Method.LEARNT, 50.0), [51.0, 51.0])


def test_benchmark_says_how_good_forecasts_of_real_cascades_are(data: Path) -> None:
    script = REPOSITORY / "apps/tweetoscope/benchmarks/accuracy.py"
    run = subprocess.run(
        [sys.executable, script, "--data", data / "twitter15.parquet", "--windows", "3600",
         "--quick", "--json"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    values = {each["name"]: each["value"] for each in json.loads(run.stdout)["results"]}
    mean = {method: values[f"twitter15, 3,600 s: mean error, {method}"] for method in Method}
    assert mean[Method.LEARNT] < min(mean[Method.SEISMIC], mean[Method.HAWKES])
    assert values["twitter15, 3,600 s: cascades scored"] >= 50
