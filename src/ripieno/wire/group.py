"""Groups of users."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from ripieno.wire.base import NO_ZERO, Flag, Request, Response, Slug

Description = Annotated[str, StringConstraints(max_length=2000, pattern=NO_ZERO)]


class GroupRequest(Request):
    """A group to make."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "neuro", "description": "Brains"}]}
    )

    name: Slug
    description: Description = ""


class GroupChange(Request):
    """What is to be said of a group."""

    description: Description


class MemberRequest(Request):
    """How somebody is in a group; a manager may say who else is."""

    is_manager: Flag = False


class Member(Response):
    """A user in a group."""

    user: str
    is_manager: bool


class Group(Response):
    """A group and who is in it."""

    name: str
    description: str
    created_at: datetime
    members: list[Member]


class GroupPage(Response):
    """All groups."""

    items: list[Group]
