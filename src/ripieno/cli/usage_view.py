"""What components use, as a table in a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from ripieno.cli.output import said
from ripieno.cli.status_view import columns
from ripieno.wire.metrics import ComponentMetrics, Metrics

BARS = "▁▂▃▄▅▆▇█"
MOST_BARS = 24


def metrics(found: Metrics) -> Iterator[RenderableType]:
    """A line for each component, the one that uses the most processors first."""
    if not found.components:
        yield Text("Nothing that runs has been measured yet; look again in some seconds.")
        return
    table = columns("Component", "CPUs", "Memory", "Requests", "Processes", "CPUs, last minutes")
    for each in sorted(found.components, key=lambda each: -(_last(each.cpus) or 0.0)):
        cpus, memory, requests = map(_last, (each.cpus, each.memory_bytes, each.requests_per_s))
        table.add_row(
            said(each.component),
            Text("" if cpus is None or not each.replicas else f"{cpus:.2f}"),
            Text("" if memory is None or not each.replicas else size(memory)),
            Text("" if requests is None else f"{requests:.3g}/s"),
            Text(_processes(each)),
            Text(curve(each.cpus[-MOST_BARS:]), style="cyan"),
        )
    yield table


def size(count_bytes: float) -> str:
    """A number of bytes: `512 KiB`, `3.4 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count_bytes < 1024:
            return f"{count_bytes:.3g} {unit}"
        count_bytes /= 1024
    return f"{count_bytes:.3g} TiB"


def curve(values: Sequence[float | None]) -> str:
    """Values as bars of text, the highest of them as high as can be; a gap where none is known."""
    most = max((each for each in values if each is not None), default=0.0) or 1.0
    last = len(BARS) - 1
    return "".join(" " if each is None else BARS[round(each / most * last)] for each in values)


def _last(values: Sequence[float | None]) -> float | None:
    return next((each for each in reversed(values) if each is not None), None)


def _processes(component: ComponentMetrics) -> str:
    count = sum(each.processes for each in component.replicas)
    replicas = len(component.replicas)
    return f"{count}" if replicas < 2 else f"{count} in {replicas} replicas"
