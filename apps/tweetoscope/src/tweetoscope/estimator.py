"""The estimator: series become parameters of the Hawkes process, and features.

The mean magnitude follows the stream, and so does the prior where that is wanted: it learns from
the most likely parameters, without one, of series that are long enough to tell. Of a series that is
longer than another window, the same tweets count again, which changes no mean.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tweetoscope import features, messages
from tweetoscope.arrays import Reals
from tweetoscope.broker import Change, Message, Record
from tweetoscope.hawkes import Batch, Bounds, estimate_each
from tweetoscope.marks import MarkStatistics, completed
from tweetoscope.metrics import Figure
from tweetoscope.prior import Prior, PriorStatistics
from tweetoscope.processing import Service
from tweetoscope.topics import ESTIMATOR, PROPERTIES, SERIES, window_key

MARKS = b"marks"
PRIOR = b"prior"
TELLING = 50
"""Of fewer events the likelihood alone says too little for others to learn from it."""
NEAR = 0.99


class Estimating:
    """What the estimator does with one partition. Without a prior the likelihood alone decides.

    A prior is one for the mean magnitude `mean_mark`, which is configured.
    """

    def __init__(
        self,
        mean_mark: float,
        prior: Prior | None,
        state: Mapping[bytes, bytes],
        *,
        follows: bool = False,
    ) -> None:
        self._mean_mark, self._prior = mean_mark, prior
        self._usual = PriorStatistics(configured=prior) if prior and follows else None
        if self._usual is not None and (said := state.get(PRIOR)) is not None:
            self._usual.restore(json.loads(said))
        self._marks = MarkStatistics(configured_mean=mean_mark)
        self._weight = self._marks.weight
        if (said := state.get(MARKS)) is not None:
            mean, self._weight = json.loads(said)
            self._marks = MarkStatistics(configured_mean=mean, weight=self._weight)
        self._is_changed = False

    def handle(
        self, records: Sequence[Record], values: Sequence[messages.Serie]
    ) -> Iterable[Message]:
        """The parameters of each series, estimated with the mean magnitude before them all."""
        if not values:
            return
        mean = self._marks.mean
        series = [
            (np.array(serie.times_s), np.array(serie.marks), serie.window_s) for serie in values
        ]
        whole = [(times_s, completed(marks, mean), until_s) for times_s, marks, until_s in series]
        prior = self._prior if self._usual is None else self._usual.prior()
        prior = prior and prior.for_mean_mark(mean, was=self._mean_mark)
        batch, bounds = Batch.of(whole), Bounds(mean_mark=mean)
        found = estimate_each(batch, bounds, prior)
        for record, serie, cascade, estimate in zip(records, values, whole, found, strict=True):
            fitted = messages.Fitted(
                cascade=serie.cascade,
                text=serie.text,
                estimate=estimate,
                features=tuple(float(value) for value in features.extract(*cascade)),
                closed_ms=serie.closed_ms,
            )
            value = messages.write_fitted(fitted)
            yield Message(PROPERTIES, window_key(serie.window_s), value, record.offset)
        if self._usual is not None:
            self._learn(self._usual, [each for each in whole if len(each[0]) >= TELLING], bounds)
        for _, marks, _ in series:
            self._marks.add(marks)
            known = self._weight + float(np.isfinite(marks).sum())
            self._weight = min(known, self._marks.memory)
        self._is_changed = True

    def _learn(
        self, usual: PriorStatistics, series: list[tuple[Reals, Reals, float]], bounds: Bounds
    ) -> None:
        for each in estimate_each(Batch.of(series), bounds) if series else ():
            beta = each.parameters.beta
            # At a bound they would be told by the bound.
            if bounds.least_beta < NEAR * beta and beta < NEAR * bounds.most_beta:
                p = each.parameters.p * bounds.mean_mark / self._mean_mark
                usual.add(p=p, beta=beta)

    def changes(self) -> Iterable[Change]:
        """The mean magnitude, and how much it weighs; the prior, if it follows the stream."""
        if self._is_changed:
            self._is_changed = False
            yield from self.state()

    def state(self) -> Iterable[Change]:
        """The same, whether it has changed or not."""
        yield Change(MARKS, json.dumps([self._marks.mean, self._weight]).encode())
        if self._usual is not None:
            yield Change(PRIOR, json.dumps(self._usual.told()).encode())

    def figures(self) -> Iterable[Figure]:
        """What the stream has told of magnitudes."""
        yield Figure("mean_magnitude", self._marks.mean)


def service(
    mean_mark: float, prior: Prior | None, *, follows: bool = False
) -> Service[messages.Serie]:
    """The estimator as the loop runs it."""
    return Service(
        group=ESTIMATOR,
        topic=SERIES,
        decode=lambda record: messages.read_serie(record.value or b""),
        open=lambda _, state: Estimating(mean_mark, prior, state, follows=follows),
        limit=500,
        # All collectors write to it, if there are several.
        is_mixed=True,
    )
