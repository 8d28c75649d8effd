"""A self-exciting point process (Hawkes, 1971), drawn as the family tree that it is.

Every event, whether it came by itself or was triggered, triggers on average `branching` others,
each after a delay that the kernel draws. Times are in seconds.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TAIL = 1.5
"""The exponent of the power law: so heavy a tail has a mean, and no variance."""


class Kernel(StrEnum):
    """How what an event triggers is spread over the time after it; both have the same mean."""

    EXPONENTIAL = "exponential"
    POWER_LAW = "power law"


@dataclass(frozen=True, kw_only=True)
class Process:
    """The law: `background` events a second by themselves, `branching` triggered by each event."""

    background: float
    branching: float
    memory_s: float
    kernel: Kernel

    @property
    def mean_rate(self) -> float:
        """Events a second in the long run."""
        return self.background / (1 - self.branching)

    def delays(self, count: int, random: np.random.Generator) -> Array:
        """How long after its parent each of so many events comes."""
        if self.kernel is Kernel.EXPONENTIAL:
            return random.exponential(self.memory_s, count)
        return self.memory_s * (TAIL - 1) * random.pareto(TAIL, count)

    def density(self, after_s: Array) -> Array:
        """The kernel, which integrates to 1."""
        if self.kernel is Kernel.EXPONENTIAL:
            return np.exp(-after_s / self.memory_s) / self.memory_s
        scale = self.memory_s * (TAIL - 1)
        return np.asarray(TAIL / scale * (1 + after_s / scale) ** (-TAIL - 1))


@dataclass(frozen=True, kw_only=True)
class Realisation:
    """Events in order of time: when, of which generation, and after which event (-1: none)."""

    times: Array
    generations: NDArray[np.int64]
    parents: NDArray[np.int64]


def draw(process: Process, horizon_s: float, seed: int) -> Realisation:
    """One realisation from 0 to the horizon, generation by generation."""
    random = np.random.default_rng(seed)
    times = random.uniform(0, horizon_s, random.poisson(process.background * horizon_s))
    parents = np.full(len(times), -1)
    found = [(times, parents)]
    first = 0
    while len(times):
        children = random.poisson(process.branching, len(times))
        parents = np.repeat(np.arange(first, first + len(times)), children)
        first += len(times)
        times = np.repeat(times, children) + process.delays(len(parents), random)
        parents, times = parents[times < horizon_s], times[times < horizon_s]
        found.append((times, parents))
    times = np.concatenate([each for each, _ in found])
    parents = np.concatenate([each for _, each in found])
    generations = np.repeat(np.arange(len(found)), [len(each) for each, _ in found])
    order = np.argsort(times)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    parents = np.where(parents < 0, -1, rank[parents]) if len(parents) else parents
    return Realisation(times=times[order], generations=generations[order], parents=parents[order])


def intensity(process: Process, times: Array, at: Array) -> Array:
    """The rate at these moments, given what happened before each: background and echoes."""
    after = at[:, None] - times[None, :]
    echoes = np.where(after > 0, process.density(np.maximum(after, 0)), 0.0)
    return np.asarray(process.background + process.branching * echoes.sum(1))
