"""Beginning an application with what others wrote: what was found lands in the editor."""

from collections.abc import Mapping

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ripieno.control.errors import InvalidRequest
from ripieno.control.gate import Gate
from ripieno.images.errors import ImageError
from ripieno.importers.draft import Draft
from ripieno.importers.errors import ImporterError
from ripieno.model.bundle import Bundle
from ripieno.ui import rendering, visit
from ripieno.ui.pages import publishing

MOST_PART_BYTES = 2 * 1024 * 1024
MOST_FILES = 20

KINDS = ("image", "compose", "boutiques")
"""What can be imported."""

NOTHING = "there is nothing to import; choose a file, or paste what is in it"


async def choose(request: Request) -> Response:
    """The ways to begin."""
    publishing.check_publisher(visit.gate_of(request))
    return rendering.page(request, "importing.html", section="catalogue", faults={}, texts={})


async def read(request: Request) -> Response:
    """Make a draft of what was sent, and go on in the editor."""
    gate = visit.gate_of(request)
    kind = request.path_params["kind"]
    form = request.form(max_files=MOST_FILES, max_fields=10, max_part_size=MOST_PART_BYTES)
    async with form as posted:
        text = await _read(posted.get("file")) or str(posted.get("text", ""))
        files = {
            each.filename or "": await _read(each)
            for each in posted.getlist("others")
            if isinstance(each, UploadFile) and each.filename
        }
    try:
        draft = await _draft(gate, kind, text, files)
    except (ImporterError, ImageError) as problem:
        fault = str(problem) if text.strip() else NOTHING
        return rendering.page(
            request,
            "importing.html",
            status=422,
            section="catalogue",
            faults={kind: fault},
            texts={kind: text},
        )
    return await publishing.editor(request, Bundle(document=draft.document), findings=draft)


async def _draft(gate: Gate, kind: str, text: str, files: Mapping[str, str]) -> Draft:
    match kind:
        case "image":
            return await gate.import_image(text.strip())
        case "boutiques":
            return await gate.import_boutiques(text)
        case "compose":
            return await gate.import_compose(text, name="composed", files=files)
    raise InvalidRequest(f"nothing is imported from {kind}; take {', '.join(KINDS)}")


async def _read(upload: object) -> str:
    if not isinstance(upload, UploadFile) or not upload.filename:
        return ""
    return (await upload.read()).decode("utf-8-sig", "replace")


ROUTES = [
    Route("/publish/import", choose, methods=["GET"]),
    Route("/publish/import/{kind}", read, methods=["POST"]),
]
