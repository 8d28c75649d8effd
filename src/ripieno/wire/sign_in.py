"""One-time links: what a browser opens to be signed in."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from ripieno.wire.base import SLUG, Request, Response


class SignInLinkRequest(Request):
    """Whom the link is to let in (null: who asks)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user": "alice"}, {"user": None}]})

    user: Annotated[str, StringConstraints(pattern=SLUG)] | None = None


class SignInLink(Response):
    """A link that lets a user in once, until it expires.

    `path` is where it is on the server; `url` the whole address, if the server knows its own.
    """

    user: str
    path: str
    url: str | None
    expires_at: Annotated[datetime, Field(examples=["2026-03-01T12:30:00Z"])]
