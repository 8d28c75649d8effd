"""One decision tree grown from samples, compiled: what forests and boosting are made of.

Columns are cut into at most `MOST_PARTS` parts, between any two values where there are few, so that
the best split of a node is found in one pass over its rows. Nodes are written as `trees` reads
them: depth first, a left child next to its parent. Called by `ensembles`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tweetoscope.arrays import Integers, Reals
from tweetoscope.compiled import compiled
from tweetoscope.trees import LEAF

MOST_PARTS = 128
LEAST_GAIN = 1e-9
"""A split that explains no larger share of the squares than this is the sum's rounding."""

Parts = NDArray[np.uint8]
Cuts = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """Samples cut into parts: a value is in the part of the first cut that it does not exceed.

    `parts` is `(k, f)`, `cuts` `(f, MOST_PARTS)` with infinity after the last, of which there are
    `numbers` `(f,)` in each column.
    """

    parts: Parts
    cuts: Cuts
    numbers: Integers

    @classmethod
    def of(cls, rows: Reals) -> "Columns":
        """From samples `(k, f)`, all finite."""
        # A row is compared as 32 bits when it is foretold, so it is here too.
        values = rows.astype(np.float32)
        count = values.shape[1]
        parts = np.empty(values.shape, np.uint8)
        cuts = np.full((count, MOST_PARTS), np.inf, np.float32)
        numbers = np.zeros(count, np.int64)
        for at in range(count):
            found = _cuts(np.sort(values[:, at]))
            numbers[at] = len(found)
            cuts[at, : len(found)] = found
            parts[:, at] = np.searchsorted(found, values[:, at], side="left")
        return cls(parts=parts, cuts=cuts, numbers=numbers)


def _cuts(values: NDArray[np.float32]) -> NDArray[np.float32]:
    distinct = np.unique(values)
    below, above = distinct[:-1], distinct[1:]
    if len(distinct) > MOST_PARTS:
        places = np.arange(1, MOST_PARTS) * len(values) // MOST_PARTS
        below = np.unique(values[places - 1])
        below = below[below < distinct[-1]]
        above = distinct[np.searchsorted(distinct, below, side="right")]
    middle = np.float32(0.5) * below + np.float32(0.5) * above
    return np.where((below <= middle) & (middle < above), middle, below)


@compiled
def grow(
    parts: Parts,
    cuts: Cuts,
    numbers: Integers,
    rows: Integers,
    targets: Reals,
    weights: Reals,
    depth: int,
    least_rows: int,
    tried: int,
    random: np.random.Generator,
    offset: int,
    feature: NDArray[np.int16],
    right: NDArray[np.int32],
    value: NDArray[np.float32],
    leaves: Integers,
) -> int:
    """Write a tree of some rows from `offset` on, and in which leaf each row is; where it ends.

    A split is the one after which the squares of what is left of the targets are least, among
    `tried` columns that are drawn for each node. A leaf is the mean of its targets, and has
    `least_rows`. The rows are put into the order of their leaves.
    """
    columns = np.arange(parts.shape[1])
    sums, masses = np.empty(MOST_PARTS), np.empty(MOST_PARTS)
    sizes = np.empty(MOST_PARTS, np.int64)
    stack = np.empty((2 * depth + 2, 4), np.int64)
    stack[0] = (0, len(rows), 0, -1)
    pending, node = 1, offset
    while pending:
        pending -= 1
        begin, end, level, parent = stack[pending]
        if parent >= 0:
            right[parent] = node
        mass, total = 0.0, 0.0
        for i in range(begin, end):
            mass += weights[rows[i]]
            total += weights[rows[i]] * targets[rows[i]]
        best, column, place = total * total / mass * (1.0 + LEAST_GAIN) + LEAST_GAIN * mass, -1, 0
        if level < depth and end - begin >= 2 * least_rows:
            for drawn in range(tried):
                other = drawn + int(random.random() * (len(columns) - drawn))
                columns[drawn], columns[other] = columns[other], columns[drawn]
                at = columns[drawn]
                count = numbers[at] + 1
                sums[:count], masses[:count], sizes[:count] = 0.0, 0.0, 0
                for i in range(begin, end):
                    row = rows[i]
                    part = parts[row, at]
                    sums[part] += weights[row] * targets[row]
                    masses[part] += weights[row]
                    sizes[part] += 1
                left_sum, left_mass, left_size = 0.0, 0.0, 0
                for part in range(count - 1):
                    left_sum += sums[part]
                    left_mass += masses[part]
                    left_size += sizes[part]
                    if left_size < least_rows or sizes[part] == 0:
                        continue
                    if end - begin - left_size < least_rows:
                        break
                    right_sum, right_mass = total - left_sum, mass - left_mass
                    gain = left_sum * left_sum / left_mass + right_sum * right_sum / right_mass
                    if gain > best:
                        best, column, place = gain, at, part
        if column < 0:
            feature[node], right[node], value[node] = LEAF, 0, total / mass
            for i in range(begin, end):
                leaves[rows[i]] = node
        else:
            middle, last = begin, end - 1
            while middle <= last:
                if parts[rows[middle], column] <= place:
                    middle += 1
                else:
                    rows[middle], rows[last] = rows[last], rows[middle]
                    last -= 1
            feature[node], right[node], value[node] = column, 0, cuts[column, place]
            stack[pending] = (middle, end, level + 1, node)
            stack[pending + 1] = (begin, middle, level + 1, -1)
            pending += 2
        node += 1
    return node


@compiled
def leaf_of(
    parts: Parts,
    cuts: Cuts,
    row: int,
    root: int,
    feature: NDArray[np.int16],
    right: NDArray[np.int32],
    value: NDArray[np.float32],
) -> int:
    """The leaf that a row falls into."""
    node = root
    while feature[node] != LEAF:
        at = feature[node]
        # A value is above a cut of the tree if its own first cut is, or there is none.
        part = parts[row, at]
        node = node + 1 if cuts[at, part] <= value[node] else right[node]
    return node
