"""The names of the cookies by which a browser is known; no application ever gets to see one.

Where pages go over https their names have a prefix, with which browsers take them from this very
host only: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie
"""

SESSION = "ripieno_session"
"""Who is signed in."""

BROWSER = "ripieno_browser"
"""That somebody has signed in here before."""

FLOW = "ripieno_flow"
"""Who is on the way to a provider of identities and back."""

DOOR = "ripieno_door"
"""At an application's own origin: who was let in there."""

PREFIX = "__Host-"


def name_of(cookie: str, *, is_secure: bool) -> str:
    """What a cookie is called over https, or over plain HTTP."""
    return PREFIX + cookie if is_secure else cookie


def is_own(name: str) -> bool:
    """Whether a cookie is one of these, or could be taken for one."""
    return name.strip().lower().removeprefix(PREFIX.lower()) in (SESSION, BROWSER, FLOW, DOOR)
