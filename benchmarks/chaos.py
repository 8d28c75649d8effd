"""What survives when the server is killed again and again: the long version of the kill tests.

    .venv/bin/python benchmarks/chaos.py [--json] [--kills 200] [--seed 1]

Seeds are counted up from the first until there were as many kills; a seed that breaks is printed,
and run again with `--seed`.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import Better, Extent, Figure, whole_number
from measure import main as measure_main
from ripieno.testing.chaos import Chaos
from ripieno.testing.chaos_checks import Broken
from ripieno.testing.chaos_tally import Tally

ROUNDS, KILLS_EACH = 4, 4


def survived(least_kills: int, first_seed: int, *, rounds: int) -> tuple[Tally, float]:
    """What was done until there were so many kills, and the share of seeds that did not break."""
    tally, broken = Tally(), 0
    seed = first_seed
    while tally.kills < least_kills:
        with tempfile.TemporaryDirectory(prefix="ripieno-chaos-") as folder:
            chaos = Chaos(seed, directory=Path(folder, "home"))
            try:
                asyncio.run(chaos.run(rounds=rounds, kills=min(KILLS_EACH, least_kills)))
            except (Broken, TimeoutError) as problem:
                broken += 1
                print(f"seed {seed} broke: {problem}", file=sys.stderr)
        tally.add(chaos.tally)
        print(f"seed {seed}: {tally.kills} kills so far", file=sys.stderr)
        seed += 1
    return tally, 1.0 - broken / (seed - first_seed)


def main() -> None:
    """Measure, with the options that are this benchmark's own."""
    options = {
        "kills": {
            "type": whole_number(1, 10**6),
            "default": 200,
            "help": "of the server (default: 200)",
        },
        "seed": {
            "type": whole_number(0, 2**31),
            "default": 1,
            "help": "of the first run (default: 1)",
        },
    }

    def measured(extent: Extent) -> Iterator[Figure]:
        wanted = max(1, extent.given["kills"] // extent.divisor)
        rounds = ROUNDS if extent.divisor == 1 else 1
        tally, unbroken = survived(wanted, extent.given["seed"], rounds=rounds)
        yield Figure(
            name="runs in which nothing was lost, doubled or left behind",
            unit="share",
            runs=(unbroken,),
            better=Better.HIGHER,
            budget=1.0,
        )
        yield Figure(
            name="kills of the server",
            unit="kills",
            runs=(float(tally.kills),),
            better=Better.HIGHER,
            budget=float(wanted),
        )
        yield Figure(
            name="reconfigurations that went on and ended",
            unit="count",
            runs=(float(sum(tally.outcomes.values())),),
            better=Better.HIGHER,
        )
        if tally.kills_of_services:
            yield Figure(
                name="kills of services on the way",
                unit="kills",
                runs=(float(tally.kills_of_services),),
                better=Better.HIGHER,
            )

    measure_main("Killed again and again", measured, options)


if __name__ == "__main__":
    main()
