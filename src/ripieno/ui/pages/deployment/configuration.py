"""What a deployment is to be: parameters, configuration, replicas, version, document, and its past.

Every form is looked at first: `preview` shows the plan that it stands for, and `apply` asks for the
same change, if the deployment is still at the revision that the visitor has seen.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import Forbidden, InvalidRequest, RevisionMismatch
from ripieno.control.gate import Gate
from ripieno.control.policy import Action
from ripieno.control.requests import Change, OnFailure, Source
from ripieno.control.views import (
    DeploymentView,
    Preview,
    ReconfigurationKind,
    ReconfigurationState,
    ReconfigurationView,
)
from ripieno.model import parameters, reading_applications
from ripieno.model.application import SERVICE, Application
from ripieno.model.component_type import Value
from ripieno.model.errors import ModelError, RipienoError
from ripieno.store.registered import VersionState
from ripieno.ui import form, gantt, rendering, visit
from ripieno.ui.form import Form
from ripieno.ui.gantt import Gantt
from ripieno.ui.pages.deployment import frame
from ripieno.ui.pages.deployment.frame import Seen

MOST_FIELDS = 600
MOST_DOCUMENT = 1_000_000
PAST = 20
"""How many reconfigurations of former times are offered to go back to."""


class Options(TypedDict):
    """What goes with every change."""

    queues: bool
    on_failure: OnFailure | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a form asks for. `fault`: why that cannot be, in the visitor's language."""

    what: str
    change: Change | None = None
    form: Form | None = None
    fault: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A change that was looked at: its plan as it would go, or why there is none."""

    what: str
    preview: Preview | None = None
    chart: Gantt | None = None
    fault: str = ""
    is_stale: bool = False
    queues: bool = False


async def configuration(request: Request) -> Response:
    """The page."""
    seen = await frame.look(request)
    return await _page(request, seen)


async def stream(request: Request) -> Response:
    """The head; forms stay as the visitor has filled them in."""

    async def paint(request: Request, seen: Seen) -> Mapping[str, str]:
        stale = rendering.render(
            request, "deployment_stale.html", seen=seen, shown=_revision(request)
        )
        return {"stale": stale}

    return frame.respond(request, frame.painted(request, paint))


async def preview(request: Request) -> Response:
    """The plan of what a form asks for; nothing happens."""
    seen = await frame.look(request)
    gate = visit.gate_of(request)
    asked = await _asked(request, seen, await _posted(request))
    if asked.change is None:
        return await _shown(request, seen, asked, Planned(what=asked.what, fault=asked.fault))
    try:
        found = await gate.preview(seen.view.id, asked.change)
    except Forbidden:
        raise
    except RipienoError as problem:
        return await _shown(request, seen, asked, Planned(what=asked.what, fault=_said(problem)))
    planned = Planned(
        what=asked.what,
        preview=found,
        chart=gantt.forecast(found.plan),
        queues=seen.current is not None,
    )
    return await _shown(request, seen, asked, planned)


async def apply(request: Request) -> Response:
    """Ask for the change, and go where it can be watched."""
    seen = await frame.look(request)
    posted = await _posted(request)
    asked = await _asked(request, seen, posted)
    if asked.change is None:
        return await _shown(request, seen, asked, Planned(what=asked.what, fault=asked.fault))
    revision = str(posted.get("revision", ""))
    try:
        view = await visit.gate_of(request).change(
            seen.view.id,
            asked.change,
            revision=int(revision) if revision.isdecimal() and len(revision) < 19 else None,
        )
    except Forbidden:
        raise
    except RevisionMismatch as problem:
        stale = Planned(what=asked.what, fault=str(problem), is_stale=True)
        return await _shown(request, seen, asked, stale)
    except RipienoError as problem:
        return await _shown(request, seen, asked, Planned(what=asked.what, fault=_said(problem)))
    address = f"/deployments/{seen.view.name}/timeline?of={view.id}"
    if rendering.is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


async def _page(
    request: Request,
    seen: Seen,
    *,
    asked: Asked | None = None,
    planned: Planned | None = None,
    status: int = 200,
) -> Response:
    gate = visit.gate_of(request)
    application = await _application(seen.view.document)
    schema = application.parameters if application is not None else {}
    filled = asked.form if asked is not None else None
    return frame.page(
        request,
        seen,
        "configuration",
        status=status,
        stream=f"/deployments/{seen.view.name}/configuration/stream?revision={seen.view.revision}",
        form=filled or form.blank(schema, _base(application, seen.view)),
        configurations=application.configurations if application is not None else {},
        scaled=[each for each in seen.view.components if each.kind == SERVICE],
        versions=await _versions(gate, seen.view),
        past=await _past(gate, seen),
        writes=gate.may(Action.DEPLOY_DOCUMENT),
        planned=planned,
    )


async def _shown(request: Request, seen: Seen, asked: Asked, planned: Planned) -> Response:
    status = 422 if planned.fault else 200
    if not rendering.is_fragment(request):
        return await _page(request, seen, asked=asked, planned=planned, status=status)
    return rendering.page(
        request,
        "deployment_plan.html",
        status=status,
        seen=seen,
        planned=planned,
        form=asked.form,
    )


async def _asked(request: Request, seen: Seen, posted: FormData) -> Asked:
    """What a form asks for. Raises: `InvalidRequest` for what no form of ours sends."""
    _ = rendering.texts(request).gettext
    what = str(posted.get("what", ""))
    view = seen.view
    nothing = _("Nothing of it is different from how it is now.")
    options = _options(posted)
    match what:
        case "parameters":
            application = await _application(view.document)
            if application is None:
                return Asked(what=what, fault=_("Its document cannot be read any more."))
            filled = form.filled(
                application.parameters,
                form.given(posted.multi_items()),
                rendering.texts(request),
                base=_base(application, view),
            )
            if not filled.is_valid:
                fault = filled.fault or _("Some fields need another value; they say which.")
                return Asked(what=what, form=filled, fault=fault)
            if not filled.settings:
                return Asked(what=what, form=filled, fault=nothing)
            source = Source(settings=filled.settings)
            return Asked(what=what, form=filled, change=_apply(source, options))
        case "configuration":
            name = str(posted.get("configuration", ""))
            if name == view.configuration:
                return Asked(what=what, fault=nothing)
            return Asked(what=what, change=_apply(Source(configuration=name), options))
        case "replicas":
            replicas = _replicas(posted, view)
            if not replicas:
                return Asked(what=what, fault=nothing)
            change = Change(kind=ReconfigurationKind.SCALE, replicas=replicas, **options)
            return Asked(what=what, change=change)
        case "version":
            version = str(posted.get("version", "")).strip()
            if version == view.version or not version:
                return Asked(what=what, fault=nothing)
            try:
                record = await visit.gate_of(request).application(view.application, version)
                source = await _kept(record.document, view)
            except Forbidden:
                raise
            except RipienoError as problem:
                return Asked(what=what, fault=_said(problem))
            source = replace(source, application=view.application, version=version)
            return Asked(what=what, change=_apply(source, options))
        case "document":
            document = str(posted.get("document", "")).replace("\r\n", "\n")
            try:
                source = await _kept(document, view)
            except RipienoError as problem:
                return Asked(what=what, fault=_said(problem))
            source = replace(source, document=document)
            return Asked(what=what, change=_apply(source, options))
        case "past":
            change = Change(
                kind=ReconfigurationKind.APPLY, returns_to=str(posted.get("to", "")), **options
            )
            return Asked(what=what, change=change)
        case _:
            raise InvalidRequest(
                "a form asks for parameters, configuration, replicas, version, document or past"
            )


def _apply(source: Source, options: Options) -> Change:
    return Change(kind=ReconfigurationKind.APPLY, source=source, **options)


def _options(posted: FormData) -> Options:
    """What goes with every change: whether it waits, and what to do if it fails."""
    known = {each.value: each for each in OnFailure}
    on_failure = known.get(str(posted.get("on_failure", "")))
    return {"queues": "queues" in posted, "on_failure": on_failure}


def _replicas(posted: FormData, view: DeploymentView) -> dict[str, int]:
    """The numbers that are to be others. Raises: `InvalidRequest`."""
    found = {}
    for each in view.components:
        text = str(posted.get(f"replicas.{each.name}", each.wanted_replicas)).strip()
        if not (text.isdecimal() and len(text) < 6):
            raise InvalidRequest(f"{each.name} is to have a whole number of replicas")
        if int(text) != each.wanted_replicas:
            found[each.name] = int(text)
    return found


def _base(application: Application | None, view: DeploymentView) -> Mapping[str, Value]:
    """What parameters are now, as far as it is not their defaults."""
    chosen = application.configurations.get(view.configuration) if application else None
    return {**(chosen.parameters if chosen else {}), **view.parameters}


async def _kept(document: str, view: DeploymentView) -> Source:
    """What is chosen of a deployment that another document knows as well. Raises: `ModelError`."""
    application = await asyncio.to_thread(reading_applications.application, document)
    known = parameters.properties(application.parameters)
    kept = {name: value for name, value in view.parameters.items() if name in known}
    is_known = view.configuration in application.configurations
    return Source(parameters=kept, configuration=view.configuration if is_known else "")


async def _application(document: str) -> Application | None:
    try:
        return await asyncio.to_thread(reading_applications.application, document)
    except ModelError:
        return None


async def _versions(gate: Gate, view: DeploymentView) -> Sequence[str]:
    """The versions that could be changed to, the one that runs among them."""
    try:
        known = await gate.versions(view.application)
    except RipienoError:  # It was deployed from a document, or is not for this visitor.
        return ()
    found = [each.version for each in known if each.state is VersionState.PUBLISHED]
    return found if view.version in found else [*found, view.version]


async def _past(gate: Gate, seen: Seen) -> Sequence[ReconfigurationView]:
    """Reconfigurations after which the deployment was as it can be again, the newest first."""
    found, _ = await gate.reconfigurations(seen.view.id, after=None, limit=PAST + 1)
    return [
        each
        for each in found[1:]
        if each.state is ReconfigurationState.COMPLETED
        and each.kind is not ReconfigurationKind.REMOVE
    ]


async def _posted(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=MOST_DOCUMENT)


def _revision(request: Request) -> int:
    text = request.query_params.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _said(problem: RipienoError) -> str:
    line = getattr(problem, "line", None)
    return f"{problem} (line {line})" if line and "line" not in str(problem) else str(problem)


ROUTES = [
    Route("/deployments/{name}/configuration", configuration),
    Route("/deployments/{name}/configuration/stream", stream),
    Route("/deployments/{name}/configuration/preview", preview, methods=["POST"]),
    Route("/deployments/{name}/configuration/apply", apply, methods=["POST"]),
]
