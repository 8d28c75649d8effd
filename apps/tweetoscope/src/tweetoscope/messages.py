"""The wire contract: JSON values of every topic, read with every field checked, and written.

The course's format with extra fields only, so that a program that knows no more than that can read
what is written here, and what it writes can be read. Called by the services; a `BadMessage` is for
the dead-letter topic, with its words.
"""

import functools
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from tweetoscope import fields
from tweetoscope.cascade import Closed, Ended, Tweet
from tweetoscope.errors import BadMessage
from tweetoscope.estimates import Estimate, Parameters

MOST_EVENTS = 1_000_000
DEFAULT_SOURCE = ""
_EXACT = 2.0**53

_Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Text = Annotated[str, msgspec.Meta(max_length=fields.MOST_TEXT)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=fields.MOST_TEXT)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Serie:
    """Of the topic `cascade_series`: what was seen of a cascade in a window.

    `closed_ms` is when the tweet that closed the window was written, in Unix milliseconds.
    """

    cascade: str
    window_s: float
    text: str
    times_s: tuple[float, ...]
    marks: tuple[float, ...]
    closed_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Of the topic `cascade_properties`: how large a cascade was at its end."""

    cascade: str
    events: int
    end_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """Of the topic `cascade_properties`: what was estimated of a cascade at the end of a window."""

    cascade: str
    text: str
    estimate: Estimate
    features: tuple[float, ...] = ()
    closed_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """Of the topic `samples`: what a learner may learn from."""

    cascade: str
    beta: float
    n_star: float
    g1: float
    omega: float
    events: int
    size: int
    features: tuple[float, ...] = ()


def read_tweet(value: bytes, key: bytes | None = None, position: int = 0) -> tuple[str, Tweet]:
    """The source and the tweet. The source is the field of that name, else the key."""
    said = fields.opened(value)
    kind = said.get("type")
    if kind not in ("tweet", "retweet"):
        raise BadMessage(f"type is {fields.shown(kind)}, not 'tweet' or 'retweet'")
    tweet = Tweet(
        fields.cascade(said, "tweet_id"),
        fields.number(said, "t"),
        fields.mark(said),
        kind == "tweet",
        fields.text(said, "msg"),
        position,
    )
    source = said.get("source")
    return _of_key(key) if source is None else str(source)[: fields.MOST_TEXT], tweet


class _Said(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A tweet as next to all are. Whatever is not is for `read_tweet`, which may well take it."""

    type: Literal["tweet", "retweet"]
    tweet_id: _Whole | _Name
    t: float
    m: Annotated[float, msgspec.Meta(ge=0.0)] | None = None
    msg: _Text = ""
    source: _Text | None = None
    info: str = ""


_said = msgspec.json.Decoder(_Said).decode
_numbered = functools.lru_cache(1 << 16)("tw{}".format)
"""The name of a cascade: one string of each, whose hash is then known."""


def read_tweets(
    values: Iterable[bytes], keys: Iterable[bytes | None], positions: Iterable[int]
) -> dict[str, list[Tweet]]:
    """The tweets of each source, as `read_tweet` has them but in a third of the time.

    It may refuse what that would take.

    Raises: BadMessage, when one of them is bad or unusual.
    """
    try:
        all_said = list(map(_said, values))
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BadMessage(f"a value is no usual tweet: {problem}") from problem
    new, nan = tuple.__new__, math.nan
    tweets: dict[str, list[Tweet]] = {}
    for said, key, position in zip(all_said, keys, positions, strict=True):
        source = said.source
        if source is None:
            source = _of_key(key)
        if (its := tweets.get(source)) is None:
            its = tweets[source] = []
        cascade = said.tweet_id
        its.append(
            # Past the constructor, which takes half as long as all the rest.
            new(
                Tweet,
                (
                    _numbered(cascade) if type(cascade) is int else cascade,
                    said.t,
                    nan if said.m is None else said.m,
                    said.type == "tweet",
                    said.msg,
                    position,
                ),
            )
        )
    return tweets


def write_tweet(tweet: Tweet, source: str) -> bytes:
    """A tweet of a source, its fields in the course's order; an unknown magnitude is null."""
    cascade, time_s, mark, is_first, text, _ = tweet
    first, retweet, last = _of_cascade(cascade, text, source)
    begins = first if is_first else retweet
    return f'{begins},"t":{_numeral(time_s)},"m":{_numeral(mark)},{last}'.encode()


def _numeral(value: float) -> str:
    """A number in JSON; whole ones without a decimal point, and null for one that is not finite."""
    # What is beyond is for the slower way.
    if -_EXACT < value < _EXACT:
        whole = int(value)
        return str(whole) if whole == value else repr(float(value))
    return fields.packed({"": fields.whole(value)})[4:-1].decode()


@functools.lru_cache(1 << 14)
def _of_cascade(cascade: str, text: str, source: str) -> tuple[str, str, str]:
    """What its tweets have before their numbers, of the first one and of others, and after them."""
    number = cascade.removeprefix("tw")
    is_number = number.isdecimal() and len(number) < 19
    first, retweet = (
        fields.packed({"type": kind, "msg": text}).decode()[:-1] for kind in ("tweet", "retweet")
    )
    last = {
        "tweet_id": int(number) if is_number else cascade,
        "info": f"cascade={number}",
        "source": source,
    }
    return first, retweet, fields.packed(last).decode()[1:]


def write_serie(closed: Closed, closed_ms: int | None = None) -> bytes:
    """What was seen of a cascade in a window; times from its first tweet."""
    said = {
        "type": "serie",
        "cid": closed.cascade,
        "msg": closed.text,
        "T_obs": fields.whole(closed.window_s),
        # What is not known is NaN, which is written as null.
        "tweets": list(
            zip(fields.wholes(closed.times_s), fields.wholes(closed.marks), strict=True)
        ),
    }
    if closed_ms is not None:
        said["closed_ms"] = closed_ms
    return fields.packed(said)


def read_serie(value: bytes) -> Serie:
    """The inverse; times may also begin elsewhere, as those of the course do."""
    said = fields.opened(value, "serie")
    tweets = said.get("tweets")
    if not isinstance(tweets, list) or not 0 < len(tweets) <= MOST_EVENTS:
        raise BadMessage("tweets is not a list with something in it")
    times_s, marks = [], []
    for pair in tweets:
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadMessage(f"tweets has {fields.shown(pair)}, which is no [time, magnitude]")
        times_s.append(fields.number({"t": pair[0]}, "t"))
        marks.append(fields.mark({"m": pair[1]}))
    if any(after < before for before, after in itertools.pairwise(times_s)):
        raise BadMessage("the times of tweets do not ascend")
    window_s = fields.positive(said, "T_obs")
    if times_s[-1] - times_s[0] > window_s:
        raise BadMessage(f"a tweet lies outside of the {window_s:g} s of T_obs")
    return Serie(
        cascade=fields.cascade(said, "cid"),
        window_s=window_s,
        text=fields.text(said, "msg"),
        times_s=tuple(time_s - times_s[0] for time_s in times_s),
        marks=tuple(marks),
        closed_ms=_closed_ms(said),
    )


def write_size(ended: Ended) -> bytes:
    """How large a cascade was at its end; one for each window, whose seconds are the key."""
    end_s = fields.whole(ended.end_s)
    return fields.packed(
        {"type": "size", "cid": ended.cascade, "n_tot": ended.events, "t_end": end_s}
    )


def write_fitted(fitted: Fitted) -> bytes:
    """What was estimated; `n_supp` is how many more there are to come."""
    found = fitted.estimate
    said: dict[str, Any] = {
        "type": "parameters",
        "cid": fitted.cascade,
        "msg": fitted.text,
        "n_obs": found.events,
        "n_supp": found.to_come,
        "params": [found.parameters.p, found.parameters.beta],
        "n_star": found.n_star,
        "G1": found.g1,
    }
    if fitted.features:
        said["features"] = list(fitted.features)
    if fitted.closed_ms is not None:
        said["closed_ms"] = fitted.closed_ms
    return fields.packed(said)


def read_property(value: bytes) -> Size | Fitted:
    """A value of the topic `cascade_properties`, of either type."""
    said = fields.opened(value)
    if said.get("type") == "size":
        return Size(
            cascade=fields.cascade(said, "cid"),
            events=fields.count(said, "n_tot"),
            end_s=fields.number(said, "t_end"),
        )
    if said.get("type") != "parameters":
        raise BadMessage(f"type is {fields.shown(said.get('type'))}, not 'size' or 'parameters'")
    params = said.get("params")
    if not isinstance(params, list) or len(params) != 2:
        raise BadMessage(f"params is {fields.shown(params)}, not [p, beta]")
    p, beta = (fields.positive({"params": each}, "params") for each in params)
    events, to_come = fields.count(said, "n_obs"), fields.number(said, "n_supp")
    n_star = fields.number(said, "n_star") if "n_star" in said else 0.0
    if not 0.0 <= n_star < 1.0:
        raise BadMessage(f"n_star is {n_star:g}, not from 0 to 1")
    # The course's programs say neither: then n_supp is as good as G1.
    g1 = fields.number(said, "G1") if "G1" in said else to_come * (1.0 - n_star)
    if g1 < 0.0:
        raise BadMessage(f"G1 is {g1:g}, which is below 0")
    return Fitted(
        cascade=fields.cascade(said, "cid"),
        text=fields.text(said, "msg"),
        estimate=Estimate(
            parameters=Parameters(p=p, beta=beta),
            events=events,
            n_star=n_star,
            g1=g1,
            log_posterior=math.nan,
        ),
        features=fields.numbers(said, "features"),
        closed_ms=_closed_ms(said),
    )


def write_example(example: Example) -> bytes:
    """What a learner may learn from, under the key of its window."""
    return fields.packed({
        "type": "sample",
        "cid": example.cascade,
        "X": [example.beta, example.n_star, example.g1],
        "W": example.omega,
        "n_obs": example.events,
        "n_tot": example.size,
        "features": list(example.features),
    })  # fmt: skip


def read_example(value: bytes) -> Example:
    """The inverse; needs the extra fields, for ω alone is not learnt from."""
    said = fields.opened(value, "sample")
    columns = fields.numbers(said, "X")
    if len(columns) != 3:
        raise BadMessage(f"X has {len(columns)} numbers, not beta, n_star and G1")
    events, size = fields.count(said, "n_obs"), fields.count(said, "n_tot")
    if size < events:
        raise BadMessage(f"n_tot is {size}, fewer than the {events} of n_obs")
    return Example(
        cascade=fields.cascade(said, "cid"),
        beta=columns[0],
        n_star=columns[1],
        g1=columns[2],
        omega=fields.number(said, "W"),
        events=events,
        size=size,
        features=fields.numbers(said, "features"),
    )


def _of_key(key: bytes | None) -> str:
    return DEFAULT_SOURCE if key is None else key.decode(errors="replace")[: fields.MOST_TEXT]


def _closed_ms(said: fields.Json) -> int | None:
    return int(fields.positive(said, "closed_ms")) if "closed_ms" in said else None
