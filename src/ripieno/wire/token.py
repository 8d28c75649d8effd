"""Tokens: what a client shows to be let in."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from ripieno.model.access import Scope
from ripieno.wire.base import Request, Response, Slug


class TokenRequest(Request):
    """A token to create; `ttl_s` is how many seconds it is good for (null: until revoked).

    It can have the scopes only that the token has by which it is asked for.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "ci", "ttl_s": 86400, "scopes": ["read"]}]}
    )

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}$")]
    ttl_s: Annotated[int, Field(ge=1, le=10 * 366 * 24 * 3600, strict=True)] | None = None
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))] | None = Field(
        default=None, description="null: those of the caller, without `admin`"
    )
    user: Slug | None = Field(default=None, description="whose it is, if not the caller's")


class TokenQuery(Request):
    """Whose tokens are wanted."""

    user: Slug | None = Field(default=None, description="of this user; by default all one may see")


class Token(Response):
    """A token, without the text that is shown to be let in."""

    id: str
    name: str
    user: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="exact to a minute or so")


class TokenPage(Response):
    """All tokens."""

    items: list[Token]


class CreatedToken(Token):
    """A new token; `token` is told this once and kept nowhere."""

    token: str
