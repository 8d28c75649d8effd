"""Routes: groups of users."""

from fastapi import Depends, Response

from ripieno.api import idempotency, routers, shown
from ripieno.api.context import Control, Name
from ripieno.api.security import PREFIX
from ripieno.wire.group import Group, GroupChange, GroupPage, GroupRequest, MemberRequest

router = routers.of("groups")


@router.get("/groups")
async def groups(control: Control) -> GroupPage:
    """List all groups and who is in them."""
    return GroupPage(items=[shown.group(each) for each in await control.groups()])


@router.post(
    "/groups",
    status_code=201,
    responses={409: {}},
    dependencies=[Depends(idempotency.document_key)],
)
async def add_group(request: GroupRequest, response: Response, control: Control) -> Group:
    """Make a group with nobody in it."""
    view = await control.add_group(request.name, description=request.description)
    response.headers["Location"] = f"{PREFIX}/groups/{view.name}"
    return shown.group(view)


@router.get("/groups/{name}")
async def group(name: Name, control: Control) -> Group:
    """Tell about a group and who is in it."""
    return shown.group(await control.group(name))


@router.patch("/groups/{name}")
async def describe_group(name: Name, request: GroupChange, control: Control) -> Group:
    """Say something else of a group; for its managers and administrators."""
    return shown.group(await control.describe_group(name, request.description))


@router.delete("/groups/{name}", status_code=204)
async def remove_group(name: Name, control: Control) -> None:
    """Forget a group. Who had access by it has not any more."""
    await control.remove_group(name)


@router.put("/groups/{name}/members/{user}")
async def put_member(name: Name, user: Name, request: MemberRequest, control: Control) -> Group:
    """Put a user into a group; for its managers and administrators."""
    return shown.group(await control.put_member(name, user, is_manager=request.is_manager))


@router.delete("/groups/{name}/members/{user}", status_code=204)
async def remove_member(name: Name, user: Name, control: Control) -> None:
    """Take a user out of a group; for its managers and administrators."""
    await control.remove_member(name, user)
