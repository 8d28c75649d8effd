"""What the predictor keeps: forecasts that wait for their outcome, and how wrong the last were.

Kept in the changelog: a forecast until its cascade has ended, a size that came before its forecast,
and the last outcomes of each window in a ring, from which calibration and errors are made again.
"""

import itertools
import json
import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tweetoscope.broker import Change
from tweetoscope.drift import RecentErrors
from tweetoscope.intervals import Calibration, Forecast
from tweetoscope.learning import Observed

WAITING, SIZE, OUTCOME, COUNT = "w", "s", "o", "n"
Key = tuple[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What was told of a cascade at the end of a window, and what from."""

    forecast: Forecast
    constant: float
    seen: Observed
    is_alert: bool = False


@dataclass(kw_only=True, slots=True)
class Window:
    """How good the forecasts of a window were."""

    calibration: Calibration = field(default_factory=Calibration)
    errors: RecentErrors = field(default_factory=RecentErrors)
    hits: deque[bool] = field(default_factory=lambda: deque(maxlen=200))
    outcomes: int = 0

    def add(self, told: Forecast, constant: float, size: int) -> None:
        """Learn from an outcome."""
        self.calibration.add(told, size)
        model, plain = abs(told.size - size) / size, abs(constant - size) / size
        self.errors.add(model=model, constant=plain)
        self.hits.append(told.low <= size <= told.high)
        self.outcomes += 1


class Outcomes:
    """The state of one partition of the predictor."""

    def __init__(self, state: Mapping[bytes, bytes]) -> None:
        self.waiting: dict[Key, Told] = {}
        self.sizes: dict[Key, int] = {}
        self.windows: dict[float, Window] = {}
        self._changes: dict[bytes, bytes | None] = {}
        # The rings as they are in the changelog; all else of it is made again when it is asked for.
        self._rings: dict[bytes, bytes] = {}
        self._load(state)

    def window(self, window_s: float) -> Window:
        """What is known of a window's forecasts."""
        if (found := self.windows.get(window_s)) is None:
            found = self.windows[window_s] = Window()
        return found

    def wait(self, key: Key, told: Told) -> None:
        """Keep a forecast until its outcome is known."""
        self.waiting[key] = told
        self._changes[_key([WAITING, *key])] = _waiting(told)

    def wait_for_forecast(self, key: Key, size: int) -> None:
        """Keep a size that came first."""
        self.sizes[key] = size
        self._changes[_key([SIZE, *key])] = _json(size)

    def outcome(self, key: Key, told: Told, size: int) -> None:
        """A forecast has its outcome: learn from it, and keep neither any longer."""
        window = self.window(key[1])
        place = window.outcomes % window.calibration.memory
        window.add(told.forecast, told.constant, size)
        outcome = [*_forecast(told.forecast), told.constant, size]
        self._keep(_key([OUTCOME, key[1], place]), _json(outcome))
        self._keep(_key([COUNT, key[1]]), _json(window.outcomes))
        if self.waiting.pop(key, None) is not None:
            self._changes[_key([WAITING, *key])] = None
        if self.sizes.pop(key, None) is not None:
            self._changes[_key([SIZE, *key])] = None

    def changes(self) -> Iterator[Change]:
        """What is different since it was last asked."""
        changes, self._changes = self._changes, {}
        for key, value in changes.items():
            yield Change(key, value)

    def state(self) -> Iterator[Change]:
        """All of it."""
        for key, told in self.waiting.items():
            yield Change(_key([WAITING, *key]), _waiting(told))
        for key, size in self.sizes.items():
            yield Change(_key([SIZE, *key]), _json(size))
        yield from itertools.starmap(Change, self._rings.items())

    def _keep(self, key: bytes, value: bytes) -> None:
        self._rings[key] = self._changes[key] = value

    def _load(self, state: Mapping[bytes, bytes]) -> None:
        parts = {(*json.loads(key),): json.loads(value) for key, value in state.items()}
        self._rings = {
            key: value
            for (key, value), (kind, *_) in zip(state.items(), parts, strict=True)
            if kind in (OUTCOME, COUNT)
        }
        for key, value in parts.items():
            match key:
                case (str(kind), str(cid), window_s) if kind == SIZE:
                    self.sizes[cid, window_s] = value
                case (str(kind), str(cid), window_s) if kind == WAITING:
                    self.waiting[cid, window_s] = _told(*value)
                case (str(kind), window_s) if kind == COUNT:
                    self._load_window(window_s, value, parts)

    def _load_window(
        self, window_s: float, count: int, parts: Mapping[tuple[object, ...], list[float]]
    ) -> None:
        window = self.window(window_s)
        memory = window.calibration.memory
        for number in range(max(count - memory, 0), count):
            *forecast, constant, size = parts[OUTCOME, window_s, number % memory]
            window.add(_forecast_of(forecast), constant, int(size))
        window.outcomes = count


def _forecast(told: Forecast) -> list[float]:
    return [told.events, told.ln_ratio, told.low, told.high]


def _forecast_of(said: list[float]) -> Forecast:
    events, ln_ratio, low, high = said
    size = events * math.exp(ln_ratio)
    return Forecast(events=int(events), ln_ratio=ln_ratio, size=size, low=low, high=high)


def _told(numbers: list[float], seen: list[float], is_alert: bool) -> Told:
    events, beta, n_star, g1 = seen
    return Told(
        forecast=_forecast_of(numbers[:4]),
        constant=numbers[4],
        seen=Observed(
            features=np.array(numbers[5:]), events=int(events), beta=beta, n_star=n_star, g1=g1
        ),
        is_alert=is_alert,
    )


def _waiting(told: Told) -> bytes:
    seen = told.seen
    return _json(
        [
            [*_forecast(told.forecast), told.constant, *map(float, seen.features)],
            [seen.events, seen.beta, seen.n_star, seen.g1],
            told.is_alert,
        ]
    )


def _json(said: object) -> bytes:
    return json.dumps(said).encode()


def _key(parts: list[str | float]) -> bytes:
    return json.dumps(parts, separators=(",", ":")).encode()
