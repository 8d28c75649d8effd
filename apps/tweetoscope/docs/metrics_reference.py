"""Writes the reference of the metrics from the table of them.

`python -m apps.tweetoscope.docs.metrics_reference` writes it to `metrics.md` beside this file; a
test fails when that is out of date.
"""

from collections.abc import Iterator
from pathlib import Path

from tweetoscope.families import FAMILIES, PREFIX, READERS, SERVICES, WORKERS, Family

REFERENCE = Path(__file__).parent / "metrics.md"

_BEGIN = """\
# Metrics

<!-- Written by python -m apps.tweetoscope.docs.metrics_reference from the table; do not edit. -->

What each service tells Prometheus at `/metrics` of the port that `PORT` or `--port` names. All have
the label `service`; besides there is what the client library tells of any process, as
`process_resident_memory_bytes` and `process_start_time_seconds`. A `window` is in seconds. How to
scrape it and see it: [observe.md](observe.md).

A gauge with `partition` or `window` is told by the process that has the partition, and goes with
it.

"""


def reference() -> str:
    """The whole text."""
    return _BEGIN + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| metric | type | labels | of | meaning |"
    yield "|---|---|---|---|---|"
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield (
            f"| `{PREFIX}{family.name}` | {family.kind.value} | {labels} | {_services(family)} "
            f"| {family.text} |"
        )


def _services(family: Family) -> str:
    if family.services == SERVICES:
        return "all"
    if family.services == WORKERS:
        return "all but the dashboard"
    if family.services == READERS:
        return "all but generator and dashboard"
    return ", ".join(family.services)


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
