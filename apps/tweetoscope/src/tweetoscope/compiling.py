"""Compile all that is compiled now, so that no service does so when it starts first.

`python -m tweetoscope.compiling`; set-ups call it. Without it each service of a new installation
compiles for some seconds, and all of them the same.
"""

from itertools import islice

from tweetoscope.evaluation import Cascade, Protocol, play
from tweetoscope.sources import Simulation

CASCADES = 260
"""Enough for the learner to do all that it ever does."""


def main() -> None:
    """Foretell some simulated cascades, which calls every function."""
    whole = islice(Simulation(seed=0).cascades(), CASCADES)
    cascades = [
        Cascade(name=str(i), start_s=float(i), times_s=each.times_s, marks=each.marks)
        for i, each in enumerate(whole)
    ]
    list(play(cascades, Protocol(window_s=600.0, trees=2)))


if __name__ == "__main__":
    main()
