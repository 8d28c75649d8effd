import importlib
import json
import math
from typing import Any

import numpy as np
import pytest

from tweetoscope import features, seismic
from tweetoscope.arrays import Reals
from tweetoscope.ensembles import Growth, boosted, forest, weighted_middle
from tweetoscope.errors import BadModel
from tweetoscope.growing import MOST_PARTS, Columns, grow, leaf_of
from tweetoscope.hawkes import Bounds, estimate
from tweetoscope.learning import Kind, Learner, Model, Observed, Sample
from tweetoscope.trees import Trees


def sample(random: np.random.Generator) -> Sample:
    """One whose size is a function of two features, and some noise."""
    row = random.normal(size=len(features.NAMES))
    events = int(random.integers(10, 500))
    ratio = math.exp(1.0 + 0.8 * math.tanh(row[3]) + 0.1 * random.normal())
    seen = Observed(features=row, events=events, beta=1e-3, n_star=0.6, g1=0.4 * events)
    return Sample(seen=seen, size=round(events * ratio))


def taught(count: int, kind: Kind = Kind.LOG_RATIO) -> tuple[Model, list[Sample]]:
    random = np.random.default_rng(1)
    learner = Learner(window_s=600.0, kind=kind, trees=30)
    for _ in range(count):
        learner.add(sample(random))
    return learner.learn(), [sample(random) for _ in range(50)]


def mean_error(model: Model, samples: list[Sample]) -> float:
    sizes = [each.seen.events * math.exp(model.ln_ratio(each.seen)) for each in samples]
    return float(
        np.mean([abs(n / each.size - 1.0) for n, each in zip(sizes, samples, strict=True)])
    )


def test_what_is_learnt_is_better_than_the_constant() -> None:
    model, others = taught(250)
    of_constant = np.mean([
        abs(math.exp(model.ln_constant) * each.seen.events / each.size - 1.0) for each in others
    ])  # fmt: skip
    assert mean_error(model, others) < 0.6 * of_constant


def test_few_cascades_teach_their_median_ratio_and_one_is_not_believed() -> None:
    random = np.random.default_rng(1)
    seen, learner = sample(random).seen, Learner(window_s=600.0)
    learner.add(Sample(seen=seen, size=30 * seen.events))
    assert learner.is_due
    assert learner.learn().ln_ratio(seen) == pytest.approx(math.log(seismic.usual_ratio(600.0)))
    for _ in range(9):
        learner.add(Sample(seen=seen, size=3 * seen.events))
    assert learner.learn().ln_ratio(seen) == pytest.approx(math.log(3.0))
    assert Model.untaught(600.0, ratio=3.0).ln_ratio(seen) == pytest.approx(math.log(3.0))


def test_course_s_forest_on_omega_can_be_chosen() -> None:
    model, (first, *_) = taught(60, Kind.OMEGA)
    # All are of the same β, n* and G1 / n here, so ω is a mean of those learnt.
    assert 0.0 < model.ln_ratio(first.seen) < 3.0
    assert first.omega == pytest.approx((first.size - first.seen.events) * 0.4 / first.seen.g1)


def test_learning_is_not_done_for_each_sample_and_memory_is_bounded() -> None:
    random = np.random.default_rng(2)
    learner = Learner(window_s=600.0, memory=150, trees=2, growth=0.05)
    versions = 0
    for _ in range(300):
        learner.add(sample(random))
        if learner.is_due:
            versions = learner.learn().version
    assert len(learner) == 150
    assert 15 < versions < 80
    learner.forget(40)
    assert len(learner) == 40
    assert learner.is_due


def test_model_is_the_same_after_the_wire() -> None:
    for kind in Kind:
        model, others = taught(80, kind)
        wire = json.dumps(model.to_json())
        assert len(wire) < 900_000
        again = Model.from_json(json.loads(wire))
        assert (again.version, again.window_s, again.kind) == (1, 600.0, kind)
        for each in others:
            assert again.ln_ratio(each.seen) == model.ln_ratio(each.seen)


def noisy_rows(count: int, seed: int = 3) -> tuple[Reals, Reals]:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(count, 5))
    return rows, np.abs(rows[:, 0]) + 0.5 * (rows[:, 1] > 0.3) + 0.1 * random.normal(size=count)


@pytest.fixture(scope="module")
def ensemble() -> Any:
    """Scikit-learn's, which takes so long to load that only those who need it should wait."""
    return importlib.import_module("sklearn.ensemble")


def test_one_tree_is_the_one_that_scikit_learn_grows(ensemble: Any) -> None:
    rows, targets = noisy_rows(MOST_PARTS)
    weights = np.random.default_rng(1).exponential(size=len(rows))
    grown = one_tree(rows, targets, weights)
    other = ensemble.RandomForestRegressor(
        1, bootstrap=False, max_depth=4, min_samples_leaf=6, max_features=1.0, random_state=0
    ).fit(rows, targets, sample_weight=weights)
    # Columns that part the rows alike are a matter of chance, so no other rows are asked.
    np.testing.assert_allclose(grown.predict(rows), other.predict(rows), rtol=1e-4)


def one_tree(rows: Reals, targets: Reals, weights: Reals) -> Trees:
    """One tree of all rows."""
    columns, count = Columns.of(rows), len(rows)
    feature, right = np.zeros(count, np.int16), np.zeros(count, np.int32)
    value, leaves = np.zeros(count, np.float32), np.zeros(count, np.int64)
    end = grow(
        columns.parts, columns.cuts, columns.numbers, np.arange(count), targets, weights, 4, 6, 5,
        np.random.default_rng(1), 0, feature, right, value, leaves,
    )  # fmt: skip
    for row in range(count):
        found = leaf_of(columns.parts, columns.cuts, row, 0, feature, right, value)
        assert found == leaves[row]
    return Trees(
        constant=0.0, features=5, roots=np.zeros(1, np.int32), feature=feature[:end],
        right=right[:end], value=value[:end],
    )  # fmt: skip


def test_forest_is_as_good_as_scikit_learn_s(ensemble: Any) -> None:
    rows, targets = noisy_rows(600)
    others, truth = noisy_rows(300, seed=4)
    growth = Growth(count=60, depth=30, least_rows=3, columns=0.6)
    grown = forest(rows, targets, np.ones(len(rows)), growth)
    other = ensemble.RandomForestRegressor(60, min_samples_leaf=3, max_features=0.6, random_state=0)
    other.fit(rows, targets)
    ours = np.abs(grown.predict(others) - truth).mean()
    assert ours < 1.1 * np.abs(other.predict(others) - truth).mean()


def test_boosting_makes_the_relative_error_least() -> None:
    random = np.random.default_rng(5)
    rows = np.repeat(np.eye(3), 400, axis=0)
    targets = np.repeat([0.5, 1.5, 4.0], 400) + random.normal(size=1200)
    grown = boosted(rows, targets, Growth(count=150, least_rows=8, rows=0.85))
    for part in range(3):
        here = targets[400 * part : 400 * (part + 1)]
        best = weighted_middle(here, np.exp(-here))
        assert grown.predict(np.eye(3))[part] == pytest.approx(best, abs=0.12)


@pytest.mark.parametrize("value", [0.0, 1e30, -1e-30])
def test_trees_of_what_is_all_the_same_are_its_middle(value: float) -> None:
    rows, targets = np.full((40, 3), value), np.full(40, 0.7)
    for grown in (
        boosted(rows, targets, Growth()),
        forest(rows, targets, np.ones(40), Growth(count=3)),
    ):
        assert Trees.from_json(grown.to_json()).predict(rows[:1])[0] == pytest.approx(0.7)


def test_ties_and_neighbouring_numbers_are_cut_where_a_tree_can_tell_them_apart() -> None:
    column = np.float32(1.0) + np.arange(4) * np.finfo(np.float32).eps
    columns = Columns.of(np.repeat(column.astype(np.float64), 5)[:, np.newaxis])
    assert columns.numbers[0] == 3
    assert sorted(set(columns.parts[:, 0])) == [0, 1, 2, 3]
    many = Columns.of(np.random.default_rng(1).normal(size=(5000, 1)))
    assert np.bincount(many.parts[:, 0], minlength=MOST_PARTS).max() < 60


def test_models_blended_are_their_weighted_sum() -> None:
    rows, targets = noisy_rows(100)
    one, two = (boosted(rows, targets, Growth(count=4), seed=seed) for seed in (0, 1))
    blended = Trees.blended((0.25, one), (0.75, two), (2.0, Trees.of_constant(1.0, features=5)))
    expected = 0.25 * one.predict(rows) + 0.75 * two.predict(rows) + 2.0
    again = Trees.from_json(json.loads(json.dumps(blended.to_json())))
    np.testing.assert_allclose(again.predict(rows), expected, atol=1e-5)


def damaged(name: str, value: object) -> dict[str, Any]:
    said = taught(40)[0].to_json()
    place = said if name in said else said["trees"]
    place[name] = value
    return said


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("names", ["ln_events"], "other features"),
        ("kind", "pickle", "kind"),
        ("version", "1", "version"),
        ("trees", None, "no trees"),
        ("format", "pickle", "format"),
        ("constant", None, "constant"),
        ("features", 10**9, "number of features"),
        ("nodes", 10**12, "number of nodes"),
        ("nodes", 3, "entries"),
        ("value", "not base64!", "unpacked"),
        ("right", None, "no 'right'"),
    ],
)
def test_damaged_model_is_refused(name: str, value: object, words: str) -> None:
    with pytest.raises(BadModel, match=words):
        Model.from_json(damaged(name, value))


def small(**wrong: Any) -> dict[str, Any]:
    """Two trees: a node with two leaves, and a leaf."""
    parts: dict[str, Any] = {
        "roots": [0, 3], "feature": [0, -1, -1, -1], "right": [2, 0, 0, 0],
        "value": [0.5, 1.0, 2.0, 10.0],
    }  # fmt: skip
    parts |= wrong
    kinds = {"roots": np.int32, "feature": np.int16, "right": np.int32, "value": np.float32}
    arrays: dict[str, Any] = {name: np.array(parts[name], kind) for name, kind in kinds.items()}
    return Trees(constant=0.0, features=1, **arrays).to_json()


def test_small_trees_are_walked() -> None:
    rows: Reals = np.array([[0.0], [1.0]])
    np.testing.assert_allclose(Trees.from_json(small()).predict(rows), [11.0, 12.0])
    with pytest.raises(BadModel, match="1 features"):
        Trees.from_json(small()).predict(np.zeros((1, 2)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"right": [0, 0, 0, 0]},  # round and round
        {"right": [3, 0, 0, 0]},  # into the next tree
        {"right": [9, 0, 0, 0]},
        {"feature": [1, -1, -1, -1]},
        {"feature": [-2, -1, -1, -1]},
        {"feature": [0, -1, -1, 0]},  # a node without children
        {"roots": [1, 3]},
        {"roots": [0, 0]},
        {"roots": [0, 4]},
        {"roots": []},
        {"value": [0.5, math.nan, 2.0, 10.0]},
    ],
)
def test_trees_that_would_loop_or_reach_outside_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadModel):
        Trees.from_json(small(**wrong))


def test_half_of_the_weight_is_on_either_side_of_the_weighted_median() -> None:
    assert weighted_middle(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])) == 2.0
    assert weighted_middle(np.array([3.0, 1.0, 2.0]), np.array([9.0, 1.0, 5.0])) == 3.0


def test_features_are_those_named_and_finite() -> None:
    times_s = np.array([0.0, 30.0, 60.0, 150.0, 500.0])
    marks = np.array([1000.0, 10.0, 20.0, 5.0, 1.0])
    values = dict(zip(features.NAMES, features.extract(times_s, marks, 600.0), strict=True))
    assert values["ln_events"] == pytest.approx(math.log(5))
    assert values["time_quantile_0.5"] == pytest.approx(0.1)
    assert values["ln_late_0.5"] == pytest.approx(math.log(2) - math.log(5))
    assert values["ln_early_0.125"] == pytest.approx(math.log(3 / 5))
    assert values["silence"] == pytest.approx(100 / 600)
    assert values["ln_mark_root"] == pytest.approx(math.log(1000))
    assert values["ln_response"] == pytest.approx(math.log(5 / 1036))
    found = estimate(times_s, marks, 600.0, bounds=Bounds(mean_mark=float(marks.mean())))
    assert values["ln_beta"] == pytest.approx(math.log(found.parameters.beta))
    assert values["ln_hawkes_ratio"] == pytest.approx(math.log(found.size / 5))
    for count in (1, 2, 3):
        assert np.isfinite(features.extract(times_s[:count], marks[:count], 600.0)).all()
