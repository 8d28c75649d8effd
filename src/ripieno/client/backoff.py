"""How long to wait before asking again."""

import random
from collections.abc import Iterator

FIRST_S = 0.1
MOST_S = 5.0


def pauses() -> Iterator[float]:
    """Seconds to wait after the first, second, … failure: they double, up to a bound.

    Each is drawn from the upper half, so that many clients do not come back at the same moment.
    """
    most_s = FIRST_S
    while True:
        yield most_s * random.uniform(0.5, 1.0)
        most_s = min(2 * most_s, MOST_S)
