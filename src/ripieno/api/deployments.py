"""Routes: deployments, and asking for changes of them."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from ripieno.api import asked, etag, idempotency, paging, routers, shown
from ripieno.api.context import Control, DeploymentName, Id
from ripieno.api.security import PREFIX
from ripieno.control.requests import Decision
from ripieno.wire import reconfiguration as wire
from ripieno.wire.deployment import Deployed, Deployment, DeploymentPage, DeployRequest
from ripieno.wire.life import ExtendRequest
from ripieno.wire.page import PageQuery
from ripieno.wire.reconfiguration import (
    ChangeRequest,
    Reconfiguration,
    ReconfigurationPage,
    RemoveQuery,
)

router = routers.of("deployments")
ONCE = [Depends(idempotency.document_key)]


@router.post("/deployments", status_code=201, responses={409: {}}, dependencies=ONCE)
async def deploy(request: DeployRequest, response: Response, control: Control) -> Deployed:
    """Bring up an application. It is answered at once; the reconfiguration tells how it goes on."""
    deployment, reconfiguration = await control.deploy(
        asked.source(request),
        name=request.name,
        on_failure=asked.on_failure(request.on_failure),
    )
    response.headers["Location"] = f"{PREFIX}/deployments/{deployment.name}"
    return Deployed(
        deployment=shown.deployment(deployment),
        reconfiguration=shown.reconfiguration(reconfiguration),
    )


@router.get("/deployments")
async def deployments(
    request: Request, response: Response, query: Annotated[PageQuery, Query()], control: Control
) -> DeploymentPage:
    """List deployments, without their components."""
    views, following = await control.deployments(after=query.after, limit=query.limit)
    paging.link(request, response, following)
    return DeploymentPage(items=[shown.deployment(each) for each in views], next=following)


@router.get("/deployments/{deployment}")
async def deployment(
    deployment: DeploymentName, response: Response, control: Control
) -> Deployment:
    """Tell how a deployment and each of its components is."""
    view = await control.deployment(deployment)
    response.headers["ETag"] = str(view.revision)
    return shown.deployment(view)


@router.delete("/deployments/{deployment}", status_code=202, responses={409: {}, 412: {}})
async def remove(
    deployment: DeploymentName,
    response: Response,
    query: Annotated[RemoveQuery, Query()],
    control: Control,
    if_match: etag.IfMatch = None,
) -> Reconfiguration:
    """Take a deployment down, and forget it when that is done."""
    view = await control.change(
        deployment, asked.removal(query), revision=etag.revision_of(if_match)
    )
    response.headers["Location"] = f"{PREFIX}/reconfigurations/{view.id}"
    return shown.reconfiguration(view)


@router.post(
    "/deployments/{deployment}/reconfigurations",
    status_code=202,
    responses={409: {}, 412: {}},
    dependencies=ONCE,
)
async def change(
    deployment: DeploymentName,
    request: ChangeRequest,
    response: Response,
    control: Control,
    if_match: etag.IfMatch = None,
) -> Reconfiguration:
    """Ask for a change. It is planned before it is accepted, and carried out after the answer."""
    view = await control.change(
        deployment, asked.change(request), revision=etag.revision_of(if_match)
    )
    response.headers["Location"] = f"{PREFIX}/reconfigurations/{view.id}"
    return shown.reconfiguration(view)


@router.post(
    "/deployments/{deployment}/extension",
    responses={409: {}},
    dependencies=ONCE,
)
async def extend(
    deployment: DeploymentName, request: ExtendRequest, control: Control
) -> Deployment:
    """Let a deployment live for longer than it would."""
    return shown.deployment(await control.extend(deployment, request.hours))


@router.get("/deployments/{deployment}/reconfigurations")
async def reconfigurations(
    deployment: DeploymentName,
    request: Request,
    response: Response,
    query: Annotated[PageQuery, Query()],
    control: Control,
) -> ReconfigurationPage:
    """List what was asked of a deployment, the newest first."""
    views, following = await control.reconfigurations(
        deployment, after=query.after, limit=query.limit
    )
    paging.link(request, response, following)
    return ReconfigurationPage(
        items=[shown.reconfiguration(each) for each in views], next=following
    )


@router.post(
    "/deployments/{deployment}/components/{component}/transitions/{transition}/{decision}",
    status_code=204,
    responses={409: {}},
    dependencies=ONCE,
)
async def decide(
    deployment: DeploymentName,
    component: Id,
    transition: Id,
    decision: wire.Decision,
    control: Control,
) -> None:
    """Say what to do about a transition that has failed."""
    await control.decide(deployment, component, transition, Decision(decision))
