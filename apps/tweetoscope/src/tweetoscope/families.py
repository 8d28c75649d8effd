"""Everything that services tell Prometheus: names, meanings and labels, as one table.

`metrics` makes a service's numbers from it, docs/metrics.md is written from it. Names follow
Prometheus' conventions: base units, and `_total` for what only grows.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

PREFIX = "tweetoscope_"
READERS = ("collector", "estimator", "predictor", "learner", "logger", "notifier")
WORKERS = ("generator", *READERS)
SERVICES = (*WORKERS, "dashboard")

DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LATENCIES_S = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
LEADS_S = (0.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14_400.0, 43_200.0, 86_400.0, 259_200.0)


class Kind(enum.Enum):
    """What Prometheus may do with a number."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A name and what is told under it; all of it has the label `service` besides `labels`."""

    name: str
    text: str
    kind: Kind = Kind.COUNTER
    labels: tuple[str, ...] = ()
    services: tuple[str, ...] = SERVICES
    buckets: tuple[float, ...] = DURATIONS_S


def _gauge(name: str, text: str, *labels: str, of: tuple[str, ...] = SERVICES) -> Family:
    return Family(name=name, text=text, kind=Kind.GAUGE, labels=labels, services=of)


def _counter(name: str, text: str, *labels: str, of: tuple[str, ...] = SERVICES) -> Family:
    return Family(name=name, text=text, labels=labels, services=of)


GENERATOR = ("generator",)
COLLECTOR, PREDICTOR, LEARNER, LOGGER = ("collector",), ("predictor",), ("learner",), ("logger",)
NOTIFIER = ("notifier",)
FAMILIES = (
    _gauge("info", "1, with the version as a label.", "version"),
    _counter("records_total", "Records handled.", of=READERS),
    _counter("messages_total", "Messages written.", of=WORKERS),
    _counter("dead_letters_total", "Records that could not be used."),
    _counter("repeated_total", "Records passed over, as they were read before.", of=READERS),
    _counter(
        "rejoined_total", "Times that it began anew after a failure of the broker.", of=WORKERS
    ),
    _counter("reconnected_total", "Times that a live source was away.", of=GENERATOR),
    _counter("missed_seconds_total", "Time of a live source that never came.", of=GENERATOR),
    _gauge("tasks", "Partitions that this process has.", of=READERS),
    _gauge(
        "lag_records", "Records of a partition not read yet.", "topic", "partition", of=READERS
    ),
    Family(
        name="batch_seconds",
        text="Time from records read to their transaction committed.",
        kind=Kind.HISTOGRAM,
        services=READERS,
    ),
    _counter("late_total", "Tweets later than allowed.", of=COLLECTOR),
    _counter("strays_total", "Retweets of no open cascade.", of=COLLECTOR),
    _counter(
        "closed_windows_total", "Windows that closed with enough tweets.", "window", of=COLLECTOR
    ),
    _counter("ended_cascades_total", "Cascades that ended, of those told of.", of=COLLECTOR),
    _gauge("open_cascades", "Cascades that may go on.", "partition", of=COLLECTOR),
    _gauge("held_events", "Tweets of open cascades in memory.", "partition", of=COLLECTOR),
    _gauge(
        "mean_magnitude", "Followers of the stream in the mean.", "partition", of=("estimator",)
    ),
    _counter("predictions_total", "Forecasts made.", "window", of=PREDICTOR),
    _counter("alerts_total", "Alerts given.", "window", of=PREDICTOR),
    Family(
        name="latency_seconds",
        text=(
            "Time from the writing of the tweet that closed a window until what was told of it "
            "was committed; `of` is `prediction` or `alert`."
        ),
        kind=Kind.HISTOGRAM,
        labels=("of",),
        services=PREDICTOR,
        buckets=LATENCIES_S,
    ),
    Family(
        name="alert_lead_seconds",
        text=(
            "Time of the stream from the end of a window until the cascade alerted of is expected "
            "to pass the threshold; 0: it had passed."
        ),
        kind=Kind.HISTOGRAM,
        services=PREDICTOR,
        buckets=LEADS_S,
    ),
    _counter(
        "judged_alerts_total",
        "Cascades that ended, by what had been told of them: `right` alerts, `false` ones, and "
        "`missed` ones that passed the threshold without.",
        "window",
        "verdict",
        of=PREDICTOR,
    ),
    _gauge(
        "waiting_forecasts", "Forecasts whose cascade goes on.", "partition", of=PREDICTOR
    ),
    _gauge(
        "error_ratio",
        "Absolute relative error of the last forecasts, `of` the `model` and of the `constant` "
        "beside it, as `mean` and `median`.",
        "window",
        "of",
        "average",
        of=PREDICTOR,
    ),
    _gauge(
        "coverage_ratio", "Part of the last sizes within their interval.", "window", of=PREDICTOR
    ),
    _gauge(
        "model_version",
        "Version of the newest model: learnt by a learner, or used by a predictor.",
        "window",
        of=(*PREDICTOR, *LEARNER),
    ),
    _counter("refits_total", "Models learnt.", "window", of=LEARNER),
    Family(
        name="refit_seconds", text="Time to learn a model.", kind=Kind.HISTOGRAM, services=LEARNER
    ),
    _gauge("samples", "Cascades that are learnt from.", "window", of=LEARNER),
    _gauge(
        "drift_ratio",
        "How far errors have risen above their mean; at 1 old samples are forgotten.",
        "window",
        of=LEARNER,
    ),
    _counter("drifts_total", "Times that old samples were forgotten.", "window", of=LEARNER),
    _counter(
        "loki_lines_total",
        "Lines for Loki, by what became of them: `taken`, `refused` by it, or `dropped` since "
        "too many waited.",
        "outcome",
        of=LOGGER,
    ),
    _counter("loki_failures_total", "Pushes to Loki that failed and are repeated.", of=LOGGER),
    _gauge("loki_waiting_lines", "Lines that wait for Loki.", of=LOGGER),
    _counter(
        "webhook_alerts_total",
        "Alerts for the webhook, by what became of them: `delivered`, `refused` by it, or "
        "`too old` when they were read.",
        "outcome",
        of=NOTIFIER,
    ),
    _counter("webhook_failures_total", "Posts that failed and are repeated.", of=NOTIFIER),
)  # fmt: skip


def of_service(service: str) -> Iterator[Family]:
    """What a service has. One that is none of these has what all have."""
    for family in FAMILIES:
        of_any = service not in SERVICES and family.services in (SERVICES, WORKERS, READERS)
        if service in family.services or of_any:
            yield family
