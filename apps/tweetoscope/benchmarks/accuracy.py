"""How good the forecasts are on a file of real cascades, against four baselines.

    .venv/bin/python apps/tweetoscope/benchmarks/accuracy.py --data FILE [--json] [--delayed]

The file is parquet with the columns `cascade_id`, `t_seconds`, `magnitude`. Cascades are taken in
the order in which they began: by the column `start_day` of `FILE_meta.parquet` beside it, by the
time in their name if that ends in a tweet's number, or as they are in the file. Labels are known
when the next cascade begins, or with `--delayed` only when a horizon of seven days is over.
With `--folds 10` nothing is chronological: each tenth is foretold from the nine others, as some
published figures were found.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
from measure import Better, Extent, Figure
from measure import main as measure_main
from tweetoscope import evaluation
from tweetoscope.arrays import Reals
from tweetoscope.evaluation import Cascade, Method, Protocol
from tweetoscope.hawkes import DAY_S

AVERAGES: dict[str, Callable[[Reals], float]] = {
    "mean": lambda errors: float(np.mean(errors)),
    "median": lambda errors: float(np.median(errors)),
}
WINDOWS_S = (600.0, 1800.0, 3600.0, 14400.0)
TO_REACH = {
    ("twitter15", 600.0): (0.345, 0.313),
    ("twitter15", 3600.0): (0.241, 0.172),
    ("seismic_tideh", 600.0): (0.277, 0.239),
    ("seismic_tideh", 3600.0): (0.242, 0.177),
}
"""Mean and median error that weighted boosting had on these data, not prequential on the second."""


def cascades_in(file: Path) -> list[Cascade]:
    """All cascades of a file, with when they began."""
    table = parquet.read_table(file)
    encoded = table["cascade_id"].combine_chunks().dictionary_encode()
    known, names = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    times_s = table["t_seconds"].to_numpy().astype(np.float64)
    marks = table["magnitude"].to_numpy(zero_copy_only=False).astype(np.float64)
    starts = started(file)
    begins = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    ends = np.append(begins[1:], len(names))
    found = []
    for place, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        name = str(known[names[begin]])
        order = begin + np.argsort(times_s[begin:end], kind="stable")
        start_s = starts.get(name, started_by_name(name))
        found.append(
            Cascade(
                name=name,
                times_s=times_s[order] - times_s[order[0]],
                marks=marks[order],
                start_s=float(place) if start_s is None else start_s,
            )
        )
    return found


def started(file: Path) -> dict[str, float]:
    """When cascades began, in seconds, if a file beside it says so."""
    beside = file.with_name(f"{file.stem}_meta.parquet")
    if not beside.exists():
        return {}
    table = parquet.read_table(beside)
    if "start_day" not in table.column_names:
        return {}
    days = table["start_day"].to_pylist()
    return {
        name: day * DAY_S
        for name, day in zip(table["cascade_id"].to_pylist(), days, strict=True)
        if day is not None
    }


def started_by_name(name: str) -> float | None:
    """The time in a tweet's number, in seconds."""
    number = name.rsplit("-", 1)[-1]
    return (int(number) >> 22) / 1000.0 if number.isdecimal() and len(number) > 15 else None


def figures(
    file: Path, window_s: float, cascades: list[Cascade], *, delayed: bool
) -> Iterator[Figure]:
    """All that is said of one window."""
    scored = list(evaluation.play(cascades, Protocol(window_s=window_s, is_delayed=delayed)))
    about = f"{file.stem}, {window_s:,.0f} s"
    errors = {method: evaluation.errors(scored, method) for method in Method}
    baselines = [errors[method] for method in Method if method is not Method.LEARNT]
    to_reach = TO_REACH.get((file.stem, window_s), (math.inf, math.inf))
    for method in Method:
        for word, average, most in zip(AVERAGES, AVERAGES.values(), to_reach, strict=True):
            budget = None
            if method is Method.LEARNT:
                budget = min([most, *(average(each) for each in baselines)])
            yield Figure(
                name=f"{about}: {word} error, {method}", unit="share",
                runs=(average(errors[method]),), budget=budget,
            )  # fmt: skip
        yield Figure(
            name=f"{about}: recall of the top tenth, {method}", unit="share",
            runs=(evaluation.top_recall(scored, method),), better=Better.HIGHER,
        )  # fmt: skip
    yield Figure(
        name=f"{about}: coverage of 90 % intervals", unit="share",
        runs=(evaluation.coverage(scored),), better=Better.HIGHER, budget=0.87,
    )  # fmt: skip
    threshold = float(np.quantile([each.size for each in scored], 0.8))
    lead_s = evaluation.lead_times_s(scored, Method.LEARNT, threshold) - window_s
    if len(lead_s):
        yield Figure(
            name=f"{about}: lead time of right alerts above {threshold:,.0f}, median", unit="s",
            runs=(float(np.median(lead_s)),), better=Better.HIGHER,
        )  # fmt: skip
    yield Figure(
        name=f"{about}: cascades scored", unit="count", runs=(float(len(scored)),),
        better=Better.HIGHER,
    )  # fmt: skip


def of_folds(
    file: Path, window_s: float, cascades: list[Cascade], *, folds: int
) -> Iterator[Figure]:
    """The learnt model and the constant, cross-validated."""
    scored = list(evaluation.cross_validate(cascades, Protocol(window_s=window_s), folds=folds))
    to_reach = TO_REACH.get((file.stem, window_s), (None, None))
    for method in (Method.LEARNT, Method.CONSTANT):
        errors = evaluation.errors(scored, method)
        for word, average, most in zip(AVERAGES, AVERAGES.values(), to_reach, strict=True):
            yield Figure(
                name=f"{file.stem}, {window_s:,.0f} s, {folds} folds: {word} error, {method}",
                unit="share", runs=(average(errors),),
                budget=most if method is Method.LEARNT else None,
            )  # fmt: skip


def main() -> None:
    """Read the options that are this benchmark's own, and measure."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--windows", type=float, nargs="+", default=WINDOWS_S)
    parser.add_argument("--delayed", action="store_true")
    parser.add_argument("--folds", type=int, default=0)
    asked, others = parser.parse_known_args()
    sys.argv[1:] = others

    def measured(extent: Extent) -> Iterator[Figure]:
        cascades = cascades_in(asked.data)
        cascades = cascades[: max(60, len(cascades) // extent.divisor)]
        for window_s in asked.windows:
            if asked.folds:
                yield from of_folds(asked.data, window_s, cascades, folds=asked.folds)
            else:
                yield from figures(asked.data, window_s, cascades, delayed=asked.delayed)

    measure_main("Accuracy of forecasts", measured)


if __name__ == "__main__":
    main()
