"""Quotas: how much a user, or the members of a group together, may have running."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from ripieno.wire.base import Request, Response, Slug

SUBJECT = r"^(everyone|(user|group):[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$"

Subject = Annotated[str, StringConstraints(pattern=SUBJECT)]


class QuotaRequest(Request):
    """The limits of a quota; what is null or left out is not limited."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"deployments": 3, "cpus": 2.5}]})

    deployments: Annotated[int, Field(ge=0, le=10**6, strict=True)] | None = None
    cpus: Annotated[float, Field(ge=0, le=10**6, strict=True)] | None = None
    memory_mib: Annotated[int, Field(ge=0, le=10**9, strict=True)] | None = None


class QuotaQuery(Request):
    """Whose quotas are wanted."""

    user: Slug | None = Field(
        default=None, description="those that count what this user has; by default all one may see"
    )


class Use(Response):
    """What is running, or is to be."""

    deployments: int
    cpus: float
    memory_mib: int


class Quota(Response):
    """A quota and what is used of it; null: there is no limit."""

    subject: str
    deployments: int | None
    cpus: float | None
    memory_mib: int | None
    used: Use


class QuotaPage(Response):
    """Some quotas, by whose they are."""

    items: list[Quota]
