"""How the server is."""

from ripieno.wire.base import Response


class Health(Response):
    """That the server answers, and its version."""

    status: str
    version: str


class Finding(Response):
    """One thing that was looked at; `remedy` only where it is not well."""

    subject: str
    is_well: bool
    said: str
    remedy: str | None = None


class Findings(Response):
    """All that was looked at."""

    items: list[Finding]
