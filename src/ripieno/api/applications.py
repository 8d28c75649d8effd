"""Routes: registered applications."""

import asyncio
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from ripieno.api import asked, idempotency, paging, routers, shown
from ripieno.api.context import Control, Name, VersionName
from ripieno.api.errors import UnsupportedContent
from ripieno.api.security import PREFIX
from ripieno.control import pictures
from ripieno.store.registered import Registered
from ripieno.wire import archive
from ripieno.wire.application import (
    Application,
    ApplicationPage,
    ApplicationVersion,
    RegisterQuery,
    RegisterRequest,
    RemoveApplicationQuery,
    SearchQuery,
    ShareRequest,
    VersionEntry,
    VersionPage,
    YankRequest,
)

router = routers.of("applications")

ARCHIVE = f"{PREFIX}/applications/archive"
"""Where archives are sent to, which may be larger than other requests."""

_ARCHIVES = (archive.MEDIA_TYPE, "application/x-gzip", "application/x-tar")
_BINARY = {"schema": {"type": "string", "format": "binary"}}

Picture = Annotated[str, Path(max_length=300, description="path of the file")]


@router.post(
    "/applications",
    status_code=201,
    responses={409: {}},
    dependencies=[Depends(idempotency.document_key)],
)
async def register(request: RegisterRequest, response: Response, control: Control) -> VersionEntry:
    """Register a version of an application. Once published it can not be changed."""
    found = await control.register(
        asked.bundle(request), is_draft=request.is_draft, visibility=request.visibility
    )
    return _made(found, response)


@router.post(
    "/applications/archive",
    status_code=201,
    responses={409: {}},
    openapi_extra={
        "requestBody": {"required": True, "content": {archive.MEDIA_TYPE: _BINARY}},
    },
)
async def register_archive(
    request: Request, query: Annotated[RegisterQuery, Query()], response: Response, control: Control
) -> VersionEntry:
    """Register a version with its files. The archive has application.yaml at its top."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _ARCHIVES:
        raise UnsupportedContent(f"send the archive as Content-Type: {archive.MEDIA_TYPE}")
    bundle = await asyncio.to_thread(archive.unpack, await request.body())
    found = await control.register(bundle, is_draft=query.draft, visibility=query.visibility)
    return _made(found, response)


@router.get("/applications")
async def applications(
    request: Request, response: Response, query: Annotated[SearchQuery, Query()], control: Control
) -> ApplicationPage:
    """Find applications, or list them. Only those are found that the caller may see."""
    found = await control.search(asked.search(query))
    paging.link(request, response, found.next)
    return shown.found(found)


@router.get("/applications/{name}")
async def application(name: Name, control: Control) -> ApplicationVersion:
    """Give the version that presents an application. It is the latest release, if there is one."""
    return shown.version(await control.registered(name))


@router.patch("/applications/{name}")
async def share_application(name: Name, request: ShareRequest, control: Control) -> Application:
    """Say who owns an application and who may see it."""
    return shown.application(
        await control.share(name, owner=request.owner, visibility=request.visibility)
    )


@router.delete("/applications/{name}", status_code=204, responses={409: {}})
async def remove_application(
    name: Name, query: Annotated[RemoveApplicationQuery, Query()], control: Control
) -> None:
    """Forget an application with all of its versions. Not while it is deployed, unless forced."""
    await control.remove(name, force=query.force)


@router.get("/applications/{name}/icon", response_class=Response, responses={200: {}})
async def application_icon(name: Name, control: Control) -> Response:
    """Give the icon of an application."""
    return _picture(await control.picture(name, None))


@router.get("/applications/{name}/versions")
async def application_versions(name: Name, control: Control) -> VersionPage:
    """List the versions of an application. Drafts are listed for those who may edit it."""
    found = await control.versions(name)
    return VersionPage(items=[shown.version_entry(each) for each in found], next=None)


@router.get("/applications/{name}/versions/{version}")
async def application_version(
    name: Name, version: VersionName, control: Control
) -> ApplicationVersion:
    """Give one version of an application."""
    return shown.version(await control.registered(name, version))


@router.delete("/applications/{name}/versions/{version}", status_code=204, responses={409: {}})
async def remove_version(
    name: Name,
    version: VersionName,
    query: Annotated[RemoveApplicationQuery, Query()],
    control: Control,
) -> None:
    """Forget a version or a draft. Not while it is deployed, unless forced."""
    await control.remove(name, version, force=query.force)


@router.post("/applications/{name}/versions/{version}/publish", responses={409: {}})
async def publish_version(name: Name, version: VersionName, control: Control) -> VersionEntry:
    """Publish a draft."""
    return shown.version_entry((await control.publish(name, version)).version)


@router.post("/applications/{name}/versions/{version}/yank", status_code=204, responses={409: {}})
async def yank(name: Name, version: VersionName, request: YankRequest, control: Control) -> None:
    """Withdraw a version. It stays, but is deployed only by those who name it."""
    await control.yank(name, version, request.reason)


@router.post("/applications/{name}/versions/{version}/unyank", status_code=204, responses={409: {}})
async def unyank(name: Name, version: VersionName, control: Control) -> None:
    """Bring a version back that was withdrawn."""
    await control.unyank(name, version)


@router.get(
    "/applications/{name}/versions/{version}/archive",
    response_class=Response,
    responses={200: {"content": {archive.MEDIA_TYPE: _BINARY}}},
)
async def application_archive(name: Name, version: VersionName, control: Control) -> Response:
    """Give a version with its files. What is given can be registered elsewhere."""
    bundle = await control.bundle(name, version)
    content = await asyncio.to_thread(archive.pack, bundle)
    told = {"Content-Disposition": f'attachment; filename="{name}-{version}.tar.gz"'}
    return Response(content, media_type=archive.MEDIA_TYPE, headers=told)


@router.get(
    "/applications/{name}/versions/{version}/pictures/{file:path}",
    response_class=Response,
    responses={200: {}},
)
async def application_picture(
    name: Name, version: VersionName, file: Picture, control: Control
) -> Response:
    """Give an icon or a screenshot of a version."""
    return _picture(await control.picture(name, version, file))


def _made(found: Registered, response: Response) -> VersionEntry:
    record = found.version
    response.headers["Location"] = (
        f"{PREFIX}/applications/{record.application}/versions/{record.version}"
    )
    return shown.version_entry(record)


def _picture(found: pictures.Picture) -> Response:
    return Response(found.content, media_type=found.media_type, headers=dict(pictures.HEADERS))
