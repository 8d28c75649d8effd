"""The audit trail: who did what, from where, to which thing, with which result."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from ripieno.wire.base import NO_ZERO, Moment, Response, Slug
from ripieno.wire.page import Page, PageQuery


class Result(StrEnum):
    """What became of something."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    FAILED = "failed"


class AuditQuery(PageQuery):
    """What is looked for."""

    user: Slug | None = Field(default=None, description="who did it")
    action: Annotated[str, StringConstraints(pattern=r"^[a-z-]+(\.[a-z-]+)?$")] | None = Field(
        default=None, description="an action (`user.add`), or a kind of thing (`user`)"
    )
    thing: Annotated[str, StringConstraints(max_length=200, pattern=NO_ZERO)] | None = Field(
        default=None, description="a part of what it was done to"
    )
    result: Result | None = None
    since: Moment | None = None
    until: Moment | None = Field(default=None, description="before this moment")


class Deed(Response):
    """Something that was done, refused or tried in vain."""

    id: str
    at: datetime
    user: str
    via: str = Field(description="the token, by name and id, or `session`")
    address: str = Field(description="where from")
    action: str
    thing: str = Field(description="its kind, its name, and what about it")
    result: Result
    reason: str | None


class AuditPage(Page[Deed]):
    """Some of the audit trail, the latest first."""
