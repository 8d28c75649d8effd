import json
import math
from array import array
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweetoscope import messages, reports
from tweetoscope.cascade import Closed, Ended, Tweet
from tweetoscope.errors import BadMessage
from tweetoscope.estimates import Estimate, Parameters

# Each as the course's programs write it: whatever follows it on the wire has more fields only.
TWEET = '{"type":"tweet","msg":"hé","t":1200,"m":35,"tweet_id":23981,"info":"cascade=23981"}'
SERIE = '{"type":"serie","cid":"tw23981","msg":"hé","T_obs":600,"tweets":[[0,35],[12.5,7]]}'
SIZE = '{"type":"size","cid":"tw23981","n_tot":145,"t_end":4329}'
PARAMETERS = (
    '{"type":"parameters","cid":"tw23981","msg":"hé","n_obs":32,"n_supp":120.5,'
    '"params":[0.02,0.0002]}'
)
SAMPLE = '{"type":"sample","cid":"tw23981","X":[0.0002,0.7,36.15],"W":0.9}'
ALERT = '{"type":"alert","cid":"tw23981","msg":"hé","T_obs":600,"n_tot":158.25}'
STAT = '{"type":"stat","cid":"tw23981","T_obs":600,"ARE":0.09}'
PREDICTION = (
    '{"type":"prediction","cid":"tw23981","msg":"hé","T_obs":600,"n_obs":32,"n_tot":158.25,'
    '"interval":[90.0,300.0],"constant":64.0,"n_star":0.7,"beta":0.0002,"G1":36.15,'
    '"model_version":3,"threshold":150.0,"probability":0.55,"passes_in":null}'
)
LOG = '{"t":1700000000,"source":"collector","level":"INFO","message":"begun"}'

FITTED = messages.Fitted(
    cascade="tw23981",
    text="hé",
    estimate=Estimate(
        parameters=Parameters(p=0.02, beta=0.0002),
        events=32,
        n_star=0.7,
        g1=36.15,
        log_posterior=math.nan,
    ),
    features=(1.5, -2.0),
)
EXAMPLE = messages.Example(
    cascade="tw23981", beta=0.0002, n_star=0.7, g1=36.15, omega=0.9, events=32, size=145,
    features=(1.5,),
)  # fmt: skip
WARNING = reports.Alert(
    cascade="tw23981", text="hé", window_s=600.0, size=158.25, low=90.0, high=300.0,
    threshold=150.0, probability=0.55, model_version=3, closed_ms=1_700_000_000_000,
)  # fmt: skip
FORETOLD = reports.Prediction(
    cascade="tw23981", text="hé", window_s=600.0, events=32, size=158.25, low=90.0, high=300.0,
    constant=64.0, n_star=0.7, beta=0.0002, g1=36.15, model_version=3, threshold=150.0,
    probability=0.55, passes_s=None,
)  # fmt: skip
WRITTEN = {
    TWEET: messages.write_tweet(Tweet("tw23981", 1200.0, 35.0, True, "hé"), "0"),
    SERIE: messages.write_serie(
        Closed(
            cascade="tw23981", window_s=600.0, text="hé", times_s=array("d", [0.0, 12.5]),
            marks=array("f", [35.0, 7.0]),
        )
    ),
    SIZE: messages.write_size(
        Ended(cascade="tw23981", windows_s=(600.0,), events=145, end_s=4329.0)
    ),
    PARAMETERS: messages.write_fitted(FITTED),
    SAMPLE: messages.write_example(EXAMPLE),
    PREDICTION: reports.write_prediction(FORETOLD),
    ALERT: reports.write_alert(WARNING),
    STAT: reports.write_stat(
        reports.Stat(
            cascade="tw23981", window_s=600.0, error=0.09, error_of_constant=0.3, is_covered=True
        )
    ),
    LOG: reports.write_log(
        reports.Log(time_s=1700000000, source="collector", level="INFO", message="begun")
    ),
}  # fmt: skip


@pytest.mark.parametrize(("golden", "written"), WRITTEN.items())
def test_what_is_written_has_the_fields_of_the_course_and_their_types(
    golden: str, written: bytes
) -> None:
    expected, found = json.loads(golden), json.loads(written)
    for name, value in expected.items():
        if name == "n_supp":
            assert found[name] == pytest.approx(value)
        else:
            assert found[name] == value
            assert type(found[name]) is type(value)


def test_what_the_course_writes_is_read() -> None:
    source, tweet = messages.read_tweet(TWEET.encode(), b"3", 42)
    assert (source, tweet) == ("3", Tweet("tw23981", 1200.0, 35.0, True, "hé", 42))
    serie = messages.read_serie(SERIE.encode())
    assert (serie.times_s, serie.marks, serie.window_s) == ((0.0, 12.5), (35.0, 7.0), 600.0)
    size = messages.read_property(SIZE.encode())
    assert size == messages.Size(cascade="tw23981", events=145, end_s=4329.0)
    fitted = messages.read_property(PARAMETERS.encode())
    assert isinstance(fitted, messages.Fitted)
    assert fitted.estimate.size == pytest.approx(152.5)
    assert reports.read_alert(ALERT.encode()).low == 158.25
    assert reports.read_stat(STAT.encode()).error == 0.09
    assert reports.read_log(LOG.encode()).source == "collector"


def test_what_is_written_is_read_again() -> None:
    source, tweet = messages.read_tweet(WRITTEN[TWEET], b"key")
    assert (source, tweet.time_s) == ("0", 1200.0)
    fitted = messages.read_property(WRITTEN[PARAMETERS])
    assert isinstance(fitted, messages.Fitted)
    assert fitted.features == FITTED.features
    assert fitted.estimate.g1 == FITTED.estimate.g1
    assert messages.read_example(WRITTEN[SAMPLE]) == EXAMPLE
    assert reports.read_prediction(WRITTEN[PREDICTION]) == FORETOLD
    assert reports.read_alert(WRITTEN[ALERT]) == WARNING
    assert reports.read_stat(WRITTEN[STAT]).is_covered is True


def test_magnitudes_that_are_not_known_are_null() -> None:
    written = messages.write_tweet(Tweet("tw1", 2.5, math.nan, False), "s")
    assert b'"m":null' in written
    assert math.isnan(messages.read_tweet(written)[1].mark)


def test_series_of_absolute_times_are_read_from_their_first_tweet() -> None:
    said = SERIE.replace("[[0,35],[12.5,7]]", "[[5000,35],[5012,7]]")
    assert messages.read_serie(said.encode()).times_s == (0.0, 12.0)


BAD: dict[str, tuple[Callable[[bytes], object], str]] = {
    "no JSON": (messages.read_tweet, "{'type':'tweet'}"),
    "no object": (messages.read_tweet, "[1]"),
    "type is": (messages.read_tweet, TWEET.replace('"tweet"', '"like"')),
    "t is": (messages.read_tweet, TWEET.replace("1200", '"1200"')),
    "infinity": (messages.read_tweet, TWEET.replace("1200", "1e999")),
    "below 0": (messages.read_tweet, TWEET.replace("35", "-1")),
    "no name of a cascade": (messages.read_tweet, TWEET.replace(":23981", ":[]")),
    "do not ascend": (messages.read_serie, SERIE.replace("[0,35]", "[99,35]")),
    "outside of": (messages.read_serie, SERIE.replace("12.5", "601")),
    "no \\[time, magnitude\\]": (messages.read_serie, SERIE.replace("[0,35]", "[0]")),
    "something in it": (messages.read_serie, SERIE.replace("[[0,35],[12.5,7]]", "[]")),
    "n_tot is '145'": (messages.read_property, SIZE.replace("145", '"145"')),
    "n_supp is '120.5'": (messages.read_property, PARAMETERS.replace("120.5", '"120.5"')),
    "m is '35'": (messages.read_tweet, TWEET.replace("35", '"35"')),
    "t is True": (messages.read_tweet, TWEET.replace("1200", "true")),
    "no count": (messages.read_property, SIZE.replace("145", "0.5")),
    "not \\[p, beta\\]": (messages.read_property, PARAMETERS.replace("[0.02,0.0002]", "[0.02]")),
    "n_star": (messages.read_property, PARAMETERS[:-1] + ',"n_star":1.0}'),
    "n_obs is None": (messages.read_example, SAMPLE),
    "X has": (messages.read_example, SAMPLE.replace("0.7,", "")),
    "interval": (reports.read_alert, ALERT[:-1] + ',"interval":[9,1]}'),
    "n_star is": (reports.read_prediction, PREDICTION.replace("0.7", "1")),
    "passes_in is": (reports.read_prediction, PREDICTION.replace("null", '"soon"')),
    "covered": (reports.read_stat, STAT[:-1] + ',"covered":1}'),
    "level is": (reports.read_log, LOG.replace("INFO", "LOUD")),
}  # fmt: skip


@pytest.mark.parametrize("words", BAD)
def test_bad_message_is_refused_with_the_reason(words: str) -> None:
    reads, value = BAD[words]
    with pytest.raises(BadMessage, match=words):
        reads(value.encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(
    st.sampled_from([TWEET, SERIE, SIZE, PARAMETERS, SAMPLE, PREDICTION, ALERT, STAT, LOG]),
    st.data(),
)
def test_no_value_of_a_field_does_anything_but_be_read_or_refused(
    golden: str, data: st.DataObject
) -> None:
    said = json.loads(golden)
    said[data.draw(st.sampled_from([*said, "n_star", "G1", "features", "interval"]))] = data.draw(
        JSON
    )
    value = json.dumps(said).encode()
    for read in (
        messages.read_tweet, messages.read_serie, messages.read_property, messages.read_example,
        reports.read_prediction, reports.read_alert, reports.read_stat, reports.read_log,
    ):  # fmt: skip
        try:
            read(value)
        except BadMessage as refusal:
            assert str(refusal)


TWEETS = [
    *[TWEET, TWEET.replace("35", "null"), TWEET.replace(":23981", ':"x"')],
    TWEET[:-1] + ',"source":"s"}',
]


@given(st.sampled_from(TWEETS), st.data())
def test_tweets_are_read_together_as_each_by_itself(golden: str, data: st.DataObject) -> None:
    said = json.loads(golden)
    said[data.draw(st.sampled_from([*said, "source"]))] = data.draw(JSON)
    at = data.draw(st.integers(0, len(golden)))
    cut = golden[:at] + data.draw(st.text('",:{}[]\\019.-eu\x00é', max_size=3)) + golden[at:]
    spoilt = bytearray(golden.encode())
    spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    for value in (json.dumps(said).encode(), cut.encode(), bytes(spoilt)):
        _same_together(value)


@pytest.mark.parametrize(
    "said",
    [
        '"m":1e400', '"m":-0.0', '"m":1e30', '"t":true', '"t":-1e308', '"t":9007199254740993',
        '"tweet_id":18446744073709551616', '"tweet_id":9223372036854775808', '"tweet_id":1.0',
        '"tweet_id":""', '"source":""', '"source":7', '"info":7', '"else":[{}]', '"msg":null',
        '"msg":"' + "é" * 10_001 + '"', '"source":"' + "s" * 10_001 + '"', '"msg":"\\ud800"',
    ],
)  # fmt: skip
def test_unusual_tweets_are_read_together_as_each_by_itself(said: str) -> None:
    _same_together((TWEET[:-1] + "," + said + "}").encode())


def _same_together(value: bytes) -> None:
    try:
        together = messages.read_tweets([TWEET.encode(), value], [b"a", b"k\xff"], [3, 4])
    except BadMessage:
        return
    source, tweet = messages.read_tweet(TWEET.encode(), b"a", 3)
    by_itself = {source: [tweet]}
    source, tweet = messages.read_tweet(value, b"k\xff", 4)
    by_itself.setdefault(source, []).append(tweet)
    assert together == by_itself


def test_numbers_beyond_64_bits_are_written() -> None:
    """A single tweet could stop a collector for ever."""
    source, tweet = messages.read_tweet(
        TWEET.replace("1200", "1e30").replace("35", "1e30").encode()
    )
    assert messages.read_tweet(messages.write_tweet(tweet, source))[1].time_s == 1e30
    serie = messages.write_serie(
        Closed(
            cascade="tw1", window_s=600.0, text="", times_s=array("d", [0.0, 1.0]),
            marks=array("f", [1e30, math.nan]),
        )
    )  # fmt: skip
    assert messages.read_serie(serie).marks[0] == pytest.approx(1e30)
    size = messages.write_size(Ended(cascade="tw1", windows_s=(600.0,), events=9, end_s=1e30))
    assert messages.read_property(size) == messages.Size(cascade="tw1", events=9, end_s=1e30)
