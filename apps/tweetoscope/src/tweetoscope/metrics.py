"""What a service tells Prometheus about itself."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

EACH = 1 / 200


class Metrics:
    """The numbers of one process. `service` is the value of a label that all of them have."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self._service = service
        self._read = self._counter("records_total", "Records handled.")
        self._written = self._counter("messages_total", "Messages written.")
        self._dead = self._counter("dead_letters_total", "Records that could not be used.")
        self._repeated = self._counter("repeated_total", "Records passed over: read before.")
        self._rejoined = self._counter("rejoined_total", "Times that the group was joined anew.")
        self._tasks = self._gauge("tasks", "Partitions that this process has.")
        self._lag = self._gauge("lag_records", "Records not read yet.", "topic", "partition")
        self._seconds = Histogram(
            "tweetoscope_batch_seconds",
            "Time from records read to their transaction committed.",
            ["service"],
            buckets=SECONDS,
            registry=self.registry,
        ).labels(service)
        self._errors = self._gauge(
            "absolute_relative_error", "Of the last forecasts, averaged.", "window", "of"
        )
        self._coverage = self._gauge(
            "interval_coverage", "Part of the last sizes within their interval.", "window"
        )
        self._versions = self._gauge("model_version", "Version of the newest model.", "window")
        self._averages: dict[tuple[float, str], float] = {}
        self._counted: dict[str, Counter] = {}
        self._lagging: set[str] = set()

    def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answer Prometheus from a thread of its own, for as long as the process lives."""
        start_http_server(port, host, registry=self.registry)

    def handled(self, read: int, written: int, *, dead: int) -> None:
        """Count a batch."""
        self._read.inc(read)
        self._written.inc(written)
        self._dead.inc(dead)

    def repeated(self, records: int) -> None:
        """Count records that were read before."""
        self._repeated.inc(records)

    def rejoined(self) -> None:
        """Count a beginning anew."""
        self._rejoined.inc()

    def tasks(self, count: int) -> None:
        """How many tasks there are now."""
        self._tasks.set(count)

    def took(self, seconds: float) -> None:
        """How long a batch took."""
        self._seconds.observe(seconds)

    def lags(self, topic: str, lags: Mapping[int, int]) -> None:
        """How far behind each own partition is; of others nothing is said."""
        now = {str(partition): lag for partition, lag in lags.items()}
        for partition in self._lagging - now.keys():
            self._lag.remove(self._service, topic, partition)
        for partition, lag in now.items():
            self._lag.labels(self._service, topic, partition).set(lag)
        self._lagging = set(now)

    def error(self, window_s: float, model: float, constant: float, *, is_covered: bool) -> None:
        """How wrong a forecast and the constant were."""
        for of, value in (("model", model), ("constant", constant), ("", float(is_covered))):
            known = self._averages.get((window_s, of), value)
            average = self._averages[window_s, of] = known + (value - known) * EACH
            if of:
                self._errors.labels(self._service, f"{window_s:g}", of).set(average)
            else:
                self._coverage.labels(self._service, f"{window_s:g}").set(average)

    def model(self, window_s: float, version: int) -> None:
        """Which model is the newest."""
        self._versions.labels(self._service, f"{window_s:g}").set(version)

    def count(self, name: str, text: str, by: int = 1) -> None:
        """Count something that only this service has."""
        if name not in self._counted:
            self._counted[name] = self._counter(name, text)
        self._counted[name].inc(by)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"tweetoscope_{name}", text, ["service"], registry=self.registry).labels(
            self._service
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        gauge = Gauge(f"tweetoscope_{name}", text, ["service", *labels], registry=self.registry)
        return gauge if labels else gauge.labels(self._service)
