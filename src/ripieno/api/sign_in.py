"""Routes: one-time links, by which a browser is signed in for who has a token."""

from fastapi import Request, Response

from ripieno.api import routers
from ripieno.api.context import Control
from ripieno.wire.sign_in import SignInLink, SignInLinkRequest

router = routers.of("users")


@router.post("/sign-in-links", status_code=201)
async def create_sign_in_link(
    wanted: SignInLinkRequest, request: Request, response: Response, control: Control
) -> SignInLink:
    """Make a link that lets a browser in once. It takes the place of an earlier one."""
    text, expires_at = await control.create_sign_in_link(wanted.user)
    response.headers["Cache-Control"] = "no-store"
    path = f"/sign-in/link/{text}"
    public_url = request.app.state.public_url
    return SignInLink(
        user=wanted.user or control.caller.user,
        path=path,
        url=None if public_url is None else public_url + path,
        expires_at=expires_at,
    )
