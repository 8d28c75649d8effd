"""How long a deployment stays up by itself, in the visitor's words: for its page, and for the bar.

Times are rough, so that a live page is not painted anew every second; the last minute is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ripieno.control.views import DeploymentState, DeploymentView, LifeView
from ripieno.ui import formats
from ripieno.ui.language import Language

SOON_S = 300.0
"""What is less ahead than this is worth a warning."""

_UP = (DeploymentState.RUNNING, DeploymentState.DEGRADED, DeploymentState.FAILED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing to know; `tone` is `muted` or `warn`."""

    text: str
    tone: str
    icon: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lasting:
    """What a page says, and what the bar above an application does: no more than what passes."""

    lines: Sequence[Line] = ()
    brief: Sequence[Line] = ()


def of_deployment(view: DeploymentView, spoken: Language) -> Lasting:
    """What there is to say of a deployment; nothing where it is not up, or nothing is limited."""
    if view.state not in _UP:
        return Lasting()
    now = datetime.now(UTC)
    lines, brief = [], []
    for found in (_unused(view.life, now, spoken), _end(view.life, now, spoken)):
        if found is not None:
            lines.append(found[0])
            brief.append(found[1])
    return Lasting(lines=lines, brief=brief)


def _unused(life: LifeView, now: datetime, spoken: Language) -> tuple[Line, Line] | None:
    _ = spoken.gettext
    if life.idle_stop_min is None:
        return None
    limit = formats.duration(life.idle_stop_min * 60, spoken.code)
    if life.problem:
        text = _("It is not stopped after %(time)s without use: %(problem)s.") % {
            "time": limit,
            "problem": life.problem,
        }
        line = Line(text=text, tone="warn", icon="moon")
        return line, Line(text=_("no idle stop"), tone="warn", icon="moon", hint=text)
    if life.idle_stop_at is None:
        text = _("It is in use; after %(time)s without use it is stopped.") % {"time": limit}
        line = Line(text=text, tone="muted", icon="moon")
        return line, Line(text=_("in use"), tone="muted", icon="moon", hint=text)
    left_s = max(0.0, (life.idle_stop_at - now).total_seconds())
    tone = "warn" if left_s < min(SOON_S, life.idle_stop_min * 30) else "muted"
    left = _left(left_s, spoken)
    brief = _("unused, stops in %(time)s") % {"time": left}
    text = _("Nobody uses it: it is stopped in %(time)s unless somebody comes.") % {"time": left}
    return (
        Line(text=text, tone=tone, icon="moon"),
        Line(text=brief, tone=tone, icon="moon", hint=text),
    )


def _end(life: LifeView, now: datetime, spoken: Language) -> tuple[Line, Line] | None:
    _ = spoken.gettext
    if life.ends_at is None:
        return None
    left = _left(max(0.0, (life.ends_at - now).total_seconds()), spoken)
    tone = "warn" if life.is_ending else "muted"
    text = _("Its life time ends in %(time)s: then it is stopped, used or not.") % {"time": left}
    return (
        Line(text=text, tone=tone, icon="clock"),
        Line(text=_("ends in %(time)s") % {"time": left}, tone=tone, icon="clock", hint=text),
    )


def _left(left_s: float, spoken: Language) -> str:
    """A time ahead: to ten seconds in the last minutes, to the minute before."""
    step_s = 1.0 if left_s < 60 else 10.0 if left_s < SOON_S else 60.0
    return formats.duration(max(1.0, left_s // step_s * step_s), spoken.code)
