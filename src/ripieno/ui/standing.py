"""How a deployment is, in two parts: what it does, and why and what to do about it.

The words are the visitor's; so are reasons, as far as they are known here.
"""

from dataclasses import dataclass

from ripieno.control.views import (
    ComponentView,
    DeploymentState,
    DeploymentView,
    Glance,
    ReconfigurationKind,
    ReconfigurationState,
    ReconfigurationView,
)
from ripieno.model.application import JOB
from ripieno.ui import sayings
from ripieno.ui.language import Language

UP = frozenset((DeploymentState.RUNNING, DeploymentState.DEGRADED, DeploymentState.FAILED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The state by its name, why it is so, and what can be done; either may be empty."""

    state: str
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A reconfiguration that is not over. `share` of the predicted time that is gone, if any."""

    kind: str
    view: ReconfigurationView
    done: int = 0
    total: int = 0


def of_glance(glance: Glance, spoken: Language) -> Standing:
    """How a deployment in a list is."""
    return _standing(
        glance.deployment,
        glance.reconfiguration,
        glance.waiting_for,
        glance.failed,
        spoken,
    )


def of_deployment(
    view: DeploymentView, reconfiguration: ReconfigurationView | None, spoken: Language
) -> Standing:
    """How a deployment with its components is."""
    waits = (f"{each.name}: {each.waiting_for}" for each in view.components if each.waiting_for)
    failed = tuple(each.name for each in view.components if each.failure)
    return _standing(view, reconfiguration, next(waits, None), failed, spoken)


def _standing(
    view: DeploymentView,
    reconfiguration: ReconfigurationView | None,
    waiting_for: str | None,
    failed: tuple[str, ...],
    spoken: Language,
) -> Standing:
    _ = spoken.gettext
    state = view.state
    reason = sayings.said(view.reason or "", spoken)
    if failed:
        why = reason or _("%(names)s has failed") % {"names": ", ".join(failed)}
        remedy = _("See its last lines, then retry, skip or abandon what has failed.")
        return Standing(state=state, why=why, remedy=remedy)
    if reconfiguration is not None:
        if reconfiguration.state is ReconfigurationState.PAUSED:
            return Standing(
                state=state,
                why=_("The change is paused; nothing more is begun."),
                remedy=_("Resume it, or cancel it."),
            )
        awaited = sayings.said(waiting_for or "", spoken)
        why = _("Waits: %(reason)s") % {"reason": awaited} if awaited else ""
        return Standing(state=state, why=why or kind(reconfiguration.kind, spoken))
    match state:
        case DeploymentState.DEGRADED:
            why = reason or _("Not everything stands where it should.")
            remedy = _("Look at the logs of what is not well; restart it if it does not come back.")
            return Standing(state=state, why=why, remedy=remedy)
        case DeploymentState.FAILED:
            why = reason or _("Nothing of it came up.")
            remedy = _("See the timeline for what went wrong, then apply a change or remove it.")
            return Standing(state=state, why=why, remedy=remedy)
        case DeploymentState.STOPPED if view.life.stopped_for == "idle":
            return Standing(
                state="stopped-idle",
                why=_("It was stopped because nobody used it."),
                remedy=_("Open it, and it starts by itself."),
            )
        case DeploymentState.STOPPED if view.life.stopped_for == "lifetime":
            return Standing(
                state=state,
                why=_("It was stopped at the end of its life time."),
                remedy=_("Start it to use it; another life time begins."),
            )
        case DeploymentState.STOPPED:
            return Standing(state=state, remedy=_("Start it to use it."))
        case DeploymentState.REMOVED:
            return Standing(state=state, why=_("It is not there any more; this is its history."))
        case _:
            return Standing(state=state, why=reason)


def kind(asked: ReconfigurationKind, spoken: Language) -> str:
    """What a reconfiguration was asked for, as a noun."""
    _ = spoken.gettext
    match asked:
        case ReconfigurationKind.DEPLOY:
            return _("Deployment")
        case ReconfigurationKind.APPLY:
            return _("Change")
        case ReconfigurationKind.START:
            return _("Start")
        case ReconfigurationKind.STOP:
            return _("Stop")
        case ReconfigurationKind.RESTART:
            return _("Restart")
        case ReconfigurationKind.SCALE:
            return _("Scaling")
        case ReconfigurationKind.REMOVE:
            return _("Removal")
        case ReconfigurationKind.ROLLBACK:
            return _("Way back")


def of_component(component: ComponentView, spoken: Language) -> tuple[str, str]:
    """The tone of a component, and where it stands or what it does."""
    _ = spoken.gettext
    places = ", ".join(component.places)
    if component.failure or component.status == "failed":
        return "bad", _("failed in %(names)s") % {"names": ", ".join(component.transitions) or "?"}
    is_job = component.kind == JOB
    if not is_job and is_up(component) and _is_short(component):
        return "warn", _("%(places)s, not complete") % {"places": places}
    if component.transitions:
        return "busy", ", ".join(component.transitions)
    if component.waiting_for:
        return "warn", _("%(places)s, waiting") % {"places": places} if places else _("waiting")
    if is_up(component):
        return "good", places
    if component.restart_at is not None:
        return "warn", _("%(places)s, to be started again") % {"places": places}
    return "idle", places or "–"


def _is_short(component: ComponentView) -> bool:
    return any(each.state in ("exited", "lost") for each in component.replicas)


def is_up(component: ComponentView) -> bool:
    """Whether a component stands where it should, and that is not where it began."""
    initial = {"absent", "prepared"}
    return set(component.target) <= set(component.places) and not initial >= set(component.places)


def progress(view: ReconfigurationView | None, spoken: Language) -> Progress | None:
    """How far a reconfiguration is, if there is one."""
    if view is None:
        return None
    done = {(each.component, each.transition) for each in view.timeline if each.state == "done"}
    planned = {(each.component, each.transition) for each in view.forecast}
    return Progress(
        kind=kind(view.kind, spoken),
        view=view,
        done=len(done),
        total=max(len(planned | done), len(done)),
    )
