"""What somebody asks of the page, as its address says it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

MOST_WORDS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """`threshold` None: the predictor's; `window_s` None: the newest forecast of each cascade."""

    threshold: float | None = None
    window_s: float | None = None
    words: str = ""
    cascade: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Wish":
        """Read an address; what is no number is as if it were not said."""
        return cls(
            threshold=_number(asked.get("threshold", "")),
            window_s=_number(asked.get("window", "")),
            words=asked.get("words", "")[:MOST_WORDS].strip(),
            cascade=asked.get("cascade", "")[:MOST_WORDS],
        )

    def address(self, cascade: str) -> str:
        """The address of the page with a cascade, relative to any other of its addresses."""
        said = {
            "threshold": "" if self.threshold is None else f"{self.threshold:g}",
            "window": "" if self.window_s is None else f"{self.window_s:g}",
            "words": self.words,
            "cascade": cascade,
        }
        return "?" + urlencode({name: value for name, value in said.items() if value})


def _number(said: str) -> float | None:
    try:
        number = float(said)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0.0 else None
