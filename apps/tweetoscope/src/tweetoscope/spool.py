"""How the collector's changelog keeps a source: its clock, its open cascades, what is held back.

The events of a cascade are written in portions: full ones once, the last one each time that
something was added. So what is written grows with the events, not with their square.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from tweetoscope.broker import Change
from tweetoscope.cascade import Collector, Open, Source, Tweet

PORTION = 64
CLOCK, CASCADE, EVENTS, HELD = "t", "c", "e", "h"


@dataclass(kw_only=True, slots=True)
class Spool:
    """What the changelog has of one source."""

    name: str
    source: Source
    portions: dict[str, int] = field(default_factory=dict)
    held: dict[int, Tweet] = field(default_factory=dict)

    def changes(self, touched: Iterable[str]) -> Iterator[Change]:
        """What brings the changelog up to date, when these cascades had tweets or happenings."""
        yield Change(self.key(CLOCK), _json(self.source.newest_s))
        for name in sorted({*touched, *self._released()}):
            cascade = self.source.open.get(name)
            if cascade is None:
                yield from self._forget(name)
            else:
                yield from self._write(name, cascade)
        if len(self.portions) > len(self.source.open):
            # Those that ended too small to be told of.
            for name in sorted(self.portions.keys() - self.source.open.keys()):
                yield from self._forget(name)
        now = {tweet.position: tweet for tweet in self.source.held}
        for position in sorted(self.held.keys() - now.keys()):
            del self.held[position]
            yield Change(self.key(HELD, position), None)
        for position in sorted(now.keys() - self.held.keys()):
            self.held[position] = now[position]
            yield self._tweet(position, now[position])

    def whole(self) -> Iterator[Change]:
        """All that the changelog has to have of it, when it is up to date."""
        yield Change(self.key(CLOCK), _json(self.source.newest_s))
        for name in self.portions:
            cascade = self.source.open[name]
            kept = len(cascade.times_s) // PORTION
            for portion in range(kept):
                yield self._portion(name, cascade, portion)
            yield self._cascade(name, cascade, kept)
        for position, tweet in self.held.items():
            yield self._tweet(position, tweet)

    def _released(self) -> set[str]:
        if not self.held:
            return set()
        now = {tweet.position for tweet in self.source.held}
        return {tweet.cascade for tweet in self.held.values() if tweet.position not in now}

    def _write(self, name: str, cascade: Open) -> Iterator[Change]:
        kept = self.portions.get(name, 0)
        if not cascade.times_s:
            for portion in range(kept):
                yield Change(self.key(EVENTS, name, portion), None)
            kept = 0
        while len(cascade.times_s) >= (kept + 1) * PORTION:
            yield self._portion(name, cascade, kept)
            kept += 1
        self.portions[name] = kept
        yield self._cascade(name, cascade, kept)

    def _portion(self, name: str, cascade: Open, portion: int) -> Change:
        packed = _packed(cascade, portion * PORTION, (portion + 1) * PORTION)
        return Change(self.key(EVENTS, name, portion), packed)

    def _cascade(self, name: str, cascade: Open, kept: int) -> Change:
        tail = _packed(cascade, kept * PORTION, len(cascade.times_s))
        said = [
            cascade.first_s, cascade.last_s, cascade.text, cascade.position, cascade.serial,
            cascade.events, cascade.closed_s, cascade.reported, kept,
            base64.b64encode(tail).decode(),
        ]  # fmt: skip
        return Change(self.key(CASCADE, name), _json(said))

    def _tweet(self, position: int, tweet: Tweet) -> Change:
        # Magnitudes that are not known are NaN here.
        return Change(self.key(HELD, position), json.dumps(tweet).encode())

    def _forget(self, name: str) -> Iterator[Change]:
        if (kept := self.portions.pop(name, None)) is None:
            return
        yield Change(self.key(CASCADE, name), None)
        for portion in range(kept):
            yield Change(self.key(EVENTS, name, portion), None)

    def key(self, *parts: str | int) -> bytes:
        """Where the changelog has it."""
        return _json([self.name, *parts])


def restored(collector: Collector, state: Mapping[bytes, bytes]) -> dict[str, Spool]:
    """Put the sources of a changelog into a collector that has none."""
    spools: dict[str, Spool] = {}
    parts: dict[str, list[tuple[list[Any], bytes]]] = {}
    for key, value in state.items():
        name, *rest = json.loads(key)
        parts.setdefault(name, []).append((rest, value))
    for name, its in parts.items():
        spool = spools[name] = Spool(name=name, source=collector.source(name))
        events = {(key[1], key[2]): value for key, value in its if key[0] == EVENTS}
        cascades: dict[str, Open] = {}
        for place, said in its:
            if place[0] == HELD:
                spool.held[place[1]] = Tweet(*json.loads(said))
            elif place[0] == CASCADE:
                cascades[place[1]], spool.portions[place[1]] = _open(place[1], said, events)
        clock_s = json.loads(state[spool.key(CLOCK)])
        spool.source.restore(clock_s, cascades, spool.held.values())
    return spools


def _open(name: str, value: bytes, events: Mapping[tuple[str, int], bytes]) -> tuple[Open, int]:
    """A cascade, and how many portions it has."""
    *said, reported, kept, tail = json.loads(value)
    cascade = Open(*said)
    cascade.reported = tuple(reported)
    for portion in range(kept):
        _unpack(cascade, events[name, portion])
    _unpack(cascade, base64.b64decode(tail))
    return cascade, kept


def _json(said: object) -> bytes:
    return orjson.dumps(said)


def _packed(cascade: Open, start: int, end: int) -> bytes:
    return cascade.times_s[start:end].tobytes() + cascade.marks[start:end].tobytes()


def _unpack(cascade: Open, packed: bytes) -> None:
    count = len(packed) // 12
    cascade.times_s.frombytes(packed[: 8 * count])
    cascade.marks.frombytes(packed[8 * count :])
