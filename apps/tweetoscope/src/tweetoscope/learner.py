"""The learner: cascades that have ended become models, one for each window.

Samples are kept in the changelog in a ring, newest over oldest, so that a learner that starts has
what the last one had. Its first model after that is learnt with the next sample.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tweetoscope import messages
from tweetoscope.broker import Change, Message, Record
from tweetoscope.drift import PageHinkley
from tweetoscope.errors import BadMessage
from tweetoscope.learning import NAMES, Kind, Learner, Model, Observed, Sample
from tweetoscope.metrics import Figure, Metrics
from tweetoscope.predictor import window_of
from tweetoscope.processing import Service
from tweetoscope.topics import LEARNER, MODELS, SAMPLES, window_key

SAMPLE, ABOUT = "s", "n"
KEPT_AFTER_DRIFT = 200
MOST_REST_S = 20.0
"""What has to be compiled first takes long once."""
Item = tuple[float, messages.Example]
Clock = Callable[[], float]
"""Seconds, from whenever."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Learning:
    """What is learnt, from how many samples, and how often (see `learning.Learner`).

    A model that is due waits while learning would take more than `share` of the time, for in a
    stream of hundreds of cascades a second others need the processor.
    """

    kind: Kind = Kind.LOG_RATIO
    memory: int = 4000
    growth: float = 0.15
    trees: int = 100
    share: float = 0.05


class Window:
    """One window's samples and its model."""

    def __init__(self, window_s: float, learning: Learning, version: int = 0) -> None:
        self.learner = Learner(
            window_s=window_s,
            kind=learning.kind,
            memory=learning.memory,
            growth=learning.growth,
            trees=learning.trees,
            version=version,
        )
        self.samples = 0
        self.model: Model | None = None
        self.drift = PageHinkley()

    def add(self, sample: Sample) -> bool:
        """Take in a sample; whether the world has moved away from what was learnt."""
        is_drifting = False
        if self.model is not None:
            told = np.exp(self.model.ln_ratio(sample.seen)) * sample.seen.events
            is_drifting = self.drift.add(abs(float(told) - sample.size) / sample.size)
        self.learner.add(sample)
        self.samples += 1
        if is_drifting:
            self.learner.forget(KEPT_AFTER_DRIFT)
        return is_drifting


class Teaching:
    """What the learner does with one partition, in which each window is whole."""

    def __init__(
        self, learning: Learning, metrics: Metrics, state: Mapping[bytes, bytes], clock: Clock
    ) -> None:
        self._learning, self._metrics, self._clock = learning, metrics, clock
        self._windows: dict[float, Window] = {}
        self._changes: dict[bytes, bytes | None] = {}
        # As it is in the changelog.
        self._kept = dict(state)
        self._rests_until_s = 0.0
        self._load(state)

    def handle(self, records: Sequence[Record], values: Sequence[Item]) -> Iterable[Message]:
        """Models, when enough is new to learn from."""
        last: dict[float, int] = {}
        for record, (window_s, example) in zip(records, values, strict=True):
            window = self._window(window_s)
            if window.add(_sample(example)):
                self._metrics.count("drifts_total", 1, f"{window_s:g}")
            place = (window.samples - 1) % self._learning.memory
            said = messages.write_example(example)
            self._changes[_key(SAMPLE, window_s, place)] = said
            last[window_s] = record.offset
        for window_s, offset in last.items():
            window = self._window(window_s)
            if window.learner.is_due and self._clock() >= self._rests_until_s:
                yield from self._learn(window, offset)
            self._put_about(window_s, window)

    def changes(self) -> Iterable[Change]:
        """New samples, and how many there were."""
        changes, self._changes = self._changes, {}
        for key, value in changes.items():
            if value is None:
                del self._kept[key]
            else:
                self._kept[key] = value
        return list(itertools.starmap(Change, changes.items()))

    def state(self) -> Iterable[Change]:
        """The ring of samples, and how many there were."""
        return itertools.starmap(Change, self._kept.items())

    def figures(self) -> Iterator[Figure]:
        """What is known of each window."""
        for window_s, window in self._windows.items():
            labels = (f"{window_s:g}",)
            yield Figure("model_version", window.learner.version, labels)
            yield Figure("samples", len(window.learner), labels)
            yield Figure("drift_ratio", window.drift.ratio, labels)

    def _learn(self, window: Window, cause: int) -> Iterator[Message]:
        began_s = self._clock()
        with self._metrics.timed("refit_seconds"):
            model = window.model = window.learner.learn()
        ended_s = self._clock()
        rest_s = (ended_s - began_s) / self._learning.share
        self._rests_until_s = ended_s + min(rest_s, MOST_REST_S)
        self._metrics.count("refits_total", 1, f"{model.window_s:g}")
        value = json.dumps(model.to_json(), separators=(",", ":")).encode()
        yield Message(MODELS, window_key(model.window_s), value, cause)

    def _window(self, window_s: float) -> Window:
        if (found := self._windows.get(window_s)) is None:
            found = self._windows[window_s] = Window(window_s, self._learning)
        return found

    def _put_about(self, window_s: float, window: Window) -> None:
        memory = self._learning.memory
        about = [window.samples, window.learner.version, len(window.learner), memory]
        self._changes[_key(ABOUT, window_s)] = json.dumps(about).encode()

    def _load(self, state: Mapping[bytes, bytes]) -> None:
        for key, value in state.items():
            kind, window_s, *_ = json.loads(key)
            if kind != ABOUT:
                continue
            samples, version, kept, ring = json.loads(value)
            window = self._windows[window_s] = Window(window_s, self._learning, version)
            window.samples = samples
            numbers = range(samples - min(kept, ring), samples)
            said = [state[_key(SAMPLE, window_s, number % ring)] for number in numbers]
            for each in said:
                window.learner.add(_sample(messages.read_example(each)))
            if ring != self._learning.memory:
                self._move(window_s, window, dict(zip(numbers, said, strict=True)), ring)

    def _move(
        self, window_s: float, window: Window, samples: Mapping[int, bytes], ring: int
    ) -> None:
        """Into a ring of another size, when the memory is not what it was."""
        self._changes |= {_key(SAMPLE, window_s, number % ring): None for number in samples}
        for number in list(samples)[-len(window.learner) :]:
            place = number % self._learning.memory
            self._changes[_key(SAMPLE, window_s, place)] = samples[number]
        self._put_about(window_s, window)


def service(learning: Learning, metrics: Metrics, clock: Clock = lambda: 0.0) -> Service[Item]:
    """The learner as the loop runs it. Where no time passes, it never rests."""

    def decode(record: Record) -> Item:
        example = messages.read_example(record.value or b"")
        if learning.kind is Kind.LOG_RATIO and len(example.features) != len(NAMES[learning.kind]):
            raise BadMessage(
                f"it has {len(example.features)} features, so it cannot be learnt from"
            )
        return window_of(record), example

    return Service(
        group=LEARNER,
        topic=SAMPLES,
        patience_s=0.5,
        is_urgent=False,
        decode=decode,
        open=lambda _, state: Teaching(learning, metrics, state, clock),
    )


def _sample(example: messages.Example) -> Sample:
    return Sample(
        seen=Observed(
            features=np.array(example.features),
            events=example.events,
            beta=example.beta,
            n_star=example.n_star,
            g1=example.g1,
        ),
        size=example.size,
    )


def _key(kind: str, window_s: float, *place: int) -> bytes:
    return json.dumps([kind, window_s, *place], separators=(",", ":")).encode()
