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
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
from measure import Better, Extent, Figure, number, whole_number
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


def made_folder(text: str) -> Path:
    """A folder, which is made if it is not there."""
    try:
        Path(text).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"{text} cannot be a folder ({error.strerror}); name another"
        ) from error
    return Path(text)


OPTIONS: dict[str, str | Mapping[str, Any]] = {
    "kills": {"type": whole_number(1, 10**6), "default": 100, "help": "of services (default: 100)"},
    "seconds": {
        "type": number(5.0, 1e6), "default": 240.0, "help": "how long they go on (default: 240)",
    },
    "cascades": {
        "type": whole_number(10, 10**7), "default": 600,
        "help": "how many are replayed (default: 600)",
    },
    "seed": {"type": whole_number(0, 2**31), "default": 1, "help": "of chance (default: 1)"},
    "tansu": {"action": "store_true", "help": "on Tansu rather than on Apache Kafka"},
    "keep": {"type": made_folder, "help": "a folder for what was read and written, which stays"},
}  # fmt: skip


def main() -> None:
    """Measure, with the options that are this benchmark's own."""

    def measured(extent: Extent) -> Iterator[Figure]:
        given = extent.given
        kills, on_tansu = max(2, given["kills"] // extent.divisor), given["tansu"]
        trouble = Trouble(
            kills=kills,
            seconds=max(5.0, given["seconds"] / extent.divisor),
            held_up=kills // 20,
            added=kills // 6,
            broker_kills=0 if on_tansu else kills // 25,
            poison=kills // 3,
            seed=given["seed"],
        )
        calm = replace(trouble, kills=0, held_up=0, added=0, broker_kills=0, poison=0, seconds=0.0)
        with tempfile.TemporaryDirectory(prefix="tweetoscope-chaos-") as scratch:
            folder = given["keep"] or Path(scratch)
            cascades = extent.size(given["cascades"])
            simulated = Input.simulated(folder, cascades=cascades, seed=given["seed"])
            runs = {
                "undisturbed": outcome(simulated, calm, folder / "calm", on_tansu=on_tansu),
                "disturbed": outcome(simulated, trouble, folder / "trouble", on_tansu=on_tansu),
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

    measure_main("What a pipeline survives", measured, OPTIONS)


if __name__ == "__main__":
    main()
