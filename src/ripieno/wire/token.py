"""Tokens: what a client shows to be let in."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from ripieno.wire.base import Request, Response


class TokenRequest(Request):
    """A token to create; `ttl_s` is how many seconds it is good for (null: until revoked)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "ci", "ttl_s": 86400}]})

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}$")]
    ttl_s: Annotated[int, Field(ge=1, le=10 * 366 * 24 * 3600, strict=True)] | None = None


class Token(Response):
    """A token, without the text that is shown to be let in."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenPage(Response):
    """All tokens."""

    items: list[Token]


class CreatedToken(Token):
    """A new token; `token` is told this once and kept nowhere."""

    token: str
