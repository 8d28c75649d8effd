"""The benchmark of accuracy on files that nobody has seen before, and the scores it reports."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import csv, parquet

from apps.tweetoscope.benchmarks.cascade_files import BadFile, cascades_in
from tweetoscope import evaluation, features, intervals, scores, seismic
from tweetoscope.arrays import Reals
from tweetoscope.evaluation import Cascade, Method, Protocol, Scored
from tweetoscope.hawkes import Bounds, estimate
from tweetoscope.intervals import Calibration
from tweetoscope.prior import Prior


def written(folder: Path, name: str = "some.parquet", **columns: Any) -> Path:
    file = folder / name
    table = pyarrow.table(columns)
    if name.endswith(".csv"):
        csv.write_csv(table, file)
    else:
        parquet.write_table(table, file)
    return file


@pytest.mark.parametrize("name", ["some.parquet", "some.csv"])
def test_rows_may_be_in_any_order_and_magnitudes_missing(tmp_path: Path, name: str) -> None:
    file = written(
        tmp_path, name, cascade_id=[7, 3, 7, 3, 7], t_seconds=[50, 0, 0, 9, 9],
        magnitude=[-1.0, 4.0, 2.0, math.inf, None],
    )  # fmt: skip
    (seven, three), is_known = cascades_in(file)
    assert not is_known
    assert (seven.name, three.name) == ("7", "3")
    np.testing.assert_array_equal(seven.times_s, [0.0, 9.0, 50.0])
    np.testing.assert_array_equal(seven.marks, [2.0, math.nan, math.nan])
    np.testing.assert_array_equal(three.marks, [4.0, math.nan])
    (bare,), _ = cascades_in(written(tmp_path, cascade_id=["a", "a"], t_seconds=[3.0, 8.0]))
    np.testing.assert_array_equal(bare.times_s, [0.0, 5.0])
    names = pyarrow.array(["x", "a", "a"]).dictionary_encode()[1:]
    assert len(cascades_in(written(tmp_path, cascade_id=names, t_seconds=[3.0, 8.0]))[0]) == 1
    assert np.isnan(bare.marks).all()


def test_cascades_are_in_the_order_of_their_beginnings_if_all_of_these_are_known(
    tmp_path: Path,
) -> None:
    late, early = "x-500000000000000001", "x-400000000000000001"
    file = written(tmp_path, cascade_id=[late, early], t_seconds=[0.0, 0.0])
    found, is_known = cascades_in(file)
    assert is_known
    assert [each.name for each in found] == [early, late]
    written(tmp_path, "some_meta.parquet", cascade_id=[late, early], start_day=[1.5, 2.5])
    found, _ = cascades_in(file)
    assert [(each.name, each.start_s) for each in found] == [(late, 129_600.0), (early, 216_000.0)]
    file = written(tmp_path, "other.parquet", cascade_id=[late, "y", early], t_seconds=[0.0] * 3)
    found, is_known = cascades_in(file)
    assert not is_known
    assert [each.name for each in found] == [late, "y", early]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"id": [1], "t_seconds": [0.0]}, "no column cascade_id; its columns are id, t_seconds"),
        ({"cascade_id": [1]}, "no column t_seconds"),
        ({"cascade_id": pyarrow.array([], "string"), "t_seconds": []}, "no tweets"),
        ({"cascade_id": ["a", None], "t_seconds": [0.0, 1.0]}, "1 tweets have no cascade_id"),
        ({"cascade_id": ["a", "b"], "t_seconds": [0.0, -3.0]}, "cascade b has a tweet at -3 s"),
        ({"cascade_id": ["a", "b"], "t_seconds": [0.0, None]}, "cascade b has a tweet at nan s"),
        ({"cascade_id": ["a"], "t_seconds": ["soon"]}, "t_seconds is not made of numbers"),
        ({"cascade_id": ["a"], "t_seconds": [0], "magnitude": ["x"]}, "magnitude is not made of"),
    ],
)
def test_file_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, columns: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadFile, match=words):
        cascades_in(written(tmp_path, **columns))


def test_what_is_no_file_of_cascades_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("cascade_id,t_seconds\n")
    for name in ("x.parquet", "missing.parquet", "missing.csv"):
        with pytest.raises(BadFile, match="cannot be read"):
            cascades_in(tmp_path / name)


def odd_cascades() -> list[Cascade]:
    """All at once, evenly, in one burst, of one magnitude or none, and very large."""
    random = np.random.default_rng(1)
    times: list[Reals] = [
        np.zeros(15),
        np.linspace(0.0, 600_000.0, 12_000),
        np.concatenate([[0.0], np.full(40, 599.0), np.full(3, 601.0)]),
        np.sort(np.concatenate([[0.0], random.exponential(3000.0, 120_000)])),
        *(np.sort(np.append(0.0, random.exponential(900.0, 40))) for _ in range(20)),
    ]
    marks = [np.full(15, 1e12), np.zeros(12_000), np.full(44, np.nan), random.pareto(1.1, 120_001)]
    marks += [np.where(random.random(41) < 0.5, np.nan, 1e3) for _ in range(20)]
    return [
        Cascade(name=str(at), start_s=at * 1e6, times_s=times_s, marks=its)
        for at, (times_s, its) in enumerate(zip(times, marks, strict=True))
    ]


def test_every_method_says_something_finite_of_odd_cascades() -> None:
    protocol = Protocol(window_s=600.0, trees=4, thresholds=(100.0,))
    played = list(evaluation.play(odd_cascades(), protocol))
    folded = list(evaluation.cross_validate(odd_cascades(), protocol, folds=3))
    assert len(played) == len(folded) == 24
    for each in played + folded:
        assert set(each.told) == set(Method)
        assert all(math.isfinite(size) and size >= each.events for size in each.told.values())
        assert each.events <= each.forecast.low <= each.forecast.high < math.inf
    assert max(each.events for each in played) > 20_000
    assert list(evaluation.play([], protocol)) == []
    assert len(list(evaluation.cross_validate(odd_cascades()[:1], protocol))) == 1


def test_cascade_of_a_hundred_thousand_is_estimated_at_a_finite_maximum() -> None:
    times_s = odd_cascades()[3].times_s
    marks = np.full(len(times_s), 10.0)
    found = estimate(
        times_s, marks, 50_000.0, bounds=Bounds(mean_mark=10.0), prior=Prior.from_moments()
    )
    assert math.isfinite(found.log_posterior)
    assert 0.0 < found.n_star < 1.0
    assert np.isfinite(features.extract(times_s, marks, 50_000.0)).all()
    assert math.isfinite(seismic.final_size(times_s, marks, 50_000.0, 10.0))


def scored(events: int, size: int, told: float, likely: float) -> Scored:
    return Scored(
        name="x", events=events, size=size, told={Method.LEARNT: told},
        forecast=Calibration().forecast(math.log(told / events), events),
        passed_s=600.0 + np.arange(1.0, size - events + 1.0), likely=(likely,),
    )  # fmt: skip


def test_alerts_are_scored_where_the_threshold_was_not_passed_yet() -> None:
    some = [
        scored(10, 60, 70.0, 0.9),  # right, when its 51st tweet comes: 41 s after the window
        scored(10, 40, 55.0, 0.7),  # wrong
        scored(10, 90, 30.0, 0.2),  # missed
        scored(80, 90, 95.0, 1.0),  # passed before
    ]
    alerts = scores.alerts(some, 50.0, 600.0)
    assert (alerts.precision, alerts.recall) == (0.5, 0.5)
    np.testing.assert_allclose(alerts.lead_s, [41.0])
    nothing = scores.alerts(some, 1000.0, 600.0)
    assert math.isnan(nothing.precision)
    assert math.isnan(nothing.recall)


def test_reliability_is_what_came_of_what_was_told() -> None:
    some = [scored(10, 60, 70.0, 0.9), scored(10, 40, 55.0, 0.7), scored(10, 90, 30.0, 0.2)]
    found = scores.reliability([*some, scored(80, 90, 95.0, 1.0)], (50.0,), 2)
    assert found.brier == pytest.approx((0.01 + 0.49 + 0.64) / 3)
    assert found.brier_of_rate == pytest.approx(2 / 9)
    np.testing.assert_array_equal(found.counts, [1, 2])
    np.testing.assert_allclose(found.told, [0.2, 0.8])
    np.testing.assert_allclose(found.came, [1.0, 0.5])
    assert math.isnan(scores.reliability([], (50.0,), 2).brier)


def test_probabilities_come_true_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    calibration = Calibration()
    some: list[Scored] = []
    for at in range(4000):
        events, ln_ratio = int(random.integers(20, 200)), float(random.uniform(0.5, 2.0))
        noise = 0.4 * (ln_ratio + intervals.SPREAD_AT_NONE) * random.normal()
        size = round(events * math.exp(max(ln_ratio + noise, 0.0)))
        told = calibration.forecast(ln_ratio, events)
        if at > 300:
            likely = calibration.probability_above(300.0, ln_ratio, events)
            some.append(scored(events, size, told.size, likely))
        calibration.add(told, size)
    found = scores.reliability(some, (300.0,), 5)
    assert found.counts.min() >= 150
    np.testing.assert_allclose(found.came, found.told, atol=0.1)
    assert found.brier < 0.6 * found.brier_of_rate
