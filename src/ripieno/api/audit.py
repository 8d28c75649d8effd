"""Routes: the audit trail."""

from typing import Annotated

from fastapi import Query, Request, Response

from ripieno.api import paging, routers, shown
from ripieno.api.context import Control
from ripieno.store import records
from ripieno.wire.audit import AuditPage, AuditQuery

router = routers.of("audit")


@router.get("/audit")
async def audit(
    request: Request, response: Response, query: Annotated[AuditQuery, Query()], control: Control
) -> AuditPage:
    """Tell who did what, or was refused, the latest first."""
    wanted = records.AuditQuery(**query.model_dump(exclude={"after", "limit"}))
    found, following = await control.audit(wanted, after=query.after, limit=query.limit)
    paging.link(request, response, following)
    return AuditPage(items=[shown.deed(each) for each in found], next=following)
