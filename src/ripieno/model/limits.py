"""What is still taken for a time: one number that several checks share."""

MOST_SECONDS = 1e12
"""The longest duration or deadline, some 30,000 years: time stays exact in whole nanoseconds."""


def is_duration(seconds: float) -> bool:
    """Whether a number can be a duration: zero or more, and not beyond all reason."""
    return 0 <= seconds <= MOST_SECONDS
