"""Bluesky's posts and reposts as tweets and retweets: the events of Jetstream, and what follows.

A cascade begins with a post that is no answer to another one, when it is seen; or else with the
first repost that is seen of a post, if that is so young that few reposts can have been before. Of
older posts nobody knows how many there were: their reposts are written, and the collector, which
has no such cascade, leaves them out and counts them.

Pure: knows no connection, and no clock but that of the events.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tweetoscope import fields
from tweetoscope.cascade import Tweet
from tweetoscope.errors import BadMessage
from tweetoscope.sources import Emitted

POST, REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"
YOUNG_US = 600_000_000
"""A post's age up to which a cascade may begin with a repost of it."""

MOST_TEXT = 300
_ADDRESS = re.compile(rf"at://(did:[a-z]+:[^/\s]+)/{re.escape(POST)}/([A-Za-z0-9._~:-]+)")
_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"


class Event(NamedTuple):
    """A post or a repost by an account. `key` is its own name, `post` what it is about."""

    key: str
    time_us: int
    account: str
    post: str
    is_repost: bool
    text: str = ""


def read_event(value: str | bytes) -> Event | None:
    """The event that a message of Jetstream is; None: none that matters here.

    Raises: BadMessage.
    """
    said = fields.opened(value.encode() if isinstance(value, str) else value)
    if said.get("kind") != "commit":
        return None
    commit = said.get("commit")
    if not isinstance(commit, dict):
        raise BadMessage(f"commit is {fields.shown(commit)}, no object")
    collection = commit.get("collection")
    if commit.get("operation") != "create" or collection not in (POST, REPOST):
        return None
    record = commit.get("record")
    if not isinstance(record, dict):
        raise BadMessage(f"record is {fields.shown(record)}, no object")
    account, name = fields.text(said, "did"), fields.text(commit, "rkey")
    time_us = fields.count(said, "time_us")
    key = f"at://{account}/{collection}/{name}"
    if collection == POST:
        if _ADDRESS.fullmatch(key) is None:
            raise BadMessage(f"{fields.shown(key)} is no address of a post")
        if record.get("reply") is not None:
            return None
        return Event(key, time_us, account, key, False, fields.text(record, "text"))
    subject = record.get("subject")
    post = subject.get("uri") if isinstance(subject, dict) else None
    if not isinstance(post, str):
        raise BadMessage(f"subject is {fields.shown(subject)}, which has no uri")
    if not account.startswith("did:"):
        raise BadMessage(f"did is {fields.shown(account)}, no account")
    if _ADDRESS.fullmatch(post) is None:
        return None
    return Event(key, time_us, account, post, True)


def author(post: str) -> str:
    """Whose post it is."""
    return post.split("/", 3)[2]


def made_us(post: str) -> int | None:
    """When a post was made, which its name tells if it is of the usual kind (a TID)."""
    name = post.rpartition("/")[2]
    if len(name) != 13 or any(each not in _DIGITS for each in name):
        return None
    number = 0
    for each in name:
        number = number * 32 + _DIGITS.index(each)
    return number >> 10


class Tweets:
    """What follows from events, in their order; they are spread over sources by their posts.

    Remembers for as long as a post is young that its cascade has begun. One who is begun anew may
    begin a cascade twice; the collector takes the first of these.
    """

    def __init__(self, sources: int) -> None:
        self._sources = sources
        self._begun: OrderedDict[str, int] = OrderedDict()

    def accounts(self, event: Event) -> Iterator[str]:
        """Whose followers matter."""
        yield event.account
        if self._begins(event):
            yield author(event.post)

    def of(self, event: Event, followers: Callable[[str], float]) -> Iterator[Emitted]:
        """The tweets that an event is."""
        self._forget(event.time_us)
        number = int.from_bytes(hashlib.blake2b(event.post.encode(), digest_size=8).digest())
        number %= 10**18
        source = f"bluesky-{number % self._sources}"
        after_s = event.time_us // 1_000_000

        def tweet(account: str, *, is_first: bool) -> Emitted:
            said = Tweet(
                cascade=f"tw{number}",
                time_s=after_s,
                mark=followers(account),
                is_first=is_first,
                text=_text(event),
            )
            return Emitted(after_s, source, said)

        if self._begins(event):
            self._begun[event.post] = event.time_us
            yield tweet(author(event.post), is_first=True)
        if event.is_repost:
            yield tweet(event.account, is_first=False)

    def _begins(self, event: Event) -> bool:
        if event.post in self._begun:
            return False
        if not event.is_repost:
            return True
        made = made_us(event.post)
        return made is not None and abs(event.time_us - made) <= YOUNG_US

    def _forget(self, now_us: int) -> None:
        # The clock that a post's name is from may be as much ahead as a young post may be old.
        while self._begun and now_us - next(iter(self._begun.values())) > 2 * YOUNG_US:
            self._begun.popitem(last=False)


def _text(event: Event) -> str:
    """What it says, and where people can look at it."""
    name = event.post.rpartition("/")[2]
    address = f"https://bsky.app/profile/{author(event.post)}/post/{name}"
    return f"{event.text[:MOST_TEXT]} {address}".strip()
