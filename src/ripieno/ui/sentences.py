"""Events as sentences: what happened, in the visitor's language.

Names and reasons are put in as they are; templates escape them. An event of a kind that has no
sentence here is told by its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ripieno.control.views import ReconfigurationKind
from ripieno.store.records import EventRecord
from ripieno.ui import sayings, standing
from ripieno.ui.language import Language

LONGEST = 600

_TONES = {
    "failed": "bad",
    "failing": "bad",
    "crashed": "bad",
    "given_up": "bad",
    "unhealthy": "warn",
    "provider_lost": "warn",
    "refused": "bad",
    "away": "warn",
    "completed": "good",
    "ended": "good",
    "back": "good",
    "restarting": "busy",
    "started": "busy",
    "accepted": "busy",
    "created": "busy",
    "expiring": "warn",
    "expired": "warn",
    "woken": "busy",
}

_UNTOLD = frozenset({"input", "facts", "types", "text"})
"""What the engine needs to go on after a start, and what is told without its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event as it is shown; `detail` is a reason or a cause, told in its own words."""

    record: EventRecord
    text: str
    detail: str
    tone: str


def told(record: EventRecord, spoken: Language) -> Told:
    """An event in words."""
    data = record.data
    detail = data.get("cause") or data.get("reason") or data.get("text") or ""
    return Told(
        record=record,
        text=_sentence(record, spoken),
        detail=sayings.said(str(detail)[:LONGEST], spoken),
        tone=_TONES.get(record.kind.rpartition(".")[2], "idle"),
    )


def _sentence(record: EventRecord, spoken: Language) -> str:
    _ = spoken.gettext
    data = record.data
    names = {
        "component": record.component or "",
        "transition": str(data.get("transition", "")),
        "by": str(data.get("by", "")),
        "change": _kind(data.get("change"), spoken),
        "provider": str(data.get("provider", "")),
        "application": str(data.get("application", "")),
        "count": str(data.get("restarts", "")),
        "hours": str(data.get("hours", "")).removesuffix(".0"),
    }
    sentences = {
        "deployment.created": _("%(by)s deployed %(application)s."),
        "deployment.idle": _("It is stopped, since nobody uses it."),
        "deployment.expired": _("It is stopped, since its life time is over."),
        "deployment.expiring": _("Its life time is over soon."),
        "deployment.extended": _("%(by)s let it live for %(hours)s h more."),
        "deployment.woken": _("A visit of %(by)s starts it."),
        "reconfiguration.accepted": _("%(by)s asked for it: %(change)s."),
        "reconfiguration.queued": _("A change waits behind the one that goes on."),
        "reconfiguration.started": _("The change has been planned and begins."),
        "reconfiguration.refused": _("The change was refused."),
        "reconfiguration.failing": _("The change is failing; what has begun is brought to an end."),
        "reconfiguration.failed": _("The change has failed."),
        "reconfiguration.completed": _("The change is completed."),
        "reconfiguration.paused": _("The change was paused."),
        "reconfiguration.resumed": _("The change was resumed."),
        "reconfiguration.cancelling": _("The change is being cancelled."),
        "reconfiguration.cancelled": _("The change was cancelled."),
        "reconfiguration.winding_down": _("What is under way is brought to rest."),
        "transition.ended": _("%(component)s: %(transition)s is done."),
        "transition.failed": _("%(component)s: %(transition)s has failed."),
        "transition.retry": _("%(component)s: %(transition)s is tried again."),
        "transition.skip": _("%(component)s: %(transition)s is treated as done."),
        "transition.abandon": _("%(component)s: %(transition)s was given up."),
        "component.crashed": _("%(component)s has crashed."),
        "component.unhealthy": _("%(component)s fails its health checks."),
        "component.restarting": _("%(component)s is started again (%(count)s)."),
        "component.given_up": _("%(component)s is not started again after %(count)s tries."),
        "component.provider_lost": _("%(component)s lost %(provider)s, which it uses."),
        "component.note": _("%(component)s has something to say."),
        "host.away": _("A host cannot be reached."),
        "host.back": _("A host can be reached again."),
        "wait.deadline": _("A wait has taken too long."),
        "wait.report": _("A wait tells what it waits for."),
    }
    sentence = sentences.get(record.kind)
    if sentence is None:
        return ": ".join(filter(None, (record.component, record.kind, _rest(data))))
    return sentence % names


def _kind(value: object, spoken: Language) -> str:
    try:
        return standing.kind(ReconfigurationKind(str(value)), spoken)
    except ValueError:
        return str(value or "")


def _rest(data: Mapping[str, object]) -> str:
    words = [f"{name} {value}" for name, value in data.items() if name not in _UNTOLD and value]
    return ", ".join(words)[:LONGEST]
