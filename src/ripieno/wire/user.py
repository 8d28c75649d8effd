"""Users: who may do what."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr, StringConstraints

from ripieno.model.access import Role, Scope
from ripieno.wire.base import NO_ZERO, Flag, Request, Response, Slug
from ripieno.wire.page import Page

MOST_PASSWORD = 1000

Line = Annotated[str, StringConstraints(max_length=200, pattern=NO_ZERO)]
Password = Annotated[
    SecretStr, Field(max_length=MOST_PASSWORD, json_schema_extra={"pattern": NO_ZERO})
]


class UserRequest(Request):
    """A user to make. Without a password, links and tokens let in that an administrator makes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "ada", "role": "deployer"}]})

    name: Slug
    role: Role = Role.VIEWER
    display_name: Line = ""
    email: Line = ""
    password: Password | None = None


class UserChange(Request):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "publisher"}]})

    role: Role | None = None
    display_name: Line | None = None
    email: Line | None = None
    is_disabled: Flag | None = None


class PasswordRequest(Request):
    """A password; null: none lets in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse"}]})

    password: Password | None


class RemoveUserQuery(Request):
    """Who gets what a user owns who is removed."""

    to: Slug | None = Field(default=None, description="who gets their deployments and applications")


class User(Response):
    """A user."""

    name: str
    display_name: str
    email: str
    role: Role
    is_disabled: bool
    has_password: bool
    provider: str | None = Field(description="the provider of identities that knows them")
    created_at: datetime
    groups: list[str]


class UserPage(Page[User]):
    """Some users, by name."""


class Me(User):
    """Who asks, and what this token is good for."""

    scopes: list[Scope]
    via: str = Field(description="the token or session that lets in")
