"""The predictor: parameters become forecasts, and sizes tell how good these were.

A forecast is made once for each cascade and window, with the newest model there is. Those likely to
pass the threshold are alerts. When the cascade has ended, its error goes to `stats`, and what was
seen of it to the learner.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tweetoscope import messages, reports
from tweetoscope.broker import Change, Message, Record
from tweetoscope.errors import BadMessage
from tweetoscope.intervals import seconds_until
from tweetoscope.learning import Kind, Model, Observed, Sample
from tweetoscope.metrics import Figure, Metrics
from tweetoscope.models import Models
from tweetoscope.outcomes import Outcomes, Told
from tweetoscope.processing import Service
from tweetoscope.topics import (
    ALERTS,
    MODELS,
    PREDICTIONS,
    PREDICTOR,
    PROPERTIES,
    SAMPLES,
    STATS,
    window_key,
)

Item = tuple[float, messages.Size | messages.Fitted]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """What an alert is made of: a final size, and how likely it has to be."""

    threshold: float = 0.0
    probability: float = 0.5


class Predicting:
    """What the predictor does with one partition, in which each window is whole."""

    def __init__(
        self, alarm: Alarm, models: Models, metrics: Metrics, state: Mapping[bytes, bytes]
    ) -> None:
        self._alarm, self._models, self._metrics = alarm, models, metrics
        self._outcomes = Outcomes(state)

    def handle(self, records: Sequence[Record], values: Sequence[Item]) -> Iterable[Message]:
        """Forecasts and alerts; statistics and samples."""
        for record, (window_s, told) in zip(records, values, strict=True):
            key = (told.cascade, window_s)
            if isinstance(told, messages.Fitted):
                yield from self._forecast(key, told, record.offset)
            elif (waiting := self._outcomes.waiting.get(key)) is not None:
                yield from self._score(key, waiting, told.events, record.offset)
            else:
                self._outcomes.wait_for_forecast(key, told.events)

    def changes(self) -> Iterable[Change]:
        """What waits for its outcome, and the last outcomes."""
        return self._outcomes.changes()

    def state(self) -> Iterable[Change]:
        """All of that."""
        return self._outcomes.state()

    def figures(self) -> Iterator[Figure]:
        """How good the last forecasts were, and how many wait for their outcome."""
        yield Figure("waiting_forecasts", len(self._outcomes.waiting))
        for window_s, window in self._outcomes.windows.items():
            of = f"{window_s:g}"
            yield Figure("model_version", self._models.of(window_s).version, (of,))
            if (trust := window.errors.trust()) is None:
                continue
            for name, errors in (("model", trust.model), ("constant", trust.constant)):
                for average, error in zip(("mean", "median"), errors, strict=True):
                    yield Figure("error_ratio", error, (of, name, average))
            yield Figure("coverage_ratio", sum(window.hits) / len(window.hits), (of,))

    def _forecast(
        self, key: tuple[str, float], fitted: messages.Fitted, cause: int
    ) -> Iterator[Message]:
        window_s = key[1]
        model = self._models.of(window_s)
        calibration = self._outcomes.window(window_s).calibration
        found = fitted.estimate
        seen = Observed(
            features=np.array(fitted.features),
            events=found.events,
            beta=found.parameters.beta,
            n_star=found.n_star,
            g1=found.g1,
        )
        ln_ratio = _ln_ratio(model, seen, fitted)
        forecast = calibration.forecast(ln_ratio, found.events)
        threshold = self._alarm.threshold
        probability = calibration.probability_above(threshold, ln_ratio, found.events)
        told = Told(
            forecast=forecast,
            constant=found.events * math.exp(model.ln_constant),
            seen=seen,
            is_alert=probability >= self._alarm.probability,
        )
        passes_s = seconds_until(threshold, forecast, found)
        prediction = reports.Prediction(
            cascade=fitted.cascade,
            text=fitted.text,
            window_s=window_s,
            events=found.events,
            size=forecast.size,
            low=forecast.low,
            high=forecast.high,
            constant=told.constant,
            n_star=found.n_star,
            beta=found.parameters.beta,
            g1=found.g1,
            model_version=model.version,
            threshold=threshold,
            probability=probability,
            passes_s=passes_s if math.isfinite(passes_s) else None,
            closed_ms=fitted.closed_ms,
        )
        value = reports.write_prediction(prediction)
        yield Message(PREDICTIONS, fitted.cascade.encode(), value, cause)
        self._count("prediction", window_s, fitted)
        if told.is_alert:
            alert = reports.Alert(
                cascade=fitted.cascade,
                text=fitted.text,
                window_s=window_s,
                size=forecast.size,
                low=forecast.low,
                high=forecast.high,
                threshold=threshold,
                probability=probability,
                model_version=model.version,
                closed_ms=fitted.closed_ms,
            )
            value = reports.write_alert(alert)
            yield Message(ALERTS, fitted.cascade.encode(), value, cause)
            self._count("alert", window_s, fitted)
            if math.isfinite(passes_s):
                self._metrics.observe("alert_lead_seconds", passes_s)
        if (size := self._outcomes.sizes.get(key)) is None:
            self._outcomes.wait(key, told)
        else:
            yield from self._score(key, told, size, cause)

    def _score(
        self, key: tuple[str, float], told: Told, size: int, cause: int
    ) -> Iterator[Message]:
        cascade, window_s = key
        self._outcomes.outcome(key, told, size)
        forecast, seen = told.forecast, told.seen
        error, of_constant = abs(forecast.size - size) / size, abs(told.constant - size) / size
        stat = reports.Stat(
            cascade=cascade,
            window_s=window_s,
            error=error,
            error_of_constant=of_constant,
            is_covered=forecast.low <= size <= forecast.high,
        )
        yield Message(STATS, cascade.encode(), reports.write_stat(stat), cause)
        if size >= seen.events:
            example = messages.Example(
                cascade=cascade,
                beta=seen.beta,
                n_star=seen.n_star,
                g1=seen.g1,
                omega=Sample(seen=seen, size=size).omega,
                events=seen.events,
                size=size,
                features=tuple(float(value) for value in seen.features),
            )
            value = messages.write_example(example)
            yield Message(SAMPLES, window_key(window_s), value, cause)
        if (verdict := _verdict(told, size > self._alarm.threshold)) is not None:
            self._metrics.count("judged_alerts_total", 1, f"{window_s:g}", verdict)

    def _count(self, of: str, window_s: float, fitted: messages.Fitted) -> None:
        self._metrics.count(f"{of}s_total", 1, f"{window_s:g}")
        self._metrics.told(of, fitted.closed_ms)


def service(alarm: Alarm, metrics: Metrics) -> Service[Item]:
    """The predictor as the loop runs it."""
    models = Models()
    return Service(
        group=PREDICTOR,
        topic=PROPERTIES,
        decode=_decode,
        open=lambda _, state: Predicting(alarm, models, metrics, state),
        tables={MODELS: models.learn},
        # The collector and all estimators write to it.
        is_mixed=True,
        # A task has whole windows, so that what it tells of a cascade it tells alone.
        gathered=(PREDICTIONS, ALERTS, STATS),
    )


def _verdict(told: Told, has_passed: bool) -> str | None:
    """What an alert, or none, has turned out to be; None if nothing was said and nothing came."""
    if told.is_alert:
        return "right" if has_passed else "false"
    return "missed" if has_passed else None


def _decode(record: Record) -> Item:
    return window_of(record), messages.read_property(record.value or b"")


def window_of(record: Record) -> float:
    """The observation window that is a record's key. Raises: BadMessage."""
    try:
        window_s = float(record.key or b"")
    except ValueError as error:
        raise BadMessage(f"the key is {record.key!r}, not the seconds of a window") from error
    if not (math.isfinite(window_s) and window_s > 0.0):
        raise BadMessage(f"a window of {window_s} s cannot be")
    return window_s


def _ln_ratio(model: Model, seen: Observed, fitted: messages.Fitted) -> float:
    """The model's word; the Hawkes process's, for an estimator that tells no features."""
    if model.kind is Kind.LOG_RATIO and len(seen.features) != model.trees.features:
        return math.log(fitted.estimate.size / fitted.estimate.events)
    return model.ln_ratio(seen)
