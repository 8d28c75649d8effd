"""Alerts as people judge them: did the cascade pass the threshold, and how early was it said?"""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum
from statistics import median

from tweetoscope.reports import Alert

MOST_ALARMS = 300


class Outcome(Enum):
    """What became of an alert."""

    OPEN = "not yet"
    PASSED = "passed"
    FALSE = "ended below"


@dataclass(slots=True, eq=False)
class Alarm:
    """The first alert of a cascade. `lead_s`: from the window's end until the threshold was passed.

    0 when it had been passed before, None as long as it is not, or when nobody saw it.
    """

    alert: Alert
    at_ms: int
    outcome: Outcome = Outcome.OPEN
    lead_s: float | None = None
    size: int = 0

    def grow(self, size: int, age_s: float) -> None:
        """The cascade has grown to a size, at an age."""
        self.size = max(size, self.size)
        if self.outcome is Outcome.OPEN and size > self.alert.threshold:
            self.outcome = Outcome.PASSED
            self.lead_s = max(age_s - self.alert.window_s, 0.0)

    def end(self, size: int) -> None:
        """The cascade has ended."""
        self.size = size
        if self.outcome is Outcome.OPEN:
            passed = size > self.alert.threshold
            self.outcome = Outcome.PASSED if passed else Outcome.FALSE


@dataclass(slots=True)
class Alarms:
    """The last alerts, one for each cascade."""

    newest: OrderedDict[str, Alarm] = field(default_factory=OrderedDict)

    def take(self, alert: Alert, at_ms: int) -> Alarm | None:
        """Take an alert in; None for one of a cascade that had one."""
        if alert.cascade in self.newest:
            return None
        alarm = self.newest[alert.cascade] = Alarm(alert, at_ms)
        if len(self.newest) > MOST_ALARMS:
            self.newest.popitem(last=False)
        return alarm

    def grow(self, cascade: str, size: int, age_s: float) -> None:
        """A cascade has grown."""
        if (alarm := self.newest.get(cascade)) is not None:
            alarm.grow(size, age_s)

    def end(self, cascade: str, size: int) -> None:
        """A cascade has ended."""
        if (alarm := self.newest.get(cascade)) is not None:
            alarm.end(size)

    def decided(self) -> tuple[int, int]:
        """How many came true, and how many were false."""
        outcomes = [alarm.outcome for alarm in self.newest.values()]
        return outcomes.count(Outcome.PASSED), outcomes.count(Outcome.FALSE)

    def lead_s(self) -> float | None:
        """The median lead of those that came true later; None if all had before, or none did."""
        leads = [alarm.lead_s for alarm in self.newest.values() if alarm.lead_s]
        return median(leads) if leads else None
