"""An input of the pipeline, and what has to come of it: computed, by pure code, from it alone."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow
import pyarrow.parquet

from tweetoscope import messages
from tweetoscope.cascade import Closed, Collector, Ended, Gathering
from tweetoscope.replay import read_parquet
from tweetoscope.sources import Emitted, Simulation, Spread, closing, spread
from tweetoscope.testing.wire import Written, known
from tweetoscope.topics import PROPERTIES, SERIES, TWEETS, window_key

QUIET_S = 604_800.0
"""After the last tweet of a source; every cascade has ended by then."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How often each thing has to be in its topic.

    Tweets, series and sizes are as `wire.known` has them. A prediction is a cascade, a window and
    how many events were seen; a score a cascade and a window.
    """

    tweets: Counter[str] = field(default_factory=Counter)
    series: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    predictions: Counter[tuple[str, float, int]] = field(default_factory=Counter)
    scores: Counter[tuple[str, float]] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True)
class Input:
    """Cascades in a file, and how they are replayed and gathered."""

    path: Path
    how: Spread
    gathering: Gathering

    @classmethod
    def simulated(cls, folder: Path, *, cascades: int, seed: int, sources: int = 6) -> "Input":
        """Cascades of two hours and a half, of which most have a window with enough in it."""
        simulation = Simulation(seed=seed, horizon_s=9000.0)
        path = folder / "cascades.parquet"
        columns: dict[str, list[object]] = {"cascade_id": [], "t_seconds": [], "magnitude": []}
        for number, whole in enumerate(itertools.islice(simulation.cascades(), cascades)):
            columns["cascade_id"] += [str(number)] * len(whole.times_s)
            columns["t_seconds"] += list(whole.times_s)
            columns["magnitude"] += list(whole.marks)
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
        return cls(
            path=path,
            how=Spread(sources=sources, at_once=4, origins_s=1e6),
            gathering=Gathering(
                windows_s=(600.0, 1200.0), terminated_s=1800.0, least_events=10, lateness_s=30.0
            ),
        )

    def emitted(self) -> list[Emitted]:
        """All tweets, in the order in which they come."""
        return list(closing(spread(read_parquet(self.path), self.how), QUIET_S))

    def expected(self) -> Expected:
        """What has to come of it, whatever happens."""
        collector, found = Collector(gathering=self.gathering), Expected()
        for each in self.emitted():
            value = messages.write_tweet(each.tweet, each.source)
            found.tweets[known(Written(TWEETS, each.source.encode(), value))] += 1
            for happening in collector.take(each.source, (each.tweet,)):
                _tell(happening, found)
        return found

    def generator(self, *, within_s: float = 0.0) -> list[str]:
        """Arguments of a generator that replays it within a time, 0: as fast as it can."""
        lasts_s = self.emitted()[-1].after_s
        return [
            "--data", str(self.path),
            "--sources", str(self.how.sources),
            "--cascades", str(self.how.at_once),
            "--quiet", str(QUIET_S),
            "--acceleration", str(lasts_s / within_s if within_s else 0.0),
        ]  # fmt: skip

    def collector(self) -> list[str]:
        """Arguments of its collectors."""
        gathering, words = self.gathering, list[str]()
        for window_s in gathering.windows_s:
            words += ["--observation", str(window_s)]
        return [
            *words,
            "--terminated", str(gathering.terminated_s),
            "--lateness", str(gathering.lateness_s),
        ]  # fmt: skip


def _tell(happening: Closed | Ended, found: Expected) -> None:
    cascade = happening.cascade
    match happening:
        case Closed():
            serie = Written(SERIES, cascade.encode(), messages.write_serie(happening))
            found.series[known(serie)] += 1
            found.predictions[cascade, happening.window_s, len(happening.times_s)] += 1
        case Ended():
            for window_s in happening.windows_s:
                value = messages.write_size(happening)
                found.sizes[known(Written(PROPERTIES, window_key(window_s), value))] += 1
                found.scores[cascade, window_s] += 1
