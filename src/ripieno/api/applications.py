"""Routes: published applications."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from ripieno.api import idempotency, paging, shown
from ripieno.api.context import Control, Name, VersionName
from ripieno.api.route import Route
from ripieno.api.security import PREFIX
from ripieno.wire.application import (
    ApplicationPage,
    ApplicationVersion,
    Published,
    PublishRequest,
)
from ripieno.wire.page import PageQuery

router = APIRouter(route_class=Route, tags=["applications"])


@router.post(
    "/applications",
    status_code=201,
    responses={409: {}},
    dependencies=[Depends(idempotency.document_key)],
)
async def publish(request: PublishRequest, response: Response, control: Control) -> Published:
    """Publish a version of an application; it can not be changed afterwards."""
    name, version = await control.publish(request.document)
    response.headers["Location"] = f"{PREFIX}/applications/{name}/versions/{version}"
    return Published(name=name, version=version)


@router.get("/applications")
async def applications(
    request: Request, response: Response, query: Annotated[PageQuery, Query()], control: Control
) -> ApplicationPage:
    """List published applications."""
    listed, following = await control.applications(after=query.after, limit=query.limit)
    paging.link(request, response, following)
    return ApplicationPage(items=[shown.application(each) for each in listed], next=following)


@router.get("/applications/{name}")
async def application(name: Name, control: Control) -> ApplicationVersion:
    """Give the latest version of an application."""
    return shown.version(await control.application(name))


@router.get("/applications/{name}/versions/{version}")
async def application_version(
    name: Name, version: VersionName, control: Control
) -> ApplicationVersion:
    """Give one version of an application."""
    return shown.version(await control.application(name, version))
