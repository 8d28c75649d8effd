"""How many examples a property test draws: a sample in every run, many where there is time.

`RIPIENO_HYPOTHESIS_PROFILE=thorough` draws anew, and twenty times as many. The others are the same
in every run, so more of them would find nothing tomorrow that they do not find today.
"""

import os

from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("RIPIENO_HYPOTHESIS_PROFILE") == "thorough"
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


def examples(count: int) -> settings:
    """So many examples, or twenty times as many where somebody has the time."""
    return settings(
        max_examples=count * 20 if THOROUGH else count,
        deadline=None,
        suppress_health_check=SLOW,
    )
