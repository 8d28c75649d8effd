"""What services tell Prometheus, and that it is told of no more than what they have."""

from collections.abc import Iterable

import pytest

from apps.tweetoscope.docs import metrics_reference
from tweetoscope import topics
from tweetoscope.families import FAMILIES, SERVICES, Kind
from tweetoscope.metrics import Figure, Metrics

UNITS = ("_seconds", "_bytes", "_ratio")
COUNTED = {
    "info", "tasks", "lag_records", "open_cascades", "held_events", "waiting_forecasts",
    "model_version", "samples", "mean_magnitude", "loki_waiting_lines",
}  # fmt: skip


def test_the_reference_of_the_metrics_is_up_to_date() -> None:
    path = metrics_reference.REFERENCE
    assert path.is_file() and path.read_text(encoding="utf-8") == metrics_reference.reference(), (
        f"{path.name} is out of date; write it again with: "
        "python -m apps.tweetoscope.docs.metrics_reference"
    )


def test_names_say_what_is_counted_or_in_which_unit_it_is() -> None:
    for family in FAMILIES:
        if family.kind is Kind.COUNTER:
            assert family.name.endswith("_total"), family.name
        else:
            assert family.name.endswith(UNITS) or family.name in COUNTED, family.name


def test_the_services_are_those_that_there_are() -> None:
    others = {topics.GENERATOR, topics.LOGGER, topics.NOTIFIER, topics.DASHBOARD}
    assert set(SERVICES) == others | set(topics.INPUTS)


def test_what_was_told_of_a_task_goes_with_it() -> None:
    metrics = Metrics("predictor")

    def figures(window: str) -> Iterable[Figure]:
        yield Figure("waiting_forecasts", 7)
        yield Figure("coverage_ratio", 0.9, (window,))

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(
            f"tweetoscope_{name}", {"service": "predictor", **labels}
        )

    metrics.watch(0, lambda: figures("600"))
    metrics.watch(2, lambda: figures("1200"))
    metrics.tasks([0, 2])
    metrics.look()
    assert value("tasks") == 2
    assert value("waiting_forecasts", partition="2") == 7
    metrics.tasks([0])
    metrics.look()
    assert value("waiting_forecasts", partition="2") is None
    assert value("coverage_ratio", window="1200") is None
    assert value("coverage_ratio", window="600") == 0.9


def test_latency_counts_once_what_was_told_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics("predictor")
    monkeypatch.setattr("time.time", lambda: 100.25)

    def seen() -> tuple[float | None, float | None]:
        labels = {"service": "predictor", "of": "alert"}
        return (
            metrics.registry.get_sample_value("tweetoscope_latency_seconds_count", labels),
            metrics.registry.get_sample_value("tweetoscope_latency_seconds_sum", labels),
        )

    metrics.told("alert", 100_000)
    metrics.told("alert", None)
    metrics.rejoined()
    metrics.took(0.01)
    assert seen() == (None, None)
    metrics.told("alert", 100_000)
    metrics.took(0.01)
    assert seen() == (1.0, 0.25)
