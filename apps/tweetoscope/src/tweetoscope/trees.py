"""A sum of decision trees as plain arrays: what a learnt model is on the wire.

Forests and boosted trees alike are a constant plus the leaves that a row falls into. Written as
JSON with numbers packed in base64, read with every index checked: nothing that is read can run,
loop or reach outside the arrays, as a pickle could. Libraries' own formats are code to run (pickle,
ONNX) or text that their C++ reads without such checks, and would need the library in each service.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tweetoscope.arrays import Reals
from tweetoscope.compiled import compiled
from tweetoscope.errors import BadModel

FORMAT = "tweetoscope-trees-1"
MOST_NODES = 4_000_000
LEAF = -1

_ARRAYS = {"roots": "<i4", "feature": "<i2", "right": "<i4", "value": "<f4"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Trees:
    """Nodes of all trees, one after the other; `roots` are the places where trees begin.

    At a node with a feature a row goes to the next node if its feature is at most `value`, else to
    `right`. At a leaf `value` is what the tree adds.
    """

    constant: float
    features: int
    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    right: NDArray[np.int32]
    value: NDArray[np.float32]

    @classmethod
    def of_constant(cls, constant: float, *, features: int) -> "Trees":
        """No trees: the same answer for every row."""
        empty = np.empty(0, np.int32)
        return cls(
            constant=constant, features=features, roots=empty, right=empty,
            feature=np.empty(0, np.int16), value=np.empty(0, np.float32),
        )  # fmt: skip

    @classmethod
    def blended(cls, *parts: "tuple[float, Trees]") -> "Trees":
        """The sum of models of the same features, each times its share."""
        offsets = np.cumsum([0, *(len(trees.feature) for _, trees in parts)])
        (_, first), *_ = parts
        return cls(
            constant=sum(share * trees.constant for share, trees in parts),
            features=first.features,
            roots=np.concatenate([
                trees.roots + np.int32(offset)
                for offset, (_, trees) in zip(offsets, parts, strict=False)
            ]),
            feature=np.concatenate([trees.feature for _, trees in parts]),
            right=np.concatenate([
                np.where(trees.feature == LEAF, 0, trees.right + np.int32(offset))
                for offset, (_, trees) in zip(offsets, parts, strict=False)
            ]).astype(np.int32),
            value=np.concatenate([
                np.where(trees.feature == LEAF, trees.value * np.float32(share), trees.value)
                for share, trees in parts
            ]).astype(np.float32),
        )  # fmt: skip

    def predict(self, rows: Reals) -> Reals:
        """The sums `(k,)` for rows `(k, features)`."""
        if rows.ndim != 2 or rows.shape[1] != self.features:
            raise BadModel(f"the model has {self.features} features, the rows {rows.shape}")
        sums = np.full(len(rows), self.constant)
        _add_leaves(self.roots, self.feature, self.right, self.value, rows.astype(np.float32), sums)
        return sums

    def to_json(self) -> dict[str, Any]:
        """The format that `from_json` reads."""
        packed = {
            name: base64.b64encode(
                zlib.compress(getattr(self, name).astype(kind).tobytes())
            ).decode()
            for name, kind in _ARRAYS.items()
        }
        sizes = {"trees": len(self.roots), "nodes": len(self.feature)}
        head = {"format": FORMAT, "constant": self.constant, "features": self.features}
        return {**head, **sizes, **packed}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Trees":
        """Read a model. Raises: `BadModel` if anything in it is not as it should be."""
        if said.get("format") != FORMAT:
            raise BadModel(f"the format of the model is {said.get('format')!r}, not {FORMAT!r}")
        constant, features = said.get("constant"), said.get("features")
        if isinstance(constant, bool) or not isinstance(constant, int | float):
            raise BadModel("the model's constant is not a number")
        count, nodes = (_count(said, name) for name in ("trees", "nodes"))
        if not isinstance(features, int) or not 0 < features < 2**15:
            raise BadModel(f"the model's number of features is {features!r}")
        arrays = {
            name: _unpack(said, name, kind, count if name == "roots" else nodes)
            for name, kind in _ARRAYS.items()
        }
        trees = cls(constant=float(constant), features=features, **arrays)
        trees._check()
        return trees

    def _check(self) -> None:
        nodes = len(self.feature)
        ends = np.append(self.roots[1:], nodes).astype(np.int64)
        if len(self.roots) and (self.roots[0] != 0 or (ends <= self.roots).any()):
            raise BadModel("the trees of the model do not follow one another")
        if not len(self.roots) and nodes:
            raise BadModel("the model has nodes and no trees")
        places = np.arange(nodes)
        inner = self.feature != LEAF
        end = np.repeat(ends, ends - self.roots) if nodes else ends[:0]
        # Children come after their parent, so that every walk ends; and within the same tree.
        strays = inner & ((self.right <= places + 1) | (self.right >= end))
        if strays.any() or ((self.feature < LEAF) | (self.feature >= self.features)).any():
            raise BadModel("a node of the model leads out of its tree, or to no feature")
        if not (np.isfinite(self.value).all() and np.isfinite(self.constant)):
            raise BadModel("a value of the model is not finite")


def _count(said: Mapping[str, Any], name: str) -> int:
    count = said.get(name)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_NODES:
        raise BadModel(f"the model's number of {name} is {count!r}")
    return count


def _unpack(said: Mapping[str, Any], name: str, kind: str, count: int) -> NDArray[Any]:
    text, size = said.get(name), count * np.dtype(kind).itemsize
    if not isinstance(text, str):
        raise BadModel(f"the model has no {name!r}")
    unpacking = zlib.decompressobj()
    try:
        raw = unpacking.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error) as problem:
        raise BadModel(f"{name!r} of the model cannot be unpacked: {problem}") from problem
    if len(raw) != size:
        raise BadModel(f"{name!r} of the model has not the {count} entries it should")
    return np.frombuffer(raw, kind)


@compiled
def _add_leaves(
    roots: NDArray[np.int32],
    feature: NDArray[np.int16],
    right: NDArray[np.int32],
    value: NDArray[np.float32],
    rows: NDArray[np.float32],
    sums: Reals,
) -> None:
    for row in range(len(rows)):
        for root in roots:
            node = root
            while feature[node] >= 0:
                if rows[row, feature[node]] <= value[node]:
                    node += 1
                else:
                    node = right[node]
            sums[row] += value[node]
