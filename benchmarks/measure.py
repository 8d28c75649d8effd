"""What the benchmarks share: the processor time of several runs, and how figures are printed.

A benchmark is a script that calls `main` with a generator of figures. Times are CPU time of the
process, which other work on the machine disturbs less than the clock on the wall. The garbage
collector is left on with its default settings, as whoever uses the code has it; before each run
what the last one left behind is collected.
"""

import argparse
import gc
import json
import math
import os
import platform
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text


class Better(StrEnum):
    """Which way a figure improves."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One thing that was measured, in every run; its value is their median."""

    name: str
    unit: str
    runs: tuple[float, ...]
    better: Better = Better.LOWER
    budget: float | None = None

    @property
    def value(self) -> float:
        """The median of the runs."""
        return statistics.median(self.runs)

    @property
    def is_within_budget(self) -> bool:
        """Whether the value is as good as the budget asks, if there is one."""
        if self.budget is None:
            return True
        is_at_most = self.value <= self.budget
        return is_at_most if self.better is Better.LOWER else self.value >= self.budget


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How much is measured: `runs` of each figure; `divisor` makes every size smaller.

    `given` is what was said on the command line for options of the benchmark's own.
    """

    runs: int
    divisor: int = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def size(self, count: int) -> int:
        """So many components, or fewer if only a quick look is wanted."""
        return max(10, count // self.divisor)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the command line asks for."""

    extent: Extent
    is_quick: bool
    is_json: bool


def cpu_s(work: Callable[[], object]) -> float:
    """Seconds of CPU time that some work takes in this process."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def each_run(extent: Extent, measured: Callable[[], float]) -> tuple[float, ...]:
    """What every run measured."""
    return tuple(measured() for _ in range(extent.runs))


def main(
    title: str,
    measured: Callable[[Extent], Iterable[Figure]],
    options: Mapping[str, str | Mapping[str, Any]] | None = None,
) -> None:
    """Measure, and print a table or, with `--json`, one object.

    `options` are the benchmark's own, with what they are for, or with all that argparse may know.
    """
    show(title, asked(title, options), measured)


def asked(title: str, options: Mapping[str, str | Mapping[str, Any]] | None = None) -> Asked:
    """What the command line asks for; the program ends with 2 if it makes no sense."""
    parser = _Parser(description=title)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--runs", type=whole_number(1, 1000), default=5, help="runs of each figure (default: 5)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="see that it works: one run, a thousandth of the sizes, no budgets",
    )
    for name, meaning in (options or {}).items():
        known = {"help": meaning} if isinstance(meaning, str) else meaning
        parser.add_argument(f"--{name}", **known)
    said = parser.parse_args()
    extent = Extent(runs=said.runs, given={name: getattr(said, name) for name in options or {}})
    if said.quick:
        extent = replace(extent, runs=1, divisor=1000)
    return Asked(extent=extent, is_quick=said.quick, is_json=said.json)


def show(title: str, asked: Asked, measured: Callable[[Extent], Iterable[Figure]]) -> None:
    """Measure, and print what was asked for."""
    signal.signal(signal.SIGTERM, _ended)
    figures = measured(asked.extent)
    if asked.is_quick:
        figures = (replace(figure, budget=None) for figure in figures)
    if asked.is_json:
        print(json.dumps(_to_json(figures), indent=1))
    else:
        _show(title, figures)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """What makes a whole number of an argument, for the `type` of an option."""

    def read(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} cannot be; give a whole number from {least:,} to {most:,}"
            )
        return found

    return read


def number(least: float, most: float) -> Callable[[str], float]:
    """Likewise, of a number that need not be whole."""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} cannot be; give a number from {least:,g} to {most:,g}"
            )
        return found

    return read


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without all that might have been asked for."""

    def error(self, message: str) -> NoReturn:
        refuse(f"{message}; see --help")


def refuse(problem: str) -> NoReturn:
    """End with what is wrong with what was asked for."""
    print(f"{Path(sys.argv[0]).name}: {problem}", file=sys.stderr)
    sys.exit(2)


def _ended(number: int, _: FrameType | None) -> None:
    """As by an exception, so that whatever was started is ended; and nothing interrupts that."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _to_json(figures: Iterable[Figure]) -> dict[str, Any]:
    results = [
        {
            "name": figure.name,
            "value": figure.value,
            "unit": figure.unit,
            "better": figure.better.value,
            "budget": figure.budget,
            "runs": list(figure.runs),
        }
        for figure in figures
    ]
    return {"machine": _machine(), "results": results}


def _show(title: str, figures: Iterable[Figure]) -> None:
    machine = _machine()
    table = Table(
        "Measured",
        Column("Median", justify="right"),
        Column("Best", justify="right"),
        Column("Budget", justify="right"),
        "Unit",
        title=title,
        caption=f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}",
    )
    with Live(table, console=Console(highlight=False), auto_refresh=False) as live:
        for figure in figures:
            best = min(figure.runs) if figure.better is Better.LOWER else max(figure.runs)
            table.add_row(
                figure.name,
                Text(_said(figure.value), style="" if figure.is_within_budget else "bold red"),
                _said(best),
                "" if figure.budget is None else f"{_sign(figure)} {_said(figure.budget)}",
                figure.unit,
            )
            live.refresh()


def _sign(figure: Figure) -> str:
    if figure.is_within_budget:
        return "≤" if figure.better is Better.LOWER else "≥"
    return "missed:"


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _machine() -> dict[str, object]:
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _cpu_model() -> str:
    """The processor's name, where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
