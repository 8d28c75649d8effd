"""Writes the dashboards for Grafana from the panels that are listed here.

`python -m apps.tweetoscope.observability.dashboards` writes them to `grafana/dashboards` beside
this file; a test fails when they are out of date. Queries use the metrics of docs/metrics.md.
"""

from pathlib import Path

from apps.tweetoscope.observability.panels import Dashboard, Panel, written

FOLDER = Path(__file__).parent / "grafana" / "dashboards"
OF = 'deployment="$deployment"'
RATE = "[$__rate_interval]"
SERVICE = f"* on (instance) group_left (service) tweetoscope_info{{{OF}}}"
"""Puts the service on what is known of a process only."""


def rate(name: str, *by: str, only: str = "") -> str:
    """How fast a counter grows in a second, summed over all but some labels."""
    return f"sum{_by(by)}(rate(tweetoscope_{name}{{{_only(only)}}}{RATE}))"


def quantile(part: float, name: str, *by: str, only: str = "") -> str:
    """What a part of a histogram's values is below."""
    return f"histogram_quantile({part:g}, {rate(f'{name}_bucket', 'le', *by, only=only)})"


def gauge(how: str, name: str, *by: str, only: str = "") -> str:
    """A gauge as it is, of several processes taken together."""
    return f"{how}{_by(by)}(tweetoscope_{name}{{{_only(only)}}})"


def judged(verdicts: str) -> str:
    """How many alerts have turned out so within an hour."""
    return f'sum(increase(tweetoscope_judged_alerts_total{{{OF}, verdict=~"{verdicts}"}}[1h]))'


def error(of: str, average: str) -> str:
    """An error of late, for each window."""
    return gauge("avg", "error_ratio", "window", only=f'of="{of}", average="{average}"')


def _by(labels: tuple[str, ...]) -> str:
    return f" by ({', '.join(labels)}) " if labels else ""


def _only(more: str) -> str:
    return f"{OF}, {more}" if more else OF


PRECISION = f"{judged('right')} / {judged('right|false')}"
RECALL = f"{judged('right')} / {judged('right|missed')}"

PIPELINE = Dashboard(
    name="pipeline",
    title="Tweetoscope: pipeline",
    panels=[
        Panel(
            title="Tweets read", text="By all collectors, a second.", unit="cps", is_number=True,
            queries=[(rate("records_total", only='service="collector"'), "")],
        ),
        Panel(
            title="Window closed to alert", unit="s", is_number=True, bad_from=0.25,
            text="95 % of alerts are there within this time of the tweet that closed their window.",
            queries=[(quantile(0.95, "latency_seconds", only='of="alert"'), "")],
        ),
        Panel(
            title="Furthest behind", unit="short", is_number=True, bad_from=10_000,
            text="Records not read yet, of the partition that has most of them.",
            queries=[(gauge("max", "lag_records"), "")],
        ),
        Panel(
            title="Processes", text="Those that answer.", unit="short", is_number=True,
            queries=[(f"sum(up{{{OF}}})", "")],
        ),
        Panel(
            title="Dead letters", unit="short", is_number=True, bad_from=1,
            text="Records of the last hour that could not be used; the topic has their reasons.",
            queries=[(f"sum(increase(tweetoscope_dead_letters_total{{{OF}}}[1h]))", "")],
        ),
        Panel(
            title="Restarts", text="Of the last hour.", unit="short", is_number=True, bad_from=1,
            queries=[(f"sum(changes(process_start_time_seconds{{{OF}}}[1h]))", "")],
        ),
        Panel(
            title="Records handled", text="A second, by each service.", unit="cps",
            queries=[(rate("records_total", "service"), "{{service}}")],
        ),
        Panel(
            title="Messages written", text="A second, by each service.", unit="cps",
            queries=[(rate("messages_total", "service"), "{{service}}")],
        ),
        Panel(
            title="Behind", text="Records not read yet, in each partition.", unit="short",
            queries=[(gauge("max", "lag_records", "service", "partition"),
                      "{{service}} {{partition}}")],
        ),
        Panel(
            title="Since a window closed", unit="s", bad_from=0.25,
            text="Time from the tweet that closed a window to what was told of it, committed.",
            queries=[
                (quantile(0.5, "latency_seconds", "of"), "{{of}}, half"),
                (quantile(0.95, "latency_seconds", "of"), "{{of}}, 95 %"),
            ],
        ),
        Panel(
            title="Batches", text="95 % are read, handled and committed within.", unit="s",
            queries=[(quantile(0.95, "batch_seconds", "service"), "{{service}}")],
        ),
        Panel(
            title="Left out", unit="cps",
            text="Records a second that count for nothing: unreadable, read before, late, strays.",
            queries=[
                (rate("dead_letters_total", "service"), "dead letters of {{service}}"),
                (rate("repeated_total", "service"), "read before by {{service}}"),
                (rate("late_total"), "late tweets"),
                (rate("strays_total"), "retweets of no open cascade"),
            ],
        ),
        Panel(
            title="Memory", text="Of each process.", unit="bytes",
            queries=[(f"process_resident_memory_bytes{{{OF}}} {SERVICE}",
                      "{{service}} {{instance}}")],
        ),
        Panel(
            title="Processors", text="Used by each process.", unit="short",
            queries=[(f"rate(process_cpu_seconds_total{{{OF}}}{RATE}) {SERVICE}",
                      "{{service}} {{instance}}")],
        ),
        Panel(
            title="In memory", text="Cascades that may go on, and their tweets.", unit="short",
            queries=[
                (gauge("sum", "open_cascades"), "open cascades"),
                (gauge("sum", "held_events"), "tweets"),
                (gauge("sum", "waiting_forecasts"), "forecasts without outcome"),
            ],
        ),
        Panel(
            title="Partitions", text="That each process has.", unit="short",
            queries=[(gauge("sum", "tasks", "service", "instance"), "{{service}} {{instance}}")],
        ),
        Panel(
            title="Beginnings anew", unit="short",
            text="Within five minutes: of processes, and of members after a failure of the broker.",
            queries=[
                (f"sum by (service) (changes(process_start_time_seconds{{{OF}}}[5m]) {SERVICE})",
                 "{{service}} started"),
                (f"sum by (service) (increase(tweetoscope_rejoined_total{{{OF}}}[5m]))",
                 "{{service}} joined anew"),
            ],
        ),
        Panel(
            title="Webhook", unit="short",
            text="Alerts of the last five minutes by what became of them, and posts that failed.",
            queries=[
                (f"sum by (outcome) (increase(tweetoscope_webhook_alerts_total{{{OF}}}[5m]))",
                 "{{outcome}}"),
                (f"sum(increase(tweetoscope_webhook_failures_total{{{OF}}}[5m]))", "failures"),
            ],
        ),
        Panel(
            title="Live source", unit="short",
            text="Within five minutes: connections anew, and seconds of the stream missed by it.",
            queries=[
                (f"sum(increase(tweetoscope_reconnected_total{{{OF}}}[5m]))", "connected anew"),
                (f"sum(increase(tweetoscope_missed_seconds_total{{{OF}}}[5m]))", "seconds missed"),
            ],
        ),
        Panel(
            title="Loki", unit="short",
            text="Lines a second by what became of them, pushes that failed, lines waiting.",
            queries=[
                (rate("loki_lines_total", "outcome"), "{{outcome}} a second"),
                (rate("loki_failures_total"), "failures a second"),
                (gauge("sum", "loki_waiting_lines"), "waiting"),
            ],
        ),
    ],
)  # fmt: skip
PREDICTIONS = Dashboard(
    name="predictions",
    title="Tweetoscope: predictions",
    panels=[
        Panel(
            title="Error against the constant", unit="percentunit", is_number=True, bad_from=1.0,
            text="Mean error of the model in that of a constant ratio; from 100 % on distrust it.",
            queries=[(f"avg({error('model', 'mean')}) / avg({error('constant', 'mean')})", "")],
        ),
        Panel(
            title="In their interval", unit="percentunit", is_number=True, bad_below=0.8,
            text="Part of the last sizes that lay in their interval, which is meant to be 90 %.",
            queries=[(gauge("avg", "coverage_ratio"), "")],
        ),
        Panel(
            title="Alerts that were right", unit="percentunit", is_number=True,
            text="Of those whose cascade ended in the last hour (precision).",
            queries=[(PRECISION, "")],
        ),
        Panel(
            title="Large ones alerted of", unit="percentunit", is_number=True,
            text="Of cascades that passed the threshold and ended in the last hour (recall).",
            queries=[(RECALL, "")],
        ),
        Panel(
            title="Lead of alerts", unit="s", is_number=True,
            text="Time of the stream until half of those alerted of are to pass the threshold.",
            queries=[(quantile(0.5, "alert_lead_seconds"), "")],
        ),
        Panel(
            title="Newest model in use", text="Of any window.", unit="short", is_number=True,
            queries=[(gauge("max", "model_version", only='service="predictor"'), "")],
        ),
        Panel(
            title="Mean error", unit="percentunit",
            text="Absolute relative error of the last 200 forecasts, and of the constant beside.",
            queries=[
                (error("model", "mean"), "{{window}} s, model"),
                (error("constant", "mean"), "{{window}} s, constant"),
            ],
        ),
        Panel(
            title="Median error", unit="percentunit",
            text="Absolute relative error of the last 200 forecasts, and of the constant beside.",
            queries=[
                (error("model", "median"), "{{window}} s, model"),
                (error("constant", "median"), "{{window}} s, constant"),
            ],
        ),
        Panel(
            title="In their interval", unit="percentunit", bad_below=0.8, most=1.0,
            text="Part of the last 200 sizes, which is meant to be 90 %.",
            queries=[(gauge("avg", "coverage_ratio", "window"), "{{window}} s")],
        ),
        Panel(
            title="Drift", unit="percentunit", bad_from=1.0,
            text="How far errors have risen above their mean; at 100 % old samples are forgotten.",
            queries=[(gauge("max", "drift_ratio", "window"), "{{window}} s")],
        ),
        Panel(
            title="Forecasts and alerts", text="A second, for each window.", unit="cps",
            queries=[
                (rate("predictions_total", "window"), "{{window}} s, forecasts"),
                (rate("alerts_total", "window"), "{{window}} s, alerts"),
                (rate("closed_windows_total", "window"), "{{window}} s, closed"),
                (rate("ended_cascades_total"), "cascades ended"),
            ],
        ),
        Panel(
            title="What alerts turned out to be", unit="short",
            text="Cascades that ended in the last five minutes.",
            queries=[
                (f"sum by (verdict) (increase(tweetoscope_judged_alerts_total{{{OF}}}[5m]))",
                 "{{verdict}}"),
            ],
        ),
        Panel(
            title="Precision and recall", text="Of alerts, over the last hour.",
            unit="percentunit", most=1.0, queries=[(PRECISION, "precision"), (RECALL, "recall")],
        ),
        Panel(
            title="Lead of alerts", unit="s",
            text="Time of the stream from an alert until its cascade is to pass the threshold.",
            queries=[
                (quantile(0.1, "alert_lead_seconds"), "a tenth have less"),
                (quantile(0.5, "alert_lead_seconds"), "half"),
                (quantile(0.9, "alert_lead_seconds"), "a tenth have more"),
            ],
        ),
        Panel(
            title="Versions of models", text="Learnt and in use, for each window.", unit="short",
            queries=[(gauge("max", "model_version", "service", "window"),
                      "{{window}} s, {{service}}")],
        ),
        Panel(
            title="Learning", unit="short",
            text="Cascades that are learnt from, and models learnt within five minutes.",
            queries=[
                (gauge("sum", "samples", "window"), "{{window}} s, samples"),
                (f"sum by (window) (increase(tweetoscope_refits_total{{{OF}}}[5m]))",
                 "{{window}} s, models"),
            ],
        ),
        Panel(
            title="Time to learn", text="95 % of models are learnt within.", unit="s",
            queries=[(quantile(0.95, "refit_seconds"), "learner")],
        ),
        Panel(
            title="Followers", text="Of who tweets, in the mean of the stream.", unit="short",
            queries=[(gauge("avg", "mean_magnitude"), "mean")],
        ),
    ],
)  # fmt: skip
DASHBOARDS = (PIPELINE, PREDICTIONS)


def path(dashboard: Dashboard) -> Path:
    """Where a dashboard is written to."""
    return FOLDER / f"{dashboard.name}.json"


if __name__ == "__main__":
    for each in DASHBOARDS:
        path(each).write_text(written(each), encoding="utf-8")
