"""Beginning an application with what others wrote: what was found lands in the editor."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.importers.boutiques import boutiques
from ripieno.importers.draft import Draft
from ripieno.importers.errors import ImporterError
from ripieno.model.bundle import Bundle
from ripieno.ui import rendering, visit
from ripieno.ui.pages import publishing

MOST_PART_BYTES = 2 * 1024 * 1024

KINDS: dict[str, Callable[[str], Draft]] = {"boutiques": boutiques}
"""What can be imported, and how a text becomes a draft."""


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
    async with request.form(max_files=1, max_fields=10, max_part_size=MOST_PART_BYTES) as posted:
        upload, text = posted.get("file"), posted.get("text", "")
        if isinstance(upload, UploadFile) and upload.filename:
            text = (await upload.read()).decode("utf-8-sig", "replace")
    text = text if isinstance(text, str) else ""
    try:
        draft = await asyncio.to_thread(KINDS[kind], text)
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


ROUTES = [
    Route("/publish/import", choose, methods=["GET"]),
    Route("/publish/import/{kind}", read, methods=["POST"]),
]
