"""One application: what it is, its versions, and the form that deploys it."""

import asyncio
import functools
from dataclasses import dataclass

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import Forbidden, NameInUse, NotFound
from ripieno.control.gate import Gate
from ripieno.control.requests import Change, Source
from ripieno.control.views import ReconfigurationKind
from ripieno.model import names, reading_applications
from ripieno.model.application import Application
from ripieno.model.errors import RipienoError
from ripieno.model.simulation import PhaseReport
from ripieno.store.records import VersionRecord
from ripieno.ui import form, launch, rendering, visit
from ripieno.ui.form import Form

MOST_FIELDS = 500
MOST_NAMES = 20
"""How many names are tried before the visitor has to think of one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """The form as it stands, and what it stands for."""

    form: Form
    name: str
    version: str | None
    command: str
    link: str
    name_error: str = ""
    fault: str = ""


async def application(request: Request) -> Response:
    """The page of an application; `?launch&set.a=b` fills its form in."""
    gate = visit.gate_of(request)
    name = request.path_params["name"]
    query = request.query_params
    record = await gate.application(name, query.get("version"))
    shown = await _read(record)
    filled = form.filled(
        shown.parameters,
        form.given(query.multi_items()),
        rendering.texts(request),
        checks="launch" in query,
    )
    return rendering.page(
        request,
        "application.html",
        section="catalogue",
        record=record,
        application=shown,
        launches="launch" in query,
        launch=_launch(record, filled, query.get("name") or await _free_name(gate, name), query),
    )


async def told(request: Request) -> Response:
    """What the form stands for as it is filled in now, and how long it would take."""
    gate = visit.gate_of(request)
    record, posted, filled = await _posted(request, gate)
    stands = _launch(record, filled, str(posted.get("name", "")).strip(), posted)
    predicted_s: float | None = None
    fault = filled.fault
    if filled.is_valid:
        try:
            forecast = await _forecast(gate, record, filled)
        except RipienoError as problem:
            fault = str(problem)
        else:
            predicted_s, fault = forecast.makespan_s, forecast.reason or ""
    return rendering.page(
        request, "launch_told.html", launch=stands, predicted_s=predicted_s, fault=fault
    )


async def deploy(request: Request) -> Response:
    """Deploy what the form says, and go where it can be watched."""
    gate = visit.gate_of(request)
    record, posted, filled = await _posted(request, gate)
    name = str(posted.get("name", "")).strip()
    name_error = fault = ""
    if filled.is_valid:
        try:
            view, _ = await gate.deploy(_source(record, filled), name=name or None, on_failure=None)
        except NameInUse as problem:
            name_error = str(problem)
        except Forbidden:
            raise
        except RipienoError as problem:
            fault = str(problem)
        else:
            return _go(request, f"/deployments/{view.name}")
    stands = _launch(record, filled, name, posted, name_error=name_error, fault=fault)
    is_part = rendering.is_fragment(request)
    return rendering.page(
        request,
        "launch.html" if is_part else "application.html",
        status=422,
        section="catalogue",
        record=record,
        application=await _read(record),
        launches=True,
        launch=stands,
    )


async def _posted(request: Request, gate: Gate) -> tuple[VersionRecord, FormData, Form]:
    posted = await request.form(max_files=0, max_fields=MOST_FIELDS)
    version = str(posted.get("version", "")) or None
    record = await gate.application(request.path_params["name"], version)
    schema = (await _read(record)).parameters
    given = form.given(posted.multi_items())
    return record, posted, form.filled(schema, given, rendering.texts(request))


def _launch(
    record: VersionRecord,
    filled: Form,
    name: str,
    asked: QueryParams | FormData,
    *,
    name_error: str = "",
    fault: str = "",
) -> Launch:
    version = str(asked.get("version", "")) or None
    said = name if name != record.application else None
    settings = filled.settings
    return Launch(
        form=filled,
        name=name,
        version=version,
        command=launch.command(record.application, settings, version=version, name=said),
        link=launch.link(record.application, settings, version=version),
        name_error=name_error,
        fault=fault or filled.fault,
    )


def _source(record: VersionRecord, filled: Form) -> Source:
    return Source(application=record.application, version=record.version, settings=filled.settings)


async def _forecast(gate: Gate, record: VersionRecord, filled: Form) -> PhaseReport:
    change = Change(kind=ReconfigurationKind.DEPLOY, source=_source(record, filled))
    return (await gate.preview(None, change)).plan.forecast


async def _free_name(gate: Gate, application: str) -> str:
    """A name that no deployment has yet: the application's, or one with the visitor's in it."""
    own = f"{application}-{gate.caller.user}"
    for name in (application, own, *(f"{own}-{number}" for number in range(2, MOST_NAMES))):
        if not names.is_slug(name):
            return ""
        try:
            await gate.deployment(name)
        except NotFound:
            return name
        except Forbidden:
            continue
    return ""


def _go(request: Request, address: str) -> Response:
    if rendering.is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


async def _read(record: VersionRecord) -> Application:
    return await asyncio.to_thread(_parsed, record.document)


@functools.lru_cache(maxsize=64)
def _parsed(document: str) -> Application:
    """What a document says. Published ones never change, so it need not be read every time."""
    return reading_applications.application(document)


ROUTES = [
    Route("/applications/{name}", application),
    Route("/applications/{name}/told", told, methods=["POST"]),
    Route("/applications/{name}/deploy", deploy, methods=["POST"]),
]
