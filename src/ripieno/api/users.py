"""Routes: users."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from ripieno.api import idempotency, paging, routers, shown
from ripieno.api.context import Control, Name
from ripieno.api.security import PREFIX
from ripieno.wire.page import PageQuery
from ripieno.wire.user import (
    Me,
    PasswordRequest,
    RemoveUserQuery,
    User,
    UserChange,
    UserPage,
    UserRequest,
)

router = routers.of("users")


@router.get("/me")
async def whoami(control: Control) -> Me:
    """Tell who asks, and what the token is good for."""
    return shown.me(await control.me(), control.caller)


@router.get("/users")
async def users(
    request: Request, response: Response, query: Annotated[PageQuery, Query()], control: Control
) -> UserPage:
    """List users, by name."""
    views, following = await control.users(after=query.after, limit=query.limit)
    paging.link(request, response, following)
    return UserPage(items=[shown.user(each) for each in views], next=following)


@router.post(
    "/users",
    status_code=201,
    responses={409: {}},
    dependencies=[Depends(idempotency.document_key)],
)
async def add_user(request: UserRequest, response: Response, control: Control) -> User:
    """Make a user."""
    view = await control.add_user(
        request.name,
        role=request.role,
        display_name=request.display_name,
        email=request.email,
        password=request.password.get_secret_value() if request.password else None,
    )
    response.headers["Location"] = f"{PREFIX}/users/{view.name}"
    return shown.user(view)


@router.get("/users/{name}")
async def user(name: Name, control: Control) -> User:
    """Tell about a user; about others, to administrators."""
    return shown.user(await control.user(name))


@router.patch("/users/{name}", responses={409: {}})
async def change_user(name: Name, request: UserChange, control: Control) -> User:
    """Change a user. Users may change how they are named and written to, administrators all."""
    view = await control.change_user(
        name,
        role=request.role,
        display_name=request.display_name,
        email=request.email,
        is_disabled=request.is_disabled,
    )
    return shown.user(view)


@router.put("/users/{name}/password", status_code=204)
async def set_password(name: Name, request: PasswordRequest, control: Control) -> None:
    """Give a user a password, and sign them out everywhere."""
    given = request.password
    await control.set_password(name, given.get_secret_value() if given else None)


@router.delete("/users/{name}", status_code=204, responses={409: {}})
async def remove_user(
    name: Name, query: Annotated[RemoveUserQuery, Query()], control: Control
) -> None:
    """Forget a user, their tokens and sessions. What they own has to be given to another."""
    await control.remove_user(name, to=query.to)
