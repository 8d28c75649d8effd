"""Routes: tokens."""

from typing import Annotated

from fastapi import Query, Response

from ripieno.api import routers, shown
from ripieno.api.context import Control, Id
from ripieno.wire.token import CreatedToken, TokenPage, TokenQuery, TokenRequest

router = routers.of("tokens")


@router.get("/tokens")
async def tokens(query: Annotated[TokenQuery, Query()], control: Control) -> TokenPage:
    """List one's own tokens, an administrator those of all; without their texts."""
    found = await control.tokens(user=query.user)
    return TokenPage(items=[shown.token(each) for each in found])


@router.post("/tokens", status_code=201, responses={409: {}})
async def create_token(request: TokenRequest, response: Response, control: Control) -> CreatedToken:
    """Make a token. Its text is in this answer and nowhere else."""
    record, text = await control.create_token(
        request.name, request.ttl_s, scopes=request.scopes, user=request.user
    )
    response.headers["Cache-Control"] = "no-store"
    return shown.created_token(record, text)


@router.delete("/tokens/{token}", status_code=204)
async def revoke_token(token: Id, control: Control) -> None:
    """Let nobody in with a token any more."""
    await control.revoke_token(token)
