"""How good the forecasts are on a file of real cascades, against four baselines.

    .venv/bin/python apps/tweetoscope/benchmarks/accuracy.py --data FILE [--json] [--delayed]

The file is Parquet, or CSV with a line of names, with the columns `cascade_id`, `t_seconds` and, if
it is known, `magnitude`. Cascades are taken in the order in which they began: by the column
`start_day` of `FILE_meta.parquet` beside it, by the time in their name if that ends in a tweet's
number, or as they are in the file. Labels are known when the next cascade begins, or with
`--delayed` only when a horizon of seven days is over. With `--folds 10` nothing is chronological:
each tenth is foretold from the nine others, as some published figures were found, and each run
parts the cascades anew.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[3]))
sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

import measure
from apps.tweetoscope.benchmarks.cascade_files import BadFile, cascades_in
from measure import Better, Extent, Figure, number, whole_number
from tweetoscope import evaluation, scores
from tweetoscope.arrays import Reals
from tweetoscope.evaluation import Cascade, Method, Protocol, Scored
from tweetoscope.hawkes import DAY_S

AVERAGES: dict[str, Callable[[Reals], float]] = {
    "mean": lambda errors: float(np.mean(errors)),
    "median": lambda errors: float(np.median(errors)),
}
HORIZON_S = 7.0 * DAY_S
WINDOWS_S = (600.0, 1800.0, 3600.0, 14400.0)
TO_REACH = {
    ("twitter15", 600.0): (0.345, 0.313),
    ("twitter15", 3600.0): (0.241, 0.172),
}
TO_REACH_IN_FOLDS = {
    ("seismic_tideh", 600.0): (0.277, 0.239),
    ("seismic_tideh", 3600.0): (0.242, 0.177),
}
"""Mean and median error that weighted boosting had on these data, found in that way."""
NOT_FOUND = (math.inf, math.inf)
PARTS_ABOVE = (0.5, 0.2, 0.1)
"""Which parts of cascades pass the thresholds whose probabilities are judged."""
RANGES = 5


def figures(
    file: Path, window_s: float, cascades: list[Cascade], *, delayed: bool
) -> Iterator[Figure]:
    """All that is said of one window, of the stream as it would have been."""
    sizes = [np.searchsorted(each.times_s, HORIZON_S, side="right") for each in cascades]
    thresholds = tuple(float(np.quantile(sizes, 1.0 - part)) for part in PARTS_ABOVE)
    protocol = Protocol(
        window_s=window_s, horizon_s=HORIZON_S, is_delayed=delayed, thresholds=thresholds
    )
    scored = list(evaluation.play(cascades, protocol))
    about = f"{file.stem}, {window_s:,.0f} s"
    yield count_of(about, scored)
    if scored:
        yield from errors(about, [scored], TO_REACH.get((file.stem, window_s), NOT_FOUND))
        yield Figure(
            name=f"{about}: coverage of 90 % intervals", unit="share",
            runs=(scores.coverage(scored),), better=Better.HIGHER, budget=0.87,
        )  # fmt: skip
        yield from of_thresholds(about, window_s, scored, thresholds)


def errors(about: str, runs: list[list[Scored]], to_reach: tuple[float, float]) -> Iterator[Figure]:
    """Errors of all methods, and which of them find the largest cascades."""
    found = {method: [scores.errors(scored, method) for scored in runs] for method in Method}
    for word, average, most in zip(AVERAGES, AVERAGES.values(), to_reach, strict=True):
        averages = {method: tuple(average(each) for each in found[method]) for method in Method}
        baselines = [float(np.median(averages[each])) for each in Method if each != Method.LEARNT]
        for method in Method:
            yield Figure(
                name=f"{about}: {word} error, {method}", unit="share", runs=averages[method],
                budget=min([most, *baselines]) if method is Method.LEARNT else None,
            )  # fmt: skip
    for method in Method:
        yield Figure(
            name=f"{about}: recall of the top tenth, {method}", unit="share",
            runs=tuple(scores.top_recall(scored, method) for scored in runs),
            better=Better.HIGHER,
        )  # fmt: skip


def of_thresholds(
    about: str, window_s: float, scored: list[Scored], thresholds: tuple[float, ...]
) -> Iterator[Figure]:
    """Alerts above the size that a fifth reaches, and whether probabilities are what they say."""
    threshold = thresholds[PARTS_ABOVE.index(0.2)]
    alerts = scores.alerts(scored, threshold, window_s)
    for word, share in (("precision", alerts.precision), ("recall", alerts.recall)):
        if not math.isnan(share):
            yield Figure(
                name=f"{about}: {word} of alerts above {threshold:,.0f}", unit="share",
                runs=(share,), better=Better.HIGHER,
            )  # fmt: skip
    if len(alerts.lead_s):
        yield Figure(
            name=f"{about}: lead time of right alerts above {threshold:,.0f}, median", unit="s",
            runs=(float(np.median(alerts.lead_s)),), better=Better.HIGHER,
        )  # fmt: skip
    reliable = scores.reliability(scored, thresholds, RANGES)
    if math.isnan(reliable.brier):
        return
    yield Figure(
        name=f"{about}: Brier score of passing a threshold", unit="square",
        runs=(reliable.brier,), budget=reliable.brier_of_rate,
    )  # fmt: skip
    yield Figure(
        name=f"{about}: Brier score of telling how often it is passed", unit="square",
        runs=(reliable.brier_of_rate,),
    )  # fmt: skip
    for at, (told, came, count) in enumerate(
        zip(reliable.told, reliable.came, reliable.counts, strict=True)
    ):
        if count:
            low, high = 100 * at // RANGES, 100 * (at + 1) // RANGES
            yield Figure(
                name=f"{about}: came true of {count} told {low} to {high} %, mean {told:.1%}",
                unit="share", runs=(float(came),), better=Better.HIGHER,
            )  # fmt: skip


def count_of(about: str, scored: list[Scored]) -> Figure:
    """How many cascades have enough events in the window."""
    return Figure(
        name=f"{about}: cascades scored", unit="count", runs=(float(len(scored)),),
        better=Better.HIGHER,
    )  # fmt: skip


def of_folds(
    file: Path, window_s: float, cascades: list[Cascade], *, folds: int, runs: int
) -> Iterator[Figure]:
    """The same errors, cross-validated in another parting of the cascades for each run."""
    protocol = Protocol(window_s=window_s, horizon_s=HORIZON_S)
    scored = [
        list(evaluation.cross_validate(cascades, protocol, folds=folds, seed=run))
        for run in range(runs)
    ]
    about = f"{file.stem}, {window_s:,.0f} s, {folds} folds"
    yield count_of(about, scored[0])
    if scored[0]:
        yield from errors(about, scored, TO_REACH_IN_FOLDS.get((file.stem, window_s), NOT_FOUND))


OPTIONS: dict[str, str | Mapping[str, Any]] = {
    "data": {"type": Path, "required": True, "help": "a file of cascades, Parquet or CSV"},
    "windows": {
        "type": number(1.0, HORIZON_S - 1.0), "nargs": "+", "default": WINDOWS_S,
        "help": "seconds after which is foretold", "metavar": "SECONDS",
    },
    "delayed": {"action": "store_true", "help": "learn of none before its seven days are over"},
    "folds": {
        "type": whole_number(2, 100), "default": 0,
        "help": "so many in place of one after the other",
    },
}  # fmt: skip


def main() -> None:
    """Measure, with the options that are this benchmark's own."""
    title = "Accuracy of forecasts"
    asked = measure.asked(title, OPTIONS)
    file, folds = asked.extent.given["data"], asked.extent.given["folds"]
    is_delayed = asked.extent.given["delayed"]
    try:
        cascades, is_known = cascades_in(file)
    except BadFile as error:
        measure.refuse(str(error))
    if is_delayed and not is_known:
        measure.refuse(f"{file} does not say when cascades began; leave --delayed out")

    def measured(extent: Extent) -> Iterator[Figure]:
        some = cascades[: max(60, len(cascades) // extent.divisor)]
        for window_s in extent.given["windows"]:
            if folds:
                yield from of_folds(file, window_s, some, folds=folds, runs=extent.runs)
            else:
                yield from figures(file, window_s, some, delayed=is_delayed)

    measure.show(title, asked, measured)


if __name__ == "__main__":
    main()
