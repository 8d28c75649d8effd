"""Writing an application in the browser: an editor that says what is wrong, drafts, publishing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control import pictures
from ripieno.control.errors import Conflict, Forbidden, InvalidRequest
from ripieno.control.gate import Gate
from ripieno.control.policy import Action
from ripieno.model import bundle as bundles
from ripieno.model import names, reading_applications
from ripieno.model.access import EVERYONE
from ripieno.model.application import Application
from ripieno.model.bundle import Bundle, BundledFile
from ripieno.model.errors import ModelError
from ripieno.store.registered import VersionState
from ripieno.ui import depicting, rendering, visit
from ripieno.ui.pages import versions

MOST_FIELDS = bundles.MOST_FILES + 20
MOST_PART_BYTES = 2 * 1024 * 1024

BEGINNING = """\
name: my-application
version: 0.1.0
title: My application
summary: What it is for, in one line.
description: |
  What it does and how it is used, in **Markdown**.
category: Example
tags: []
parameters:
  properties:
    greeting: {type: string, default: Hello, title: Greeting}
components:
  web:
    type: service
    command: [python3, -m, http.server, "${port}"]
    env: {GREETING: "${parameters.greeting}"}
    tcp_ports: {http: auto}
    health: {http: /}
routes:
  - {component: web, tcp_port: http}
"""
"""What the editor begins with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a document is, or what is wrong with it: in which line, and what to do.

    `missing` are files that it refers to and that do not come with it.
    """

    application: Application | None = None
    line: int = 0
    problem: str = ""
    missing: Sequence[str] = ()


async def begin(request: Request) -> Response:
    """The editor, with the beginning of an application in it."""
    gate = visit.gate_of(request)
    check_publisher(gate)
    return await editor(request, Bundle(document=BEGINNING))


async def edit(request: Request) -> Response:
    """The editor, with a version in it; one that is published is where another begins."""
    gate = visit.gate_of(request)
    name, version = request.path_params["name"], request.query_params.get("version")
    entry = (await gate.registered(name, version)).entry
    if not gate.may(Action.SAVE_DRAFT, owner=entry.owner, editors=entry.editors):
        raise Forbidden(f"{gate.caller.user} may not edit {name}; ask {entry.owner}")
    found = await gate.registered(name, version)
    return await editor(
        request,
        await gate.bundle(name, found.version.version),
        name=name,
        version=found.version.version,
        is_published=found.version.state is not VersionState.DRAFT,
    )


async def check(request: Request) -> Response:
    """What there is to say of the document as it is now."""
    check_publisher(visit.gate_of(request))
    async with _posted(request) as posted:
        files = [*_texts(posted, "kept"), *_texts(posted, "chosen")]
        verdict = await judge(_text(posted, "document"), files)
    return rendering.page(request, "verdict.html", verdict=verdict)


async def save(request: Request) -> Response:
    """Save a draft, or publish."""
    gate = visit.gate_of(request)
    async with _posted(request) as posted:
        name, version = _text(posted, "name"), _text(posted, "version")
        document = _text(posted, "document")
        visibility = _text(posted, "visibility").replace(",", " ").split() or None
        bundle = Bundle(document=document)
        try:
            files = await _files(gate, posted)
            icon = await _pictures(posted, "icon", "")
            screenshots = await _pictures(posted, "screenshots", depicting.SCREENSHOTS)
            document = depicting.depicted(
                document, icon=next(iter(icon), None), screenshots=list(screenshots)
            )
            bundle = Bundle(document=document, files={**files, **icon, **screenshots})
            found = await gate.register(
                bundle,
                is_draft=_text(posted, "action") != "publish",
                visibility=None if name else visibility,
            )
        except (ModelError, Conflict, InvalidRequest) as problem:
            return await editor(
                request, bundle, name=name, version=version, fault=str(problem), status=422
            )
    address = versions.address(found.entry.name, found.version.version)
    if rendering.is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


async def editor(
    request: Request,
    bundle: Bundle,
    *,
    name: str = "",
    version: str = "",
    is_published: bool = False,
    fault: str = "",
    findings: object = None,
    status: int = 200,
) -> Response:
    """The page of the editor. `name` and `version`: of what was there before, if anything was."""
    return rendering.page(
        request,
        "editor.html",
        status=status,
        section="catalogue",
        document=bundle.document,
        files={path: len(each.content) for path, each in bundle.files.items()},
        name=name,
        version=version,
        is_published=is_published,
        everyone=EVERYONE,
        fault=fault,
        findings=findings,
        verdict=await judge(bundle.document, list(bundle.files)),
    )


async def judge(document: str, files: Sequence[str]) -> Verdict:
    """What there is to say of a document that comes with these files."""
    try:
        application = await asyncio.to_thread(reading_applications.application, document)
        wanted = bundles.wanted(application)
    except ModelError as problem:
        return Verdict(line=getattr(problem, "line", 0), problem=str(problem))
    missing = [each for each in wanted if not bundles.matching(each, files)]
    return Verdict(application=application, missing=missing)


async def _files(gate: Gate, posted: FormData) -> dict[str, BundledFile]:
    """The files that stay, and those that come with the form. Raises: a `ModelError`."""
    files: dict[str, BundledFile] = {}
    name, version, kept = _text(posted, "name"), _text(posted, "version"), _texts(posted, "kept")
    if name and version and kept:
        known = (await gate.bundle(name, version)).files
        files |= {path: known[path] for path in kept if path in known}
    return files | await _uploads(posted, "files", _text(posted, "folder").strip("/ "))


async def _pictures(posted: FormData, name: str, folder: str) -> dict[str, BundledFile]:
    """Pictures that come with the form. Raises: `BundleError` for what is none, or too large."""
    found = await _uploads(posted, name, folder)
    most_bytes = pictures.MOST_SCREENSHOT_BYTES if folder else pictures.MOST_ICON_BYTES
    for path, each in found.items():
        pictures.media_type(path, each.content, most_bytes=most_bytes)
    return found


async def _uploads(posted: FormData, name: str, folder: str) -> dict[str, BundledFile]:
    """Files that come with the form, by their paths. Raises: `BundleError`."""
    files = {}
    for upload in posted.getlist(name):
        if isinstance(upload, UploadFile) and upload.filename:
            path = f"{folder}/{upload.filename}" if folder else upload.filename
            bundles.check_path(path)
            files[path] = BundledFile(content=await upload.read())
    return files


def check_publisher(gate: Gate) -> None:
    """Let nobody in who may publish nothing. Raises: `Forbidden`."""
    if not gate.may(Action.SAVE_DRAFT):
        raise Forbidden(
            f"{gate.caller.user} may not publish applications: it takes the role publisher; ask an "
            "administrator"
        )


@asynccontextmanager
async def _posted(request: Request) -> AsyncIterator[FormData]:
    """What the editor sends; the files that came with it are closed at the end."""
    form = request.form(
        max_files=bundles.MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_PART_BYTES
    )
    async with form as posted:
        name = _text(posted, "name")
        if name and not names.is_slug(name):
            raise InvalidRequest("this form is of no application; open the editor again")
        yield posted


def _text(posted: FormData, name: str) -> str:
    value = posted.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _texts(posted: FormData, name: str) -> list[str]:
    return [each for each in posted.getlist(name) if isinstance(each, str)]


ROUTES = [
    Route("/publish", begin, methods=["GET"]),
    Route("/publish", save, methods=["POST"]),
    Route("/publish/check", check, methods=["POST"]),
    Route("/applications/{name}/edit", edit, methods=["GET"]),
]
