"""The model that learns from cascades which have ended, and says how much larger one will become.

It learns the logarithm of the ratio of the final size to what was seen, by boosting that makes the
mean of |N̂ - N| / N itself least. Where there are many cascades it is averaged with a forest, in
which a cascade weighs n/N: then an error of it costs about what it costs in that mean. The course's
way, a forest on ω = (N - n)(1 - n*) / G1, can be chosen in its place. Called by the learner with
samples in the order in which cascades ended, and by the predictor with the models.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from tweetoscope import features, seismic
from tweetoscope.arrays import Reals
from tweetoscope.ensembles import MOST_DEPTH, Growth, boosted, forest, weighted_middle
from tweetoscope.errors import BadModel
from tweetoscope.trees import Trees

LEAST_SAMPLES = 12
"""With fewer, the median ratio is the model."""
ASSUMED_FACTORS = np.array([1.0 / 1.5, 1.0, 1.5])
"""Known beside the first few, so that one odd cascade is not believed: what is usual, about."""
FEW = 200
"""With fewer, a forest has too little to grow from."""


class Kind(StrEnum):
    """What is learnt."""

    LOG_RATIO = "log_ratio"
    OMEGA = "omega"


NAMES = {Kind.LOG_RATIO: features.NAMES, Kind.OMEGA: ("beta", "n_star", "g1")}
"""What each kind learns from. A model is only used with the names it was learnt with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What is known of a cascade at the end of a window: its features, and what ω needs."""

    features: Reals
    events: int
    beta: float
    n_star: float
    g1: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A cascade as it was seen, and the size it came to."""

    seen: Observed
    size: int

    @property
    def ln_ratio(self) -> float:
        """What is to be foretold."""
        return math.log(self.size / self.seen.events)

    @property
    def omega(self) -> float:
        """The course's factor by which Hawkes' own forecast was wrong."""
        return (self.size - self.seen.events) * (1.0 - self.seen.n_star) / max(self.seen.g1, 1e-12)


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A version of what was learnt for a window. Nothing is known at version 0 but the default."""

    window_s: float
    version: int
    kind: Kind
    ln_constant: float
    trees: Trees
    samples: int

    @classmethod
    def untaught(
        cls, window_s: float, *, kind: Kind = Kind.LOG_RATIO, ratio: float | None = None
    ) -> "Model":
        """The model before any cascade has ended: the ratio that is usual for such a window."""
        ratio = seismic.usual_ratio(window_s) if ratio is None else ratio
        told = math.log(ratio) if kind is Kind.LOG_RATIO else 1.0
        return cls(
            window_s=window_s, version=0, kind=kind, ln_constant=math.log(ratio), samples=0,
            trees=Trees.of_constant(told, features=len(NAMES[kind])),
        )  # fmt: skip

    def ln_ratio(self, seen: Observed) -> float:
        """The logarithm of final size over events seen, 0 at least."""
        told = float(self.trees.predict(_row(self.kind, seen)[np.newaxis])[0])
        if self.kind is Kind.LOG_RATIO:
            return max(told, 0.0)
        return math.log1p(max(told, 0.0) * seen.g1 / (1.0 - seen.n_star) / seen.events)

    def to_json(self) -> dict[str, Any]:
        """The value of the topic `models`."""
        return {
            "type": "model", "T_obs": self.window_s, "version": self.version,
            "kind": self.kind.value, "ln_constant": self.ln_constant, "samples": self.samples,
            "names": list(NAMES[self.kind]), "trees": self.trees.to_json(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Model":
        """Read a model. Raises: `BadModel` if it is damaged or learnt from other features."""
        try:
            kind = Kind(str(said.get("kind")))
        except ValueError as problem:
            raise BadModel(f"the kind of the model is {said.get('kind')!r}") from problem
        trees = said.get("trees")
        if said.get("names") != list(NAMES[kind]):
            raise BadModel("the model was learnt from other features; let this version learn anew")
        if not isinstance(trees, Mapping):
            raise BadModel("the model has no trees")
        numbers = [said.get(name) for name in ("T_obs", "version", "ln_constant", "samples")]
        if not all(isinstance(each, int | float) and math.isfinite(each) for each in numbers):
            raise BadModel(f"window, version, constant and samples of the model are {numbers}")
        window_s, version, ln_constant, samples = numbers
        model = cls(
            window_s=float(window_s or 0), version=int(version or 0), kind=kind,
            ln_constant=float(ln_constant or 0), samples=int(samples or 0),
            trees=Trees.from_json(trees),
        )  # fmt: skip
        if model.trees.features != len(NAMES[kind]):
            raise BadModel(f"the trees of the model have {model.trees.features} features")
        return model


@dataclass(kw_only=True, slots=True)
class Learner:
    """The last `memory` samples of a window, and when to learn from them anew.

    A model is due when the samples since the last one are a `growth` of those known then, and
    never for each sample: learning costs seconds, and one sample changes little.
    """

    window_s: float
    kind: Kind = Kind.LOG_RATIO
    memory: int = 4000
    growth: float = 0.15
    trees: int = 100
    version: int = 0
    _samples: deque[Sample] = field(init=False)
    _since: int = field(default=0, init=False)
    _learnt: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._samples = deque(maxlen=self.memory)

    def __len__(self) -> int:
        return len(self._samples)

    def add(self, sample: Sample) -> None:
        """Take in a cascade that has ended."""
        self._samples.append(sample)
        self._since += 1

    def forget(self, keep: int) -> None:
        """Keep the newest samples only, as after a drift."""
        while len(self._samples) > keep:
            self._samples.popleft()
        self._since = len(self._samples)

    @property
    def is_due(self) -> bool:
        """Whether there is enough that is new to learn from."""
        if self._learnt < LEAST_SAMPLES:
            return self._since > 0
        return self._since >= max(4, math.ceil(self.growth * min(self._learnt, len(self._samples))))

    def learn(self) -> Model:
        """The next version, from all samples that are remembered."""
        ln_ratios = np.array([sample.ln_ratio for sample in self._samples])
        weights = np.exp(-ln_ratios)
        self.version += 1
        self._since, self._learnt = 0, len(self._samples)
        usual = seismic.usual_ratio(self.window_s)
        ln_constant = float(np.median(ln_ratios)) if len(ln_ratios) else math.log(usual)
        if len(self._samples) < LEAST_SAMPLES:
            among = np.concatenate([ln_ratios, np.log(usual * ASSUMED_FACTORS)])
            bias = float(weighted_middle(among, np.exp(-among)))
            told = bias if self.kind is Kind.LOG_RATIO else 1.0
            trees = Trees.of_constant(told, features=len(NAMES[self.kind]))
        else:
            rows = np.array([_row(self.kind, sample.seen) for sample in self._samples])
            if self.kind is Kind.LOG_RATIO:
                trees = _grow(rows, ln_ratios, weights, self.trees)
            else:
                omegas = np.array([sample.omega for sample in self._samples])
                trees = _forest_on_omega(rows, omegas, self.trees)
        return Model(
            window_s=self.window_s, version=self.version, kind=self.kind, trees=trees,
            ln_constant=ln_constant, samples=len(self._samples),
        )  # fmt: skip


def _row(kind: Kind, seen: Observed) -> Reals:
    if kind is Kind.OMEGA:
        return np.array([seen.beta, seen.n_star, seen.g1])
    return seen.features


def _grow(rows: Reals, ln_ratios: Reals, weights: Reals, count: int) -> Trees:
    is_few = len(rows) < FEW
    boosting = Growth(count=3 * count // 2, least_rows=8, rows=0.85, columns=0.7)
    if is_few:
        return boosted(rows, ln_ratios, boosting)
    # A tree has at most some 250 leaves, so that a model stays a message of some 300 kB.
    leaf = max(5, len(rows) // 250)
    wide = Growth(count=count, depth=MOST_DEPTH, least_rows=leaf, columns=0.4)
    boosting = replace(boosting, rows=0.7, columns=0.4)
    return Trees.blended(
        (0.5, forest(rows, ln_ratios, weights, wide)), (0.5, boosted(rows, ln_ratios, boosting))
    )


def _forest_on_omega(rows: Reals, omegas: Reals, count: int) -> Trees:
    leaf = max(1, len(rows) // 1000)
    deep = Growth(count=count, depth=MOST_DEPTH, least_rows=leaf)
    return forest(rows, omegas, np.ones(len(rows)), deep)
