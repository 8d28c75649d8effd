"""How what is asked is written into a path and a body."""

from urllib.parse import quote

from ripieno.client.errors import IllegalName
from ripieno.wire.base import Request


def part(name: str) -> str:
    """A name as one part of a path. Raises: IllegalName, for one that would be several or none."""
    if "/" in name or name in ("", ".", ".."):
        raise IllegalName(
            f"nothing is called {name!r}: a name is not empty, has no / and is not made of dots"
        )
    return quote(name, safe="")


def body(request: Request) -> object:
    """A request as JSON; what was not given is not sent: to leave something out can mean a lot."""
    return request.model_dump(mode="json", exclude_unset=True)
