"""The life of a deployment since it was started: how long yet, and what has stopped it. Pure.

Stored with the deployment, so it goes on when the server is started anew. Time in which nobody
looked (the server was down, its machine slept) does not count as unused: somebody may have come.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ripieno.control.views import DeploymentState
from ripieno.model.stay import HOUR_S, Stay

WARNED_S, WARNED_SHARE = HOUR_S, 0.1
"""How long before its end a life is warned of: an hour, or a tenth of it if that is less."""

STORED_SHARE = 0.25
"""Of the time that it may be unused: how much of it a crash of the server may let it forget."""

UP = (DeploymentState.RUNNING, DeploymentState.DEGRADED, DeploymentState.FAILED)
USABLE = (DeploymentState.RUNNING, DeploymentState.DEGRADED)


class Rest(StrEnum):
    """Why the server has stopped a deployment by itself."""

    IDLE = "idle"
    LIFETIME = "lifetime"


class Due(StrEnum):
    """What is to be done about a deployment now."""

    WARNING = "warning"
    IDLE_STOP = "idle-stop"
    END = "end"


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """`began_at` None: it is not up. `extended_s` is what was added to it,
    `warned_for` the end that was warned of, `unused_s` how long nobody has used it.

    `rest` is why the server has stopped it, and `resting` are the components that this has
    stopped, which a visit starts again.
    """

    began_at: datetime | None = None
    extended_s: float = 0.0
    warned_for: datetime | None = None
    unused_s: float = 0.0
    rest: Rest | None = None
    resting: tuple[str, ...] = ()

    def ends_at(self, stay: Stay) -> datetime | None:
        """When it is stopped, used or not."""
        if self.began_at is None or stay.lifetime_s is None:
            return None
        return self.began_at + timedelta(seconds=stay.lifetime_s + self.extended_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class Glimpse:
    """What a look at a deployment has shown. `is_used`: somebody came since the last look, or is
    connected, or nobody can tell."""

    state: DeploymentState
    is_changing: bool = False
    is_used: bool = False


def looked(
    life: Life, stay: Stay, glimpse: Glimpse, *, now: datetime, elapsed_s: float
) -> tuple[Life, Due | None]:
    """The life after a look, `elapsed_s` after the last one, and what is due.

    A reconfiguration counts as use, and nothing is stopped in the middle of one, be it paused.
    """
    if glimpse.is_changing or glimpse.state not in UP:
        return dataclasses.replace(life, unused_s=0.0), None
    unused_s = 0.0 if glimpse.is_used or stay.idle_s is None else life.unused_s + elapsed_s
    life = dataclasses.replace(life, began_at=life.began_at or now, unused_s=unused_s)
    ends_at = life.ends_at(stay)
    if ends_at is not None and now >= ends_at:
        return life, Due.END
    is_usable = glimpse.state in USABLE
    if stay.idle_s is not None and is_usable and unused_s >= stay.idle_s:
        return life, Due.IDLE_STOP
    if (
        ends_at is not None
        and life.warned_for != ends_at
        and now >= ends_at - timedelta(seconds=notice_s(stay))
    ):
        return dataclasses.replace(life, warned_for=ends_at), Due.WARNING
    return life, None


def notice_s(stay: Stay) -> float:
    """How long before its end a life is warned of, if it has one."""
    assert stay.lifetime_s is not None
    return min(WARNED_S, WARNED_SHARE * stay.lifetime_s)


def is_worth_storing(stored: Life, seen: Life, stay: Stay) -> bool:
    """Whether a crash of the server would lose too much of what was seen."""
    if dataclasses.replace(stored, unused_s=seen.unused_s) != seen:
        return True
    if stay.idle_s is None:
        return False
    gained_s = seen.unused_s - stored.unused_s
    return gained_s < 0 or gained_s >= STORED_SHARE * stay.idle_s


def after(life: Life, state: DeploymentState, now: datetime) -> Life:
    """The life once the deployment has just come to another state."""
    if state is DeploymentState.STOPPED:
        return Life(rest=life.rest, resting=life.resting)
    if state in UP:
        return dataclasses.replace(life, began_at=life.began_at or now, rest=None, resting=())
    return life


def to_json(life: Life) -> dict[str, Any]:
    """A life as JSON can hold it; what is as at the beginning is left out."""
    record = {
        "began_at": life.began_at and life.began_at.isoformat(),
        "extended_s": life.extended_s,
        "warned_for": life.warned_for and life.warned_for.isoformat(),
        "unused_s": life.unused_s,
        "rest": life.rest and life.rest.value,
        "resting": list(life.resting),
    }
    return {name: value for name, value in record.items() if value}


def from_json(record: Mapping[str, Any]) -> Life:
    """The life that `to_json` wrote."""
    return Life(
        began_at=_moment(record.get("began_at")),
        extended_s=record.get("extended_s", 0.0),
        warned_for=_moment(record.get("warned_for")),
        unused_s=record.get("unused_s", 0.0),
        rest=Rest(record["rest"]) if "rest" in record else None,
        resting=tuple(record.get("resting", ())),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
