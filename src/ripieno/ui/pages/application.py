"""One application: what it is, its versions, and the form that deploys it."""

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import Forbidden, NameInUse
from ripieno.control.gate import Gate
from ripieno.control.policy import Action
from ripieno.control.requests import Change, Source
from ripieno.control.views import ReconfigurationKind
from ripieno.model import names, reading_applications
from ripieno.model.application import Application
from ripieno.model.component_type import Value
from ripieno.model.errors import RipienoError
from ripieno.store.registered import Registered, VersionRecord
from ripieno.ui import form, launch, rendering, visit
from ripieno.ui.form import Form
from ripieno.ui.pages import pictures

MOST_FIELDS = 500
MOST_NAMES = 20
"""How many names are tried before the visitor has to think of one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """The form as it stands, and what it stands for."""

    form: Form
    name: str
    version: str | None
    configuration: str
    command: str
    link: str
    name_error: str = ""
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an address or a form asks for, of which application."""

    found: Registered
    application: Application
    items: QueryParams | FormData
    form: Form

    @property
    def record(self) -> VersionRecord:
        """The version."""
        return self.found.version

    def text(self, name: str) -> str:
        """One of the things asked for besides parameters."""
        value = self.items.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    @property
    def configuration(self) -> str:
        """The configuration that is chosen, if there is such a one."""
        return _known(self.application, self.text("configuration"))

    @property
    def version(self) -> str | None:
        """The version, if it has to be named; None: the latest, whichever that is."""
        is_latest = self.record.version == self.found.entry.latest
        return None if is_latest else self.record.version

    def launch(self, name: str, *, name_error: str = "", fault: str = "") -> Launch:
        """The form, with a name for the deployment, and what it stands for."""
        version = self.version
        configuration = self.configuration
        stands = {"version": version, "configuration": configuration or None}
        said = name if name != self.record.application else None
        application, settings = self.record.application, self.form.settings
        return Launch(
            form=self.form,
            name=name,
            version=version,
            configuration=configuration,
            command=launch.command(application, settings, name=said, **stands),
            link=launch.link(application, settings, **stands),
            name_error=name_error,
            fault=fault or self.form.fault,
        )

    def source(self) -> Source:
        """What is to be deployed."""
        return Source(
            application=self.record.application,
            version=self.record.version,
            settings=self.form.settings,
            configuration=self.configuration or None,
        )


async def application(request: Request) -> Response:
    """The page of an application; `?launch&set.a=b` fills its form in."""
    gate = visit.gate_of(request)
    query = request.query_params
    found = await gate.registered(request.path_params["name"], query.get("version"))
    if found.version.problem:
        return await _page(request, gate, found)
    asked = await _asked(request, found, query, checks="launch" in query)
    name = asked.text("name") or await _free_name(gate, found.entry.name)
    return await _page(request, gate, found, asked, asked.launch(name), launches="launch" in query)


async def told(request: Request) -> Response:
    """What the form stands for as it is filled in now, and how long it would take."""
    gate = visit.gate_of(request)
    asked = await posted(request, gate)
    predicted_s: float | None = None
    fault = asked.form.fault
    if asked.form.is_valid:
        change = Change(kind=ReconfigurationKind.DEPLOY, source=asked.source())
        try:
            forecast = (await gate.preview(None, change)).plan.forecast
        except RipienoError as problem:
            fault = str(problem)
        else:
            predicted_s, fault = forecast.makespan_s, forecast.reason or ""
    return rendering.page(
        request,
        "launch_told.html",
        launch=asked.launch(asked.text("name")),
        predicted_s=predicted_s,
        fault=fault,
    )


async def configure(request: Request) -> Response:
    """The form with another configuration: what it sets, and what the visitor set otherwise."""
    gate = visit.gate_of(request)
    asked = await posted(request, gate, over="shown_configuration")
    chosen = _base(asked.application, asked.configuration)
    kept = {name: text for name, text in asked.form.settings.items() if name not in chosen}
    schema = asked.application.parameters
    changed = form.filled(schema, kept, rendering.texts(request), base=chosen, checks=False)
    return _part(request, replace(asked, form=changed).launch(asked.text("name")), asked)


async def deploy(request: Request) -> Response:
    """Deploy what the form says, and go where it can be watched."""
    gate = visit.gate_of(request)
    asked = await posted(request, gate)
    name = asked.text("name")
    name_error = fault = ""
    if asked.form.is_valid:
        try:
            view, _ = await gate.deploy(asked.source(), name=name or None, on_failure=None)
        except NameInUse as problem:
            name_error = str(problem)
        except Forbidden:
            raise
        except RipienoError as problem:
            fault = str(problem)
        else:
            return _go(request, f"/deployments/{view.name}")
    stands = asked.launch(name, name_error=name_error, fault=fault)
    if rendering.is_fragment(request):
        return _part(request, stands, asked, status=422)
    return await _page(request, gate, asked.found, asked, stands, launches=True, status=422)


async def posted(request: Request, gate: Gate, *, over: str = "configuration") -> Asked:
    """What a form asks for; `over` names the configuration that its texts were written over."""
    posted = await request.form(max_files=0, max_fields=MOST_FIELDS)
    version = str(posted.get("version", "")) or None
    found = await gate.registered(request.path_params["name"], version)
    return await _asked(request, found, posted, over=over)


async def _page(
    request: Request,
    gate: Gate,
    found: Registered,
    asked: Asked | None = None,
    stands: Launch | None = None,
    *,
    launches: bool = False,
    status: int = 200,
) -> Response:
    """The whole page; without a form for a draft that is not an application yet."""
    entry, record = found.entry, found.version
    return rendering.page(
        request,
        "application.html",
        status=status,
        section="catalogue",
        entry=entry,
        record=record,
        application=asked.application if asked else None,
        versions=await gate.versions(entry.name),
        application_name=entry.name,
        saved=await gate.saved_configurations(entry.name) if asked else (),
        edits=gate.may(Action.SAVE_DRAFT, owner=entry.owner, editors=entry.editors),
        shares=gate.may(Action.SHARE_APPLICATION, owner=entry.owner),
        icon=pictures.icon_of(record),
        screenshot=functools.partial(pictures.screenshot, entry.name, record.version),
        launches=launches,
        launch=stands,
    )


def _part(request: Request, stands: Launch, asked: Asked, status: int = 200) -> Response:
    return rendering.page(
        request,
        "launch.html",
        status=status,
        record=asked.record,
        application=asked.application,
        launches=False,
        launch=stands,
    )


async def _asked(
    request: Request,
    found: Registered,
    items: QueryParams | FormData,
    *,
    over: str = "configuration",
    checks: bool = True,
) -> Asked:
    shown = await asyncio.to_thread(_parsed, found.version.document)
    filled = form.filled(
        shown.parameters,
        form.given(items.multi_items()),
        rendering.texts(request),
        base=_base(shown, str(items.get(over, ""))),
        checks=checks,
    )
    return Asked(found=found, application=shown, items=items, form=filled)


def _known(application: Application, configuration: str) -> str:
    return configuration if configuration in application.configurations else ""


def _base(application: Application, configuration: str) -> Mapping[str, Value]:
    """What a configuration sets, nothing if there is no such one."""
    found = application.configurations.get(configuration)
    return found.parameters if found is not None else {}


async def _free_name(gate: Gate, application: str) -> str:
    """A name that no deployment has yet: the application's, or one with the visitor's in it.

    Whoever may not deploy needs none.
    """
    if not gate.may(Action.DEPLOY):
        return application
    own = f"{application}-{gate.caller.user}"
    for name in (application, own, *(f"{own}-{number}" for number in range(2, MOST_NAMES))):
        if not names.is_slug(name):
            return ""
        if not await gate.is_taken(name):
            return name
    return ""


def _go(request: Request, address: str) -> Response:
    if rendering.is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


@functools.lru_cache(maxsize=64)
def _parsed(document: str) -> Application:
    """What a document says, which need not be read anew for every letter that is typed."""
    return reading_applications.application(document)


ROUTES = [
    Route("/applications/{name}", application),
    Route("/applications/{name}/told", told, methods=["POST"]),
    Route("/applications/{name}/form", configure, methods=["POST"]),
    Route("/applications/{name}/deploy", deploy, methods=["POST"]),
]
