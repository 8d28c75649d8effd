"""Many trees together: a forest, and trees boosted so that the mean of |N̂ - N| / N is least.

Compiled, so that a learner in the stream learns in a fraction of a second and needs no library for
it; what is learnt is `trees.Trees`. Called by `learning`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tweetoscope.arrays import Integers, Reals
from tweetoscope.compiled import compiled
from tweetoscope.growing import Columns, Cuts, Parts, grow, leaf_of
from tweetoscope.trees import LEAF, Trees

MOST_DEPTH = 30
MOST_LN_WEIGHT = 3.0
"""Beyond a factor of 20 an error is one of the sample, and no reason to follow it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """How many trees, how deep, of which share of the rows and of the columns at each node."""

    count: int = 100
    depth: int = 3
    least_rows: int = 1
    rows: float = 1.0
    columns: float = 1.0
    rate: float = 0.05

    def tried(self, columns: int) -> int:
        """Columns that are tried at a node."""
        return max(1, round(self.columns * columns))

    def nodes(self, samples: int) -> int:
        """Nodes that a tree has at most."""
        leaves = max(1, samples // self.least_rows)
        return 2 * min(leaves, 1 << self.depth) - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Room:
    """Where trees are written."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    right: NDArray[np.int32]
    value: NDArray[np.float32]

    @classmethod
    def made(cls, growth: Growth, samples: int) -> "_Room":
        nodes = growth.count * growth.nodes(samples)
        return cls(
            roots=np.zeros(growth.count, np.int32), feature=np.zeros(nodes, np.int16),
            right=np.zeros(nodes, np.int32), value=np.zeros(nodes, np.float32),
        )  # fmt: skip

    def trees(self, end: int, *, constant: float, features: int) -> Trees:
        return Trees(
            constant=constant, features=features, roots=self.roots, feature=self.feature[:end],
            right=self.right[:end], value=self.value[:end],
        )  # fmt: skip


def forest(rows: Reals, targets: Reals, weights: Reals, growth: Growth, *, seed: int = 0) -> Trees:
    """The mean of trees that were each grown from a draw of the rows, with replacement."""
    columns, room = Columns.of(rows), _Room.made(growth, len(rows))
    end = _plant(
        columns.parts, columns.cuts, columns.numbers, targets, weights,
        min(growth.depth, MOST_DEPTH), growth.least_rows, growth.tried(rows.shape[1]),
        np.random.default_rng(seed), room.roots, room.feature, room.right, room.value,
    )  # fmt: skip
    return room.trees(end, constant=0.0, features=rows.shape[1])


def boosted(rows: Reals, targets: Reals, growth: Growth, *, seed: int = 0) -> Trees:
    """Trees that each mend what those before it leave of |exp(told - target) - 1| in the mean.

    The slope of that by what is told is exp(told - target), downwards where too little is told. So
    each tree is grown from the signs of what is left, with those weights, and its leaves are
    weighted medians (Friedman, 2001, for the absolute error; here of the relative one).
    """
    columns, room = Columns.of(rows), _Room.made(growth, len(rows))
    constant = float(weighted_middle(targets, np.exp(-targets)))
    end = _boost(
        columns.parts, columns.cuts, columns.numbers, targets, np.full(len(rows), constant),
        max(1, round(growth.rows * len(rows))), growth.rate, min(growth.depth, MOST_DEPTH),
        growth.least_rows, growth.tried(rows.shape[1]),
        np.random.default_rng(seed), room.roots, room.feature, room.right, room.value,
    )  # fmt: skip
    return room.trees(end, constant=constant, features=rows.shape[1])


@compiled
def weighted_middle(values: Reals, weights: Reals) -> float:
    """The value that has half of the weight on either side."""
    order = np.argsort(values)
    half, among = 0.5 * weights.sum(), 0.0
    for i in order:
        among += weights[i]
        if among >= half:
            return float(values[i])
    return float(values[order[-1]])


@compiled
def _plant(
    parts: Parts,
    cuts: Cuts,
    numbers: Integers,
    targets: Reals,
    weights: Reals,
    depth: int,
    least_rows: int,
    tried: int,
    random: np.random.Generator,
    roots: NDArray[np.int32],
    feature: NDArray[np.int16],
    right: NDArray[np.int32],
    value: NDArray[np.float32],
) -> int:
    k = len(targets)
    leaves, rows = np.empty(k, np.int64), np.empty(k, np.int64)
    node = 0
    for tree in range(len(roots)):
        for i in range(k):
            rows[i] = int(random.random() * k)
        roots[tree] = node
        end = grow(
            parts, cuts, numbers, rows, targets, weights, depth, least_rows, tried, random,
            node, feature, right, value, leaves,
        )  # fmt: skip
        for i in range(node, end):
            if feature[i] == LEAF:
                value[i] /= len(roots)
        node = end
    return node


@compiled
def _boost(
    parts: Parts,
    cuts: Cuts,
    numbers: Integers,
    targets: Reals,
    told: Reals,
    drawn: int,
    rate: float,
    depth: int,
    least_rows: int,
    tried: int,
    random: np.random.Generator,
    roots: NDArray[np.int32],
    feature: NDArray[np.int16],
    right: NDArray[np.int32],
    value: NDArray[np.float32],
) -> int:
    k = len(targets)
    leaves, order = np.empty(k, np.int64), np.arange(k)
    left, signs, weights = np.empty(k), np.empty(k), np.empty(k)
    node = 0
    for tree in range(len(roots)):
        for i in range(k):
            left[i] = targets[i] - told[i]
            signs[i] = 1.0 if left[i] > 0.0 else -1.0
            weights[i] = math.exp(min(max(-left[i], -MOST_LN_WEIGHT), MOST_LN_WEIGHT))
        for i in range(drawn):
            other = i + int(random.random() * (k - i))
            order[i], order[other] = order[other], order[i]
        rows = order[:drawn].copy()
        roots[tree] = node
        end = grow(
            parts, cuts, numbers, rows, signs, weights, depth, least_rows, tried, random,
            node, feature, right, value, leaves,
        )  # fmt: skip
        begin = 0
        while begin < drawn:
            leaf, after = leaves[rows[begin]], begin + 1
            while after < drawn and leaves[rows[after]] == leaf:
                after += 1
            here = rows[begin:after]
            value[leaf] = rate * weighted_middle(left[here], weights[here])
            begin = after
        for i in range(k):
            told[i] += value[leaf_of(parts, cuts, i, node, feature, right, value)]
        node = end
    return node
