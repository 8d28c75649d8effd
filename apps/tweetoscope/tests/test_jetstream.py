"""Bluesky's stream, from servers of one's own that speak as Bluesky's do."""

import itertools
import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.sync.server import Server, ServerConnection, serve

from apps.tweetoscope.tests.memory_broker import MemoryBroker
from tweetoscope import bluesky, generator
from tweetoscope.bluesky import POST, REPOST, Tweets, made_us, read_event
from tweetoscope.errors import BadMessage, BadParameters
from tweetoscope.followers import Followers
from tweetoscope.jetstream import OVERLAP_US, Jetstream
from tweetoscope.metrics import Metrics
from tweetoscope.processing import DEAD_LETTERS
from tweetoscope.topics import TWEETS, all_topics

WITHIN_S = 60.0
BEGUN_US = 1_760_000_000_000_000
DIGITS = "234567abcdefghijklmnopqrstuvwxyz"


def name_of(time_us: int) -> str:
    """The name that a record made then has."""
    number = time_us << 10
    return "".join(DIGITS[number >> shift & 31] for shift in range(60, -1, -5))


def address(author: str, time_us: int) -> str:
    return f"at://did:plc:{author}/{POST}/{name_of(time_us)}"


def commit(author: str, time_us: int, collection: str, record: Any, **more: Any) -> str:
    said = {
        "rev": "3l3qo2vutsw2b", "operation": "create", "collection": collection,
        "rkey": name_of(time_us), "record": record, "cid": "bafyreidwaivazkwu67xztlmuobx35h",
    }  # fmt: skip
    return json.dumps({
        "did": f"did:plc:{author}", "time_us": time_us, "kind": "commit", "commit": said | more,
    })  # fmt: skip


def post(author: str, time_us: int, text: str = "", **more: Any) -> str:
    record = {"$type": POST, "createdAt": "2025-10-09T08:53:20.000Z", "text": text, **more}
    return commit(author, time_us, POST, record)


def repost(author: str, time_us: int, of: str) -> str:
    subject = {"cid": "bafyreic6ux3lw6qfxnb6g2rkcvynjcb4hdrvlqyv5nnvvr7oxmqbwpwaqe", "uri": of}
    record = {"$type": REPOST, "createdAt": "2025-10-09T08:53:20.000Z", "subject": subject}
    return commit(author, time_us, REPOST, record)


BAD = {
    "no json": "{",
    "no record": commit("a", BEGUN_US, POST, None),
    "no subject": commit("a", BEGUN_US, REPOST, {"subject": 3}),
    "no time": json.dumps({**json.loads(post("a", BEGUN_US)), "time_us": "now"}),
    "no name": json.dumps({**json.loads(post("a", BEGUN_US)), "did": "a b"}),
}


class Sky:
    """A Jetstream. Each connection hears what is there from its cursor on, and then what comes.

    `breaks` has after how many messages the next connections break, and up to which time all is
    forgotten then.
    """

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.asked: list[dict[str, list[str]]] = []
        self.breaks: list[tuple[int, int]] = []
        self._forgotten_us = 0
        self.changed = threading.Condition()
        self._is_over = False
        self._server: Server = serve(self._tell, "127.0.0.1", 0, compression=None)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/subscribe"

    def say(self, *messages: str) -> None:
        with self.changed:
            self.messages.extend(messages)
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self._is_over = True
            self.changed.notify_all()
        self._server.shutdown()
        self._thread.join(WITHIN_S)

    def _tell(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        asked = parse_qs(urlsplit(connection.request.path).query)
        with self.changed:
            self.asked.append(asked)
            limit, forgotten_us = self.breaks.pop(0) if self.breaks else (1_000_000, 0)
            from_us = max(int(asked.get("cursor", ["0"])[0]), self._forgotten_us)
        told = 0
        for message in self._messages():
            if told == limit:
                break
            if message in BAD.values() or json.loads(message)["time_us"] >= from_us:
                connection.send(message)
                told += 1
        self._forgotten_us = forgotten_us
        connection.socket.close()

    def _messages(self) -> Iterator[str]:
        for at in itertools.count():
            with self.changed:
                self.changed.wait_for(partial(self._has, at))
                if self._is_over:
                    return
                message = self.messages[at]
            yield message

    def _has(self, at: int) -> bool:
        return at < len(self.messages) or self._is_over


class Profiles(BaseHTTPRequestHandler):
    """Tells of the followers of accounts, once the gate is open."""

    followers: dict[str, int]
    asked: list[list[str]]
    gate: threading.Event
    statuses: list[int]

    def do_GET(self) -> None:
        actors = parse_qs(urlsplit(self.path).query)["actors"]
        self.asked.append(actors)
        self.gate.wait(WITHIN_S)
        self.send_response(self.statuses.pop(0) if self.statuses else 200)
        self.end_headers()
        found = [
            {"did": each, "handle": "x.test", "followersCount": self.followers[each]}
            for each in actors
            if each in self.followers
        ]
        self.wfile.write(json.dumps({"profiles": found}).encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def profiles() -> Iterator[type[Profiles]]:
    gate = threading.Event()
    gate.set()
    handler = type("One", (Profiles,), {"followers": {}, "asked": [], "gate": gate, "statuses": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.address = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield handler
    gate.set()
    server.shutdown()
    thread.join(WITHIN_S)
    server.server_close()


@pytest.fixture
def sky() -> Iterator[Sky]:
    found = Sky()
    yield found
    found.close()


@contextmanager
def knowing(profiles: type[Profiles], **more: Any) -> Iterator[Followers]:
    followers = Followers(profiles.address, **more)  # type: ignore[attr-defined]  # see profiles
    yield followers
    followers.close()


class Listening:
    """A generator that listens to a sky."""

    def __init__(self, sky: Sky, followers: Followers, broker: MemoryBroker) -> None:
        self.broker, self.metrics = broker, Metrics("generator")
        self._stop = threading.Event()
        feed = Jetstream(
            followers=followers, metrics=self.metrics, address=sky.address, sources=1,
            pauses_s=(0.01, 0.1),
        )  # fmt: skip
        self._thread = threading.Thread(
            target=generator.run, args=[feed, broker, self.metrics, self._stop]
        )
        self._thread.start()

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()

    def until(self, is_so: Callable[[], bool]) -> None:
        with self.broker.changed:
            assert self.broker.changed.wait_for(is_so, WITHIN_S)

    def count(self, name: str) -> float:
        label = {"service": "generator"}
        return self.metrics.registry.get_sample_value(f"tweetoscope_{name}", label) or 0.0


def made(broker: MemoryBroker) -> MemoryBroker:
    broker.make(all_topics(1))
    return broker


def told(broker: MemoryBroker, topic: str = TWEETS) -> list[dict[str, Any]]:
    return [json.loads(entry.record.value or b"") for entry in broker.partition(topic, 0)]


def a_minute(count: int) -> list[str]:
    """A post and its reposts, evenly over a minute."""
    of = address("author", BEGUN_US)
    step_us = 60_000_000 // count
    return [
        post("author", BEGUN_US, "look"),
        *[repost(f"r{at}", BEGUN_US + at * step_us, of) for at in range(1, count)],
    ]


def test_reposts_are_retweets_by_accounts_with_followers(
    sky: Sky, profiles: type[Profiles]
) -> None:
    profiles.followers.update({"did:plc:author": 1200, "did:plc:r1": 7})
    sky.say(*a_minute(3))
    with knowing(profiles) as followers, Listening(sky, followers, made(MemoryBroker())) as one:
        one.until(lambda: len(told(one.broker)) == 3)
        found = told(one.broker)
    assert [each["type"] for each in found] == ["tweet", "retweet", "retweet"]
    assert [each["m"] for each in found] == [1200, 7, None]
    assert [each["t"] - found[0]["t"] for each in found] == [0, 20, 40]
    assert len({(each["tweet_id"], each["source"]) for each in found}) == 1
    link = f"https://bsky.app/profile/did:plc:author/post/{name_of(BEGUN_US)}"
    assert found[0]["msg"] == f"look {link}"
    assert sky.asked == [{"wantedCollections": [POST, REPOST]}]


def test_a_connection_that_breaks_is_taken_up_where_it_was(
    sky: Sky, profiles: type[Profiles]
) -> None:
    sky.breaks = [(9, 0), (0, 0), (4, 0)]
    sky.say(*a_minute(30))
    with knowing(profiles) as followers, Listening(sky, followers, made(MemoryBroker())) as one:
        one.until(lambda: len(told(one.broker)) == 30)
        assert one.count("reconnected_total") == 3
        assert one.count("missed_seconds_total") == 0
    times = [each["t"] for each in told(one.broker)]
    assert times == [BEGUN_US // 1_000_000 + 2 * at for at in range(30)]
    cursors = [asked.get("cursor") for asked in sky.asked]
    last_us = BEGUN_US + 8 * 2_000_000
    assert cursors[:3] == [None, [str(last_us - OVERLAP_US)], [str(last_us - OVERLAP_US)]]


def test_what_never_came_is_counted(sky: Sky, profiles: type[Profiles]) -> None:
    sky.breaks = [(10, BEGUN_US + 45_000_000)]
    sky.say(*a_minute(30))
    with knowing(profiles) as followers, Listening(sky, followers, made(MemoryBroker())) as one:
        one.until(lambda: len(told(one.broker)) == 17)
        assert one.count("missed_seconds_total") == 46 - 18
    times = [each["t"] - BEGUN_US // 1_000_000 for each in told(one.broker)]
    assert times == [*range(0, 20, 2), *range(46, 60, 2)]


def test_a_generator_begun_anew_writes_nothing_twice(sky: Sky, profiles: type[Profiles]) -> None:
    broker = made(MemoryBroker())
    sky.say(*a_minute(30)[:12])
    with knowing(profiles) as followers:
        with Listening(sky, followers, broker) as one:
            one.until(lambda: len(told(broker)) == 12)
        sky.say(*a_minute(30)[12:])
        with Listening(sky, followers, broker) as another:
            another.until(lambda: len(told(broker)) >= 31)
    found = told(broker)
    # It does not know that the cascade has begun; the collector does.
    again = found.pop(12)
    assert (again["type"], again["tweet_id"]) == ("tweet", found[0]["tweet_id"])
    assert [each["t"] - BEGUN_US // 1_000_000 for each in found] == list(range(0, 60, 2))
    origins = [entry.record.origin for entry in broker.partition(TWEETS, 0)]
    assert origins == sorted({each or b"" for each in origins})


def test_events_that_are_wrong_are_dead_letters_and_nothing_stops(
    sky: Sky, profiles: type[Profiles]
) -> None:
    good = a_minute(4)
    sky.say(good[0], *BAD.values(), *good[1:])
    with knowing(profiles) as followers, Listening(sky, followers, made(MemoryBroker())) as one:
        one.until(lambda: len(told(one.broker)) == 4)
        letters = told(one.broker, DEAD_LETTERS)
        assert one.count("dead_letters_total") == len(BAD)
    assert [each["value"] for each in letters] == list(BAD.values())
    assert all(each["topic"] == "jetstream" and each["reason"] for each in letters)


def test_a_slow_server_of_profiles_holds_nothing_up(sky: Sky, profiles: type[Profiles]) -> None:
    profiles.followers["did:plc:author"] = 1200
    profiles.gate.clear()
    sky.say(*a_minute(6)[:4])
    with (
        knowing(profiles, patience_s=0.05) as followers,
        Listening(sky, followers, made(MemoryBroker())) as one,
    ):
        one.until(lambda: len(told(one.broker)) == 4)
        assert {each["m"] for each in told(one.broker)} == {None}
        profiles.gate.set()
        sky.say(post("author", BEGUN_US + 50_000_000))
        one.until(lambda: len(told(one.broker)) == 5)
        while math.isnan(followers.of("did:plc:author")):
            sky.say(post("author", BEGUN_US + 50_000_000 + len(sky.messages)))
            count = len(told(one.broker))
            one.until(lambda count=count: len(told(one.broker)) > count)  # type: ignore[misc]
    assert followers.of("did:plc:author") == 1200


def test_accounts_are_asked_for_in_batches_and_remembered_for_a_while(
    profiles: type[Profiles],
) -> None:
    accounts = [f"did:plc:a{at}" for at in range(60)]
    profiles.followers.update(dict.fromkeys(accounts[1:], 3))
    now_s = [0.0]
    with knowing(profiles, size=55, clock=lambda: now_s[0], patience_s=WITHIN_S) as followers:
        followers.ask(accounts)
        assert sorted(len(each) for each in profiles.asked) == [10, 25, 25]
        # It remembers no more than so many, of which the first is known to be unknown.
        assert [each for each in accounts if not math.isnan(followers.of(each))] == accounts[5:]
        followers.ask(accounts[5:])
        assert len(profiles.asked) == 3
        followers.ask(accounts[:1])
        now_s[0] = 3601.0
        followers.ask(accounts[:1])
        assert profiles.asked[3:] == [accounts[:1], accounts[:1]]
        now_s[0] = 86_401.0
        profiles.followers[accounts[9]] = 4
        followers.ask([accounts[9]])
        assert followers.of(accounts[9]) == 4


def test_a_server_of_profiles_that_fails_is_left_alone_for_a_while(
    profiles: type[Profiles],
) -> None:
    profiles.followers["did:plc:a"] = 3
    profiles.statuses.extend([429, 503])
    now_s = [0.0]
    with knowing(profiles, clock=lambda: now_s[0], patience_s=WITHIN_S) as followers:
        for at_s, asked in ((0.0, 1), (0.5, 1), (1.5, 2), (3.0, 2), (4.0, 3)):
            now_s[0] = at_s
            followers.ask(["did:plc:a"])
            assert len(profiles.asked) == asked
        assert followers.of("did:plc:a") == 3


def emitted(tweets: Tweets, message: str) -> list[tuple[str, float, bool]]:
    event = read_event(message)
    if event is None:
        return []
    found = tweets.of(event, lambda account: float(len(account)))
    return [(each.tweet.cascade, each.tweet.mark, each.tweet.is_first) for each in found]


def test_a_cascade_begins_with_a_post_or_with_a_repost_of_a_young_one() -> None:
    tweets = Tweets(3)
    now_us = BEGUN_US + 3_600_000_000
    young, old = address("someone", now_us - 60_000_000), address("someone", BEGUN_US)
    someone, a = float(len("did:plc:someone")), float(len("did:plc:a"))
    (begun,) = emitted(tweets, post("someone", now_us))
    assert begun[1:] == (someone, True)
    (followed,) = emitted(tweets, repost("a", now_us + 1, address("someone", now_us)))
    assert followed == (begun[0], a, False)
    both = emitted(tweets, repost("a", now_us + 2, young))
    assert [each[1:] for each in both] == [(someone, True), (a, False)]
    assert [each[1:] for each in emitted(tweets, repost("a", now_us + 3, young))] == [(a, False)]
    assert [each[1:] for each in emitted(tweets, repost("a", now_us + 4, old))] == [(a, False)]
    # What is forgotten is too old by then to begin once more.
    later_us = now_us + 2 * bluesky.YOUNG_US
    emitted(tweets, post("b", later_us))
    assert [each[1:] for each in emitted(tweets, repost("a", later_us, young))] == [(a, False)]


@pytest.mark.parametrize(
    "message",
    [
        post("a", BEGUN_US, reply={"root": {}, "parent": {}}),
        repost("a", BEGUN_US, "at://did:plc:b/app.bsky.feed.generator/x"),
        commit("a", BEGUN_US, POST, {"text": ""}, operation="update"),
        commit("a", BEGUN_US, REPOST, None, operation="delete"),
        commit("a", BEGUN_US, "app.bsky.feed.like", {}),
        json.dumps({"did": "did:plc:a", "time_us": 5, "kind": "identity", "identity": {}}),
    ],
)
def test_what_is_neither_post_nor_repost_does_not_matter(message: str) -> None:
    assert read_event(message) is None


@pytest.mark.parametrize("message", BAD.values(), ids=BAD)
def test_an_event_that_is_wrong_is_bad(message: str) -> None:
    with pytest.raises(BadMessage):
        read_event(message)


def test_the_name_of_a_post_says_when_it_was_made() -> None:
    assert made_us(address("a", BEGUN_US)) == BEGUN_US
    assert made_us(f"at://did:plc:a/{POST}/self") is None
    # As in the documentation of Jetstream: about the time that its event came.
    assert abs((made_us(f"at://x/{REPOST}/3l3qo2vuowo2b") or 0) - 1_725_911_162_329_308) < 5e6


def test_an_address_that_is_none_of_a_websocket_is_refused(profiles: type[Profiles]) -> None:
    with knowing(profiles) as followers, pytest.raises(BadParameters, match="no Jetstream"):
        Jetstream(followers=followers, metrics=Metrics("generator"), address="https://x.test")
