"""Each service's process by itself: the same comes out however often it is begun anew."""

import gc
import itertools
import json
import math
import random
import statistics
import tracemalloc
from array import array
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from tweetoscope import collector, estimator, learner, messages, predictor
from tweetoscope.broker import Listed, Message, Record
from tweetoscope.cascade import Closed, Gathering, Tweet
from tweetoscope.errors import BadMessage
from tweetoscope.estimates import Parameters
from tweetoscope.hawkes import simulate
from tweetoscope.learning import NAMES, Kind, Model
from tweetoscope.marks import PowerLaw
from tweetoscope.metrics import Metrics
from tweetoscope.prior import Prior
from tweetoscope.processing import Process, Service
from tweetoscope.sources import Simulation, Spread, closing, spread
from tweetoscope.topics import ALERTS, MODELS, PREDICTIONS, PROPERTIES, SAMPLES, SERIES, STATS

GATHERING = Gathering(windows_s=(600.0, 1200.0), terminated_s=1800.0, least_events=5)


def records(messages_: Sequence[Message], topic: str) -> list[Record]:
    chosen = [message for message in messages_ if message.topic == topic]
    return [
        Record(topic, 0, offset, message.key, message.value, 0, None)
        for offset, message in enumerate(chosen)
    ]


def batches(inputs: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    for start in range(0, len(inputs), size):
        yield inputs[start : start + size]


def run(
    service: Callable[[], Service[object]],
    inputs: Sequence[Record],
    *,
    batch: int,
    restarts: bool = False,
) -> list[Message]:
    """What comes out; with `restarts`, each batch is handled by a process that has just begun.

    That one has all that the changes say, from a snapshot on that is taken after every third batch.
    """
    state: dict[bytes, bytes] = {}
    written: list[Message] = []
    process: Process[object] | None = None
    decode = service().decode
    for number, part in enumerate(batches(inputs, batch)):
        if process is None or restarts:
            process = service().open(0, dict(state))
        written.extend(process.handle(Listed(part), list(map(decode, part))))
        for key, value in process.changes():
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        if number % 3 == 2:
            state = {key: value for key, value in process.state() if value is not None}
    return written


@pytest.fixture(scope="module")
def tweets() -> list[Record]:
    cascades = itertools.islice(Simulation(seed=3, horizon_s=9_000.0).cascades(), 24)
    emitted = closing(spread(cascades, Spread(sources=2, at_once=3)), 1e6)
    return [
        Record(
            "tweets", 0, offset, each.source.encode(),
            messages.write_tweet(each.tweet, each.source), 0, None,
        )
        for offset, each in enumerate(emitted)
    ]  # fmt: skip


def collecting(gathering: Gathering = GATHERING) -> Callable[[], Service[object]]:
    return lambda: collector.service(gathering, Metrics("collector"))  # type: ignore[return-value]


def estimating(*, follows: bool = False) -> Service[object]:
    return estimator.service(35.0, Prior.from_moments(), follows=follows)  # type: ignore[return-value]


def predicting(threshold: float = 0.0) -> Callable[[], Service[object]]:
    alarm = predictor.Alarm(threshold=threshold)
    return lambda: predictor.service(alarm, Metrics("predictor"))  # type: ignore[return-value]


def teaching(
    clock: Callable[[], float] = lambda: 0.0, **more: object
) -> Callable[[], Service[object]]:
    learning = learner.Learning(trees=5, **more)  # type: ignore[arg-type]
    metrics = Metrics("learner")
    return lambda: learner.service(learning, metrics, clock)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def properties(tweets: list[Record]) -> list[Record]:
    """Sizes and parameters as they come: the latter a little later, but sometimes too late."""
    gathered = run(collecting(), tweets, batch=100)
    fitted = run(estimating, records(gathered, SERIES), batch=100)
    sizes = [message for message in gathered if message.topic == PROPERTIES]
    mixed = [*fitted, *sizes]
    random.Random(1).shuffle(mixed)
    only = [message for message in mixed if message.key == b"600"]
    return records(only, PROPERTIES)


@pytest.mark.parametrize("batch", [3, 500])
def test_a_collector_begun_anew_does_the_same(tweets: list[Record], batch: int) -> None:
    undisturbed = run(collecting(), tweets, batch=1000)
    assert len(undisturbed) > 50
    assert run(collecting(), tweets, batch=batch, restarts=True) == undisturbed


@pytest.mark.parametrize("batch", [5, 50])
def test_a_collector_begun_anew_still_has_what_it_held_back(
    tweets: list[Record], batch: int
) -> None:
    late = Gathering(windows_s=(600.0, 1200.0), least_events=5, lateness_s=60.0)
    draw = random.Random(4)
    time_s = [json.loads(record.value or b"")["t"] for record in tweets]
    mixed = sorted(tweets, key=lambda record: time_s[record.offset] + draw.random() * 50.0)
    mixed = [record._replace(offset=offset) for offset, record in enumerate(mixed)]
    undisturbed = run(collecting(late), mixed, batch=1000)
    again = run(collecting(late), mixed, batch=batch, restarts=True)
    assert again == undisturbed
    in_order = run(collecting(late), tweets, batch=1000)
    assert {message.value for message in undisturbed} == {message.value for message in in_order}


def test_tweets_later_than_allowed_are_counted() -> None:
    metrics = Metrics("collector")
    service = collector.service(Gathering(lateness_s=5.0), metrics)
    told = [
        Message("tweets", b"s", messages.write_tweet(Tweet("tw1", time_s, 1.0, time_s == 0.0), "s"))
        for time_s in (0.0, 20.0, 16.0, 9.0, 14.0)
    ]
    process = service.open(0, {})
    inputs = records(told, "tweets")
    list(process.handle(Listed(inputs), list(map(service.decode, inputs))))
    list(process.changes())
    late = metrics.registry.get_sample_value("tweetoscope_late_total", {"service": "collector"})
    assert late == 2


@pytest.mark.parametrize("followers", ["0", "null"])
def test_authors_without_followers_stop_nothing(followers: str) -> None:
    pairs = ",".join(f"[{30 * at},{followers}]" for at in range(12))
    value = f'{{"type":"serie","cid":"tw1","msg":"","T_obs":600,"tweets":[{pairs}]}}'.encode()
    [told] = run(estimating, [Record(SERIES, 0, 0, b"tw1", value, 0, None)], batch=1)
    fitted = messages.read_property(told.value or b"")
    assert isinstance(fitted, messages.Fitted)
    assert np.isfinite([fitted.estimate.size, *fitted.features]).all()


def test_the_changelog_of_a_collector_is_that_of_open_cascades(tweets: list[Record]) -> None:
    process = collecting()().open(0, {})
    state: dict[bytes, bytes] = {}
    most = 0
    decode = collecting()().decode
    for part in batches(tweets, 100):
        list(process.handle(Listed(part), list(map(decode, part))))
        for key, value in process.changes():
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        most = max(most, len(state))
    # Two clocks and the two tweets that closed all else.
    assert len(state) == 4 < most


def test_cascades_that_have_ended_leave_nothing_in_the_memory_of_a_collector() -> None:
    process = collecting()().open(0, {})

    def gathered(generation: int) -> int:
        """The memory when a generation of cascades is open, and the one before has ended."""
        tweets = [
            Tweet(f"tw{generation}-{number}", 10_000.0 * generation + 20.0 * at, 1.0, at == 0)
            for at in range(75)
            for number in range(50)
        ]
        process.handle(
            Listed(
                Record("tweets", 0, offset, b"s", b"", 0, None) for offset in range(len(tweets))
            ),
            [("s", tweets)],
        )
        del tweets
        list(process.changes())
        figures = {figure.name: figure.value for figure in process.figures()}
        assert figures["open_cascades"] == 50
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        used = [gathered(generation) for generation in range(9)]
    finally:
        tracemalloc.stop()
    # By the median: other threads of the tests may take something once.
    grown = [after - before for before, after in itertools.pairwise(used[1:])]
    assert statistics.median(grown) < 1_000, used


@pytest.mark.parametrize("follows", [False, True])
def test_an_estimator_begun_anew_does_the_same(tweets: list[Record], *, follows: bool) -> None:
    series = records(run(collecting(), tweets, batch=100), SERIES)
    undisturbed = run(lambda: estimating(follows=follows), series, batch=5)
    assert len(undisturbed) == len(series)
    assert run(lambda: estimating(follows=follows), series, batch=5, restarts=True) == undisturbed


def test_an_estimator_may_take_what_is_usual_from_the_stream() -> None:
    """Of cascades that are too short to tell, it says what longer ones before them were like."""
    usual, rng = Parameters(p=0.5 / 35.0, beta=1.0 / 300.0), np.random.default_rng(4)
    said: list[Closed] = []
    while len(said) < 250:
        times_s, marks = simulate(usual, first_mark=5000.0, marks=PowerLaw().draw, random=rng)
        until_s = 3600.0 if len(said) < 200 else 60.0
        seen = times_s <= until_s
        closed = Closed(
            cascade=f"tw{len(said)}",
            text="",
            window_s=until_s,
            times_s=array("d", times_s[seen]),
            marks=array("d", marks[seen]),
        )
        said.append(closed)
    series = records(
        [Message(SERIES, b"k", messages.write_serie(each, None), 0) for each in said], SERIES
    )

    def betas(*, follows: bool) -> list[float]:
        written = run(lambda: estimating(follows=follows), series, batch=10)
        return [json.loads(each.value or b"")["params"][1] for each in written[-50:]]

    def off(betas: list[float]) -> float:
        return statistics.median(abs(math.log(each / usual.beta)) for each in betas)

    assert off(betas(follows=True)) < 0.75 * off(betas(follows=False))


def test_each_parameter_is_one_prediction_and_each_size_one_score(
    properties: list[Record],
) -> None:
    written = run(predicting(), properties, batch=20)
    told = [json.loads(message.value or b"") for message in written if message.topic == PREDICTIONS]
    kinds = [json.loads(record.value or b"")["type"] for record in properties]
    assert len(told) == kinds.count("parameters")
    assert len({one["cid"] for one in told}) == len(told)
    for topic in (STATS, SAMPLES):
        assert len([each for each in written if each.topic == topic]) == kinds.count("size")
    for one in told:
        low, high = one["interval"]
        assert one["n_obs"] <= low <= high


@pytest.mark.parametrize("batch", [1, 20])
def test_a_predictor_begun_anew_does_the_same(properties: list[Record], batch: int) -> None:
    def told(written: list[Message]) -> list[tuple[str, object]]:
        said = [(message.topic, json.loads(message.value or b"")) for message in written]
        return [(topic, (one["cid"], one.get("n_tot"), one.get("W"))) for topic, one in said]

    undisturbed = told(run(predicting(), properties, batch=1000))
    again = told(run(predicting(), properties, batch=batch, restarts=True))
    assert again == undisturbed


def test_when_a_window_was_closed_is_told_up_to_the_forecast(tweets: list[Record]) -> None:
    timed = [each._replace(time_ms=5000 + each.offset) for each in tweets]
    gathered = run(collecting(), timed, batch=100)
    closed = [each.cause for each in gathered if each.topic == SERIES]
    fitted = run(estimating, records(gathered, SERIES), batch=100)
    told = run(predicting(), records(fitted, PROPERTIES), batch=100)
    for topic in (PREDICTIONS, ALERTS):
        said = [json.loads(each.value or b"") for each in told if each.topic == topic]
        assert [one["closed_ms"] - 5000 for one in said] == closed


def test_only_what_is_likely_to_pass_the_threshold_is_an_alert(properties: list[Record]) -> None:
    sizes = [
        json.loads(each.value or b"")["n_tot"]
        for each in run(predicting(), properties, batch=100)
        if each.topic == PREDICTIONS
    ]
    written = run(predicting(float(np.median(sizes))), properties, batch=100)
    said = {
        topic: {
            json.loads(each.value or b"")["cid"]: json.loads(each.value or b"")
            for each in written
            if each.topic == topic
        }
        for topic in (PREDICTIONS, ALERTS)
    }
    likely = {cid for cid, one in said[PREDICTIONS].items() if one["probability"] >= 0.5}
    assert set(said[ALERTS]) == likely
    assert 0 < len(likely) < len(said[PREDICTIONS])


def test_an_estimator_that_tells_no_features_will_do() -> None:
    course = (
        b'{"type":"parameters","cid":"tw1","msg":"x","n_obs":30,"n_supp":12.5,"params":[0.02,2e-4]}'
    )
    record = Record(PROPERTIES, 0, 0, b"600", course, 0, None)
    told = [each for each in run(predicting(), [record], batch=1) if each.topic == PREDICTIONS]
    assert json.loads(told[0].value or b"")["n_tot"] == pytest.approx(42.5)


@pytest.mark.parametrize("key", [None, b"", b"soon", b"nan", b"-600", b"inf"])
def test_a_key_that_is_no_window_is_bad(key: bytes | None) -> None:
    value = b'{"type":"size","cid":"tw1","n_tot":3,"t_end":4}'
    with pytest.raises(BadMessage, match=r"key|window"):
        predicting()().decode(Record(PROPERTIES, 0, 0, key, value, 0, None))


def samples(count: int, *, first: int = 0, ratio: float = 1.0) -> Iterator[Message]:
    random_ = np.random.default_rng(2)
    for number in range(first, first + count):
        events = int(random_.integers(10, 100))
        example = messages.Example(
            cascade=f"tw{number}",
            beta=1e-3,
            n_star=0.5,
            g1=3.0,
            omega=1.0,
            events=events,
            size=int(events * ratio * random_.uniform(1.0, 3.0)),
            features=tuple(random_.random(len(NAMES[Kind.LOG_RATIO]))),
        )
        yield Message(SAMPLES, b"600", messages.write_example(example), number)


def test_a_learner_begun_anew_goes_on_counting_versions() -> None:
    inputs = records(list(samples(60)), SAMPLES)
    models = [
        Model.from_json(json.loads(message.value or b""))
        for message in run(teaching(memory=20), inputs, batch=10, restarts=True)
        if message.topic == MODELS
    ]
    assert [model.version for model in models] == list(range(1, len(models) + 1))
    assert models[-1].samples == 20


def taught(written: Sequence[Message]) -> list[Model]:
    return [
        Model.from_json(json.loads(message.value or b""))
        for message in written
        if message.topic == MODELS
    ]


def test_a_learner_rests_in_proportion_to_what_learning_takes() -> None:
    inputs = records(list(samples(60)), SAMPLES)
    # It looks once for each batch, and twice more when it learns, which takes a second so.
    models = taught(run(teaching(itertools.count(1.0).__next__, share=0.5), inputs, batch=10))
    assert [model.samples for model in models] == [10, 30, 50]


@pytest.mark.parametrize("memory", [15, 40, 100])
def test_a_learner_with_another_memory_keeps_the_newest_of_what_it_had(memory: int) -> None:
    inputs = records(list(samples(120)), SAMPLES)
    state: dict[bytes, bytes] = {}
    versions = []
    for each, part in ((40, inputs[:70]), (memory, inputs[70:75]), (memory, inputs[75:])):
        process = teaching(memory=each)().open(0, dict(state))
        decode = teaching()().decode
        written = list(process.handle(Listed(part), list(map(decode, part))))
        versions += [model.version for model in taught(written)]
        for key, value in process.changes():
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
    assert versions == list(range(1, len(versions) + 1))
    kept = {json.loads(said)["cid"] for said in state.values() if said.startswith(b"{")}
    assert kept == {f"tw{number}" for number in range(max(30, 120 - memory), 120)}


def test_what_is_old_is_forgotten_when_the_world_has_changed() -> None:
    steady, changed = list(samples(300)), list(samples(100, first=300, ratio=8.0))
    usual = taught(run(teaching(), records(steady, SAMPLES), batch=1))
    learnt_from = [model.samples for model in usual]
    assert learnt_from == sorted(learnt_from)
    moved = taught(run(teaching(), records([*steady, *changed], SAMPLES), batch=1))
    assert [model.samples for model in moved[: len(usual)]] == learnt_from
    assert min(model.samples for model in moved[len(usual) :]) <= 200


def test_models_are_learnt_by_a_rule_and_not_for_each_sample() -> None:
    inputs = records(list(samples(100)), SAMPLES)
    models = run(teaching(), inputs, batch=1)
    assert 5 < len(models) < 40


def test_a_sample_without_features_is_bad_for_boosting_only() -> None:
    example = messages.Example(
        cascade="tw1", beta=1e-3, n_star=0.5, g1=3.0, omega=1.0, events=10, size=20
    )
    record = Record(SAMPLES, 0, 0, b"600", messages.write_example(example), 0, None)
    with pytest.raises(BadMessage, match="features"):
        teaching()().decode(record)
    teaching(kind=Kind.OMEGA)().decode(record)
