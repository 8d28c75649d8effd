import itertools
import math
from collections.abc import Iterator
from typing import Any

import hawkesbook
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tweetoscope.tests import textbook
from tweetoscope import likelihood
from tweetoscope.arrays import Reals
from tweetoscope.errors import BadParameters
from tweetoscope.estimates import Estimate, Parameters
from tweetoscope.hawkes import (
    Batch,
    Bounds,
    estimate,
    estimate_each,
    simulate,
)
from tweetoscope.marks import MarkStatistics, PowerLaw, completed
from tweetoscope.prior import Prior, PriorStatistics

MARKS = PowerLaw()
BOUNDS = Bounds(mean_mark=MARKS.mean)
TRUE = Parameters(p=0.02, beta=1.0 / 3600.0)

Cascade = tuple[Reals, Reals, float]


def cascades(
    count: int,
    *,
    window_s: float = 7200.0,
    least: int = 10,
    first_mark: float = 1000.0,
    parameters: Parameters = TRUE,
    seed: int = 1,
) -> Iterator[Cascade]:
    """Simulated ones, as seen in a window."""
    random = np.random.default_rng(seed)
    while count:
        times_s, marks = simulate(
            parameters,
            first_mark=first_mark,
            marks=MARKS.draw,
            random=random,
            horizon_s=window_s,
            most_events=2000,
        )
        if len(times_s) >= least:
            yield times_s, marks, window_s
            count -= 1


@st.composite
def any_cascade(draw: st.DrawFn) -> Cascade:
    """Anything that may come: ties, long silences, one event only."""
    gaps = draw(st.lists(st.floats(0.0, 50_000.0) | st.just(0.0), max_size=25))
    times_s = np.concatenate([[0.0], np.cumsum(gaps)])
    size = len(times_s)
    marks = np.array(draw(st.lists(st.floats(1.0, 1e6), min_size=size, max_size=size)))
    return times_s, marks, float(times_s[-1]) + draw(st.floats(0.0, 100_000.0))


@given(any_cascade(), st.floats(1e-4, 0.03), st.floats(1.2e-6, 0.016))
def test_likelihood_is_the_double_sum_of_textbooks(cascade: Cascade, p: float, beta: float) -> None:
    times_s, marks, until_s = cascade
    if beta * np.diff(times_s, append=until_s).max() > 600.0:
        return  # There the textbook's own sum underflows.
    value, _, _ = likelihood.log_likelihood(times_s, marks, until_s, p, beta)
    expected = textbook.log_likelihood(times_s, marks, until_s, p, beta)
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-7)


def test_likelihood_survives_silences_in_which_the_intensity_underflows() -> None:
    times_s, marks = np.array([0.0, 10.0, 100_000.0]), np.array([50.0, 20.0, 30.0])
    value, _, _ = likelihood.log_likelihood(times_s, marks, 100_000.0, 0.01, 0.016)
    expected = (
        2 * math.log(0.01 * 0.016) + math.log(50.0) - 0.16
        + math.log(20.0 + 50.0 * math.exp(-0.16)) - 0.016 * 99_990.0
        - 0.01 * 70.0
    )  # fmt: skip
    assert value == pytest.approx(expected, rel=1e-12)


def test_likelihood_and_its_derivatives_are_those_of_hawkesbook() -> None:
    """That one has no magnitudes, and a base rate, which is next to none here."""
    (times_s, _, until_s), *_ = cascades(1)
    base, p, beta = 1e-15, 0.7, 1.0 / 1800.0
    value, slopes, bends = likelihood.log_likelihood(
        times_s, np.ones(len(times_s)), until_s, p, beta
    )
    there = np.array([base, p * beta, beta])
    book: dict[str, Any] = {
        name: getattr(hawkesbook, f"{name}exp_log_likelihood").py_func(times_s, until_s, there)
        for name in ("", "deriv_", "hess_")
    }
    # The first event comes of the base rate there, and is given here.
    assert value == pytest.approx(book[""] - math.log(base) + base * until_s, rel=1e-9)
    # By (ln p, ln β), where the jump p β is one of that book's parameters.
    jacobian = np.array([[p * beta, 0.0], [p * beta, beta]])
    gradient = jacobian @ book["deriv_"][1:]
    np.testing.assert_allclose(slopes, gradient, rtol=1e-6)
    curved = np.array([[gradient[0], gradient[0]], [gradient[0], gradient[1]]])
    hessian = jacobian @ book["hess_"][1:, 1:] @ jacobian.T + curved
    np.testing.assert_allclose(bends, hessian, rtol=1e-6)


@pytest.mark.parametrize("beta", [2e-6, 1e-4, 1e-2])
def test_gradient_and_hessian_are_those_of_finite_differences(beta: float) -> None:
    (times_s, marks, until_s), point = next(cascades(1)), np.log([0.015, beta])

    def value(at: Reals) -> float:
        p, beta = np.exp(at)
        return textbook.log_likelihood(times_s, marks, until_s, float(p), float(beta))

    def gradient(at: Reals) -> Reals:
        p, beta = np.exp(at)
        return likelihood.log_likelihood(times_s, marks, until_s, float(p), float(beta))[1]

    _, slopes, bends = likelihood.log_likelihood(times_s, marks, until_s, 0.015, beta)
    for axis in range(2):
        step = np.zeros(2)
        step[axis] = 1e-5
        rise = (value(point + step) - value(point - step)) / 2e-5
        bend = (gradient(point + step) - gradient(point - step)) / 2e-5
        assert slopes[axis] == pytest.approx(rise, rel=1e-5, abs=1e-4)
        np.testing.assert_allclose(bends[axis], bend, rtol=1e-6, atol=1e-6)


def test_no_start_of_scipy_finds_a_better_optimum() -> None:
    """Of 500 cascades, from 20 starts each, in benchmarks/estimation.py."""
    priors = itertools.cycle([None, Prior.from_moments()])
    for times_s, marks, until_s in cascades(4, first_mark=300.0, seed=4):
        prior = next(priors)
        times_s, marks = times_s[:30], marks[:30]
        until_s = float(times_s[-1]) if len(times_s) == 30 else until_s
        found = estimate(times_s, marks, until_s, bounds=BOUNDS, prior=prior)
        best = textbook.best_of(8, times_s, marks, until_s, BOUNDS, prior)
        assert found.log_posterior >= best - 1e-6


def test_of_two_maxima_a_factor_of_three_apart_the_higher_is_found() -> None:
    times_s = np.array([0.0, 1363.0, 5152.4, 10893.6])
    marks = np.array([431.0, 15.35, 13.0, 10.1])
    prior = Prior.from_moments()
    found = estimate(times_s, marks, 25961.4, bounds=BOUNDS, prior=prior)
    best = textbook.best_of(20, times_s, marks, 25961.4, BOUNDS, prior)
    assert found.log_posterior == pytest.approx(best, abs=1e-6)


@given(any_cascade(), st.booleans())
def test_optimum_is_within_bounds_and_no_point_of_a_grid_is_better(
    cascade: Cascade, is_posterior: bool
) -> None:
    times_s, marks, until_s = cascade
    prior = Prior.from_moments() if is_posterior else None
    found = estimate(times_s, marks, until_s, bounds=BOUNDS, prior=prior)
    low_p, high_p, low_beta, high_beta = BOUNDS.box()
    p, beta = found.parameters.p, found.parameters.beta
    assert low_p - 1e-9 <= math.log(p) <= high_p + 1e-9
    assert low_beta - 1e-9 <= math.log(beta) <= high_beta + 1e-9
    assert found.n_star < 1.0
    for x in np.linspace(low_p, high_p, 12):
        for y in np.linspace(low_beta, high_beta, 12):
            value, _, _ = likelihood.log_likelihood(
                times_s, marks, until_s, math.exp(x), math.exp(y)
            )
            if prior is not None:
                value += textbook.log_density(prior, math.exp(x), math.exp(y))
            assert found.log_posterior >= value - 1e-6 * max(1.0, abs(value))


def test_many_at_once_are_estimated_as_one_by_one() -> None:
    some = list(cascades(5))
    together = estimate_each(Batch.of(some), BOUNDS, Prior.from_moments())
    for one, (times_s, marks, until_s) in zip(together, some, strict=True):
        alone = estimate(times_s, marks, until_s, bounds=BOUNDS, prior=Prior.from_moments())
        assert one == alone


def test_parameters_are_recovered_without_bias_and_with_their_errors() -> None:
    some = list(cascades(150, window_s=40_000.0, least=60, first_mark=4000.0))
    found = estimate_each(Batch.of(some), Bounds(mean_mark=MARKS.mean, most_n_star=3.0))
    pulls = []
    for one, (times_s, marks, until_s) in zip(found, some, strict=True):
        p, beta = one.parameters.p, one.parameters.beta
        _, _, hessian = likelihood.log_likelihood(times_s, marks, until_s, p, beta)
        errors = np.sqrt(np.diag(np.linalg.inv(-hessian)))
        pulls.append((np.log([p, beta]) - np.log([TRUE.p, TRUE.beta])) / errors)
    pulled = np.array(pulls)
    # The mean of 150 has a standard error of 0.08, their coverage one of 0.018.
    assert np.abs(pulled.mean(axis=0)).max() < 0.3
    assert np.abs(pulled.std(axis=0) - 1.0).max() < 0.2
    assert np.abs((np.abs(pulled) < 1.96).mean(axis=0) - 0.95).max() < 0.05


def test_final_size_is_the_mean_of_simulated_ones() -> None:
    random = np.random.default_rng(3)
    light = PowerLaw(alpha=5.0)
    bounds = Bounds(mean_mark=light.mean)
    parameters = Parameters(p=0.6 / light.mean, beta=1.0 / 600.0)
    n_star = parameters.p * light.mean
    sizes = [
        len(simulate(parameters, first_mark=500.0, marks=light.draw, random=random)[0])
        for _ in range(1500)
    ]
    told = Estimate(
        parameters=parameters, events=1, n_star=n_star, g1=parameters.p * 500.0, log_posterior=0.0
    )
    assert bounds.box()[1] > math.log(parameters.p)
    error = np.std(sizes) / math.sqrt(len(sizes))
    assert abs(np.mean(sizes) - told.size) < 4.0 * error


def test_what_has_come_after_some_time_is_the_mean_of_simulated_ones() -> None:
    random = np.random.default_rng(5)
    light = PowerLaw(alpha=5.0)
    parameters = Parameters(p=0.5 / light.mean, beta=1.0 / 600.0)
    told = Estimate(
        parameters=parameters, events=1, n_star=0.5, g1=parameters.p * 500.0, log_posterior=0.0
    )
    seconds = np.array([300.0, 1200.0, 3000.0])
    counts = np.array([
        np.searchsorted(
            simulate(parameters, first_mark=500.0, marks=light.draw, random=random)[0], seconds
        )
        for _ in range(1500)
    ])  # fmt: skip
    expected = 1.0 + told.to_come * np.array([told.grown(at_s) for at_s in seconds])
    error = counts.std(axis=0) / math.sqrt(len(counts))
    assert (np.abs(counts.mean(axis=0) - expected) < 4.0 * error).all()
    for part in (0.0, 0.3, 0.9):
        assert told.grown(told.seconds_until(part)) == pytest.approx(part)
    assert told.seconds_until(1.0) == math.inf


def test_bounds_without_room_are_refused() -> None:
    with pytest.raises(BadParameters, match="mean magnitude"):
        Bounds(mean_mark=0.0)
    with pytest.raises(BadParameters, match="its first tweet"):
        Batch.of([(np.empty(0), np.empty(0), 600.0)])


def test_prior_has_the_moments_it_was_made_from() -> None:
    prior = Prior.from_moments()
    drawn = np.exp(
        np.random.default_rng(1).multivariate_normal(prior.centre, prior.covariance, 400_000)
    )
    assert drawn[:, 0].mean() == pytest.approx(0.02, rel=0.01)
    assert drawn[:, 0].std() == pytest.approx(0.01, rel=0.02)
    assert np.median(drawn[:, 1]) == pytest.approx(math.exp(prior.centre[1]), rel=0.02)
    with pytest.raises(BadParameters, match="correlation"):
        Prior.from_moments(correlation=-0.9)


def test_prior_follows_the_stream() -> None:
    statistics = PriorStatistics(configured=Prior.from_moments(), memory=500.0)
    assert statistics.prior().centre == pytest.approx(Prior.from_moments().centre)
    random = np.random.default_rng(2)
    for ln_p, ln_beta in random.multivariate_normal((-6.0, -7.0), [[0.5, 0.2], [0.2, 0.3]], 4000):
        statistics.add(p=math.exp(ln_p), beta=math.exp(ln_beta))
    learnt = statistics.prior()
    assert learnt.centre == pytest.approx((-6.0, -7.0), abs=0.15)
    np.testing.assert_allclose(learnt.covariance, [[0.5, 0.2], [0.2, 0.3]], atol=0.12)


def test_magnitudes_that_are_missing_or_zero_can_be_computed_with() -> None:
    statistics = MarkStatistics(configured_mean=35.0, weight=10.0)
    statistics.add(np.array([np.nan, np.nan]))
    assert statistics.mean == 35.0
    statistics.add(np.full(990, 135.0))
    assert statistics.mean == pytest.approx(134.0)
    marks = completed(np.array([np.nan, 0.0, 7.0]), statistics.mean)
    np.testing.assert_allclose(marks, [134.0, 1.0, 7.0])


def test_power_law_has_its_mean() -> None:
    assert PowerLaw().mean == pytest.approx(35.0)
    heavy = PowerLaw(alpha=3.5)
    assert heavy.draw(np.random.default_rng(1), 200_000).mean() == pytest.approx(
        heavy.mean, rel=0.02
    )
    with pytest.raises(BadParameters, match="no mean"):
        PowerLaw(alpha=2.0)
