"""Beginning an application with what others wrote: what was found lands in the editor."""

import asyncio
from collections.abc import Callable, Mapping

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.importers.boutiques import boutiques
from ripieno.importers.compose import compose
from ripieno.importers.draft import Draft
from ripieno.importers.errors import ImporterError
from ripieno.model.bundle import Bundle
from ripieno.ui import rendering, visit
from ripieno.ui.pages import publishing

MOST_PART_BYTES = 2 * 1024 * 1024

MOST_FILES = 20

Reading = Callable[[str, Mapping[str, str]], Draft]
"""A text and the files that came with it, by their names, become a draft."""


def _boutiques(text: str, files: Mapping[str, str]) -> Draft:
    return boutiques(text)


def _compose(text: str, files: Mapping[str, str]) -> Draft:
    return compose(text, folder="composed", files=files)


KINDS: dict[str, Reading] = {"boutiques": _boutiques, "compose": _compose}
"""What can be imported."""


async def choose(request: Request) -> Response:
    """The ways to begin."""
    publishing.check_publisher(visit.gate_of(request))
    return rendering.page(request, "importing.html", section="catalogue", faults={}, texts={})


async def read(request: Request) -> Response:
    """Make a draft of what was sent, and go on in the editor."""
    publishing.check_publisher(visit.gate_of(request))
    kind = request.path_params["kind"]
    if kind not in KINDS:
        raise InvalidRequest(f"nothing is imported from {kind}; take {', '.join(KINDS)}")
    form = request.form(max_files=MOST_FILES, max_fields=10, max_part_size=MOST_PART_BYTES)
    async with form as posted:
        text = await _read(posted.get("file")) or str(posted.get("text", ""))
        files = {
            each.filename or "": await _read(each)
            for each in posted.getlist("others")
            if isinstance(each, UploadFile) and each.filename
        }
    try:
        draft = await asyncio.to_thread(KINDS[kind], text, files)
    except ImporterError as problem:
        return rendering.page(
            request,
            "importing.html",
            status=422,
            section="catalogue",
            faults={kind: str(problem)},
            texts={kind: text},
        )
    return await publishing.editor(request, Bundle(document=draft.document), findings=draft)


async def _read(upload: object) -> str:
    if not isinstance(upload, UploadFile) or not upload.filename:
        return ""
    return (await upload.read()).decode("utf-8-sig", "replace")


ROUTES = [
    Route("/publish/import", choose, methods=["GET"]),
    Route("/publish/import/{kind}", read, methods=["POST"]),
]
