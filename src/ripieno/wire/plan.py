"""Plans: what would happen if a change were asked for. Nothing has happened yet."""

from pydantic import Field, JsonValue

from ripieno.wire.base import Response


class Preview(Response):
    """A plan, and what it would lead to."""

    application: str
    version: str
    plan: dict[str, JsonValue] = Field(description="as `ripieno plan --json` prints it")
    connections: list[tuple[str, str]] = Field(description="use port, provide port")
    warnings: list[str] = Field(default_factory=list)
