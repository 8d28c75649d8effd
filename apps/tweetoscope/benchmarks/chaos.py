"""Whether a pipeline in which all goes wrong predicts what an undisturbed one does, once each.

    .venv/bin/python apps/tweetoscope/benchmarks/chaos.py [--kills 100] [--seed 1] [--json]

On an Apache Kafka of its own (`make kafka`), or with `--tansu` on a Tansu, which is not killed, as
what it has is in memory.
What is lost or doubled is printed as it is found, and again with the same `--seed`; what the
services said stays in the folder of `--keep`.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
from measure import Better, Extent, Figure
from measure import main as measure_main
from tweetoscope.testing import chaos
from tweetoscope.testing.brokers import kafka_running, tansu_running
from tweetoscope.testing.chaos import Outcome, Trouble
from tweetoscope.testing.inputs import Input
from tweetoscope.topics import PREDICTIONS

COMPACTING = {
    # So that what is restored has been compacted meanwhile.
    "log.roll.ms": "5000",
    "log.cleaner.backoff.ms": "1000",
    "log.cleaner.min.cleanable.ratio": "0.01",
}


def outcome(given: Input, trouble: Trouble, folder: Path, *, on_tansu: bool) -> Outcome:
    """One run on a new broker, told of on the standard error output."""
    if on_tansu:
        with tansu_running() as address:
            found = chaos.run(given, trouble, address, folder)
    else:
        with kafka_running(COMPACTING) as node:
            found = chaos.run(given, trouble, node, folder)
    print(f"seed {trouble.seed}: {found.seconds:.0f} s, {found.done}", file=sys.stderr)
    for problem in found.problems:
        print(f"seed {trouble.seed}: {problem}", file=sys.stderr)
    return found


def main() -> None:
    """Read the options that are this benchmark's own, and measure."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--cascades", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tansu", action="store_true")
    parser.add_argument("--keep", type=Path)
    asked, others = parser.parse_known_args()
    sys.argv[1:] = others

    def measured(extent: Extent) -> Iterator[Figure]:
        kills = max(2, asked.kills // extent.divisor)
        trouble = Trouble(
            kills=kills,
            seconds=max(5.0, asked.seconds / extent.divisor),
            held_up=kills // 20,
            added=kills // 6,
            broker_kills=0 if asked.tansu else kills // 25,
            poison=kills // 3,
            seed=asked.seed,
        )
        calm = replace(trouble, kills=0, held_up=0, added=0, broker_kills=0, poison=0, seconds=0.0)
        with tempfile.TemporaryDirectory(prefix="tweetoscope-chaos-") as scratch:
            folder = asked.keep or Path(scratch)
            folder.mkdir(parents=True, exist_ok=True)
            cascades = extent.size(asked.cascades)
            given = Input.simulated(folder, cascades=cascades, seed=asked.seed)
            runs = {
                "undisturbed": outcome(given, calm, folder / "calm", on_tansu=asked.tansu),
                "disturbed": outcome(given, trouble, folder / "trouble", on_tansu=asked.tansu),
            }
        for name, run in runs.items():
            yield Figure(
                name=f"{name}: kinds of messages lost or doubled", unit="count",
                runs=(float(len(run.problems)),), budget=0.0,
            )  # fmt: skip
            yield Figure(
                name=f"{name}: predictions", unit="count",
                runs=(float(run.messages[PREDICTIONS]),), better=Better.HIGHER,
            )  # fmt: skip
            yield Figure(name=f"{name}: duration", unit="s", runs=(run.seconds,))
        for what, times in sorted(runs["disturbed"].done.items()):
            yield Figure(name=what, unit="count", runs=(float(times),), better=Better.HIGHER)

    measure_main("What a pipeline survives", measured)


if __name__ == "__main__":
    main()
