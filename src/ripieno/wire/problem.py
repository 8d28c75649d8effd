"""What went wrong with a request: RFC 9457 (problem details for HTTP)."""

from pydantic import Field

from ripieno.wire.base import Response

MEDIA_TYPE = "application/problem+json"

PREFIX = "urn:ripieno:problem:"
"""What every problem's type begins with; its slug follows."""


class Fault(Response):
    """One thing that is wrong in a request."""

    field: str = Field(description="where: `body.name`, `query.limit`, `path.deployment`")
    message: str


class Problem(Response):
    """Why a request was not carried out."""

    type: str = Field(description="`urn:ripieno:problem:` and a slug that stays the same")
    title: str = Field(description="what kind of problem it is, for people")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what is wrong here, and what to do about it")
    line: int | None = Field(default=None, description="line of the document, from 1")
    field: str | None = Field(default=None, description="way to the part of the document at fault")
    errors: list[Fault] | None = Field(
        default=None, description="every fault of an invalid request"
    )
    incident: str | None = Field(default=None, description="what to look for in the server's log")

    @property
    def slug(self) -> str:
        """The type without its prefix."""
        return self.type.removeprefix(PREFIX)
