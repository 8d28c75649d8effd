"""Routes: drafts of applications, made of what others wrote."""

from ripieno.api import routers
from ripieno.api.context import Control
from ripieno.wire.importing import (
    Draft,
    ImportBoutiquesRequest,
    ImportComposeRequest,
    ImportImageRequest,
)

router = routers.of("imports")


@router.post("/imports/image")
async def import_image(request: ImportImageRequest, control: Control) -> Draft:
    """Make a draft of an image, out of what its registry knows; nothing is registered."""
    draft = await control.import_image(request.image, name=request.name or "")
    return Draft.model_validate(draft)


@router.post("/imports/boutiques")
async def import_boutiques(request: ImportBoutiquesRequest, control: Control) -> Draft:
    """Make a draft of a Boutiques descriptor; nothing is registered."""
    draft = await control.import_boutiques(request.document, name=request.name or "")
    return Draft.model_validate(draft)


@router.post("/imports/compose")
async def import_compose(request: ImportComposeRequest, control: Control) -> Draft:
    """Make a draft of a Compose file; nothing is registered."""
    draft = await control.import_compose(
        request.document, name=request.name or "", files=request.files, profiles=request.profiles
    )
    return Draft.model_validate(draft)
