"""Routes: quotas."""

from typing import Annotated

from fastapi import Path, Query

from ripieno.api import routers, shown
from ripieno.api.context import Control
from ripieno.wire.quota import SUBJECT, Quota, QuotaPage, QuotaQuery, QuotaRequest

router = routers.of("quotas")

Subject = Annotated[
    str, Path(pattern=SUBJECT, description="`user:NAME`, `group:NAME` or `everyone`")
]


@router.get("/quotas")
async def quotas(query: Annotated[QuotaQuery, Query()], control: Control) -> QuotaPage:
    """List the quotas that count what one has, to an administrator all; with what is used."""
    found = await control.quotas(user=query.user)
    return QuotaPage(items=[shown.quota(each) for each in found])


@router.put("/quotas/{subject}")
async def set_quota(subject: Subject, request: QuotaRequest, control: Control) -> Quota:
    """Set a quota, in the place of what it was. What runs already goes on.

    That of a group is for all that its members have together; that of everyone for each user who
    has none of their own.
    """
    view = await control.set_quota(
        subject,
        deployments=request.deployments,
        cpus=request.cpus,
        memory_mib=request.memory_mib,
    )
    return shown.quota(view)


@router.delete("/quotas/{subject}", status_code=204)
async def remove_quota(subject: Subject, control: Control) -> None:
    """Let a user or a group have as much as they like."""
    await control.remove_quota(subject)
