"""How a live page ends when there is nothing more to show: it says so, and asks no more.

What is looked at may have been removed meanwhile, or the visitor signed out. That is no fault of
anybody, and the page's last message says what to do.
"""

from collections.abc import AsyncGenerator, AsyncIterator

from starlette.requests import Request

from ripieno.control.errors import Forbidden, NotFound, Unauthenticated
from ripieno.ui import rendering
from ripieno.ui.streaming import Fragment

GONE = "gone"
"""The event after which a page closes its stream (`sse-close`)."""


async def told(
    request: Request, fragments: AsyncIterator[Fragment], *, event: str
) -> AsyncGenerator[Fragment]:
    """The fragments, and at such an end a last one for `event` that says what has happened."""
    why = ""
    try:
        async for each in fragments:
            yield each
    except NotFound:
        why = "removed"
    except Unauthenticated:
        why = "signed-out"
    except Forbidden:
        why = "forbidden"
    finally:
        if isinstance(fragments, AsyncGenerator):
            await fragments.aclose()
    if why:
        yield Fragment(event=event, html=rendering.render(request, "ended.html", why=why))
        yield Fragment(event=GONE, html="")
