"""Where this server is, as browsers know it; and what a request may say of that.

A request names a host itself, so that is checked before a link is made of it: it has to be the
public address of the settings, a name of this machine, or a bare IP address, which no stranger's
name can be pointed to afterwards.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")

MOST_PATH = 2000


class Address:
    """The server's own addresses. `public_url`: where everybody reaches it, if that is known.

    `instead` has hosts at which applications are too, and would share cookies with the pages: who
    comes by one of them is sent to the other host.
    """

    def __init__(
        self,
        public_url: str | None = None,
        *,
        names: Iterable[str] | None = None,
        instead: Mapping[str, str] | None = None,
    ) -> None:
        self._instead = dict(instead or {})
        self.public = public_url.rstrip("/") if public_url else None
        own = _names_of_machine() if names is None else names
        self._names = {each.lower().rstrip(".") for each in own}
        if self.public is not None:
            self._names.add((urlsplit(self.public).hostname or "").lower())

    def asked(self, scope: Scope) -> str | None:
        """The origin that a request was sent to, None if it names a host that is not this."""
        hosts = Headers(scope=scope).getlist("host")
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None:
            return None
        name = match["name"].lower().rstrip(".")
        if name not in self._names and not _is_ip(name.strip("[]")):
            return None
        return f"{self._scheme(scope, hosts[0])}://{hosts[0].lower()}"

    def instead(self, scope: Scope) -> str | None:
        """The origin to use in place of the one that was asked, None if that one will do."""
        parts = urlsplit(self.asked(scope) or "")
        host = self._instead.get((parts.hostname or "").rstrip("."))
        if host is None:
            return None
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")

    def base(self, scope: Scope) -> str | None:
        """What links begin with that are used from elsewhere; None: nobody knows."""
        return self.public or self.asked(scope)

    def is_secure(self, scope: Scope) -> bool:
        """Whether the browser came over https, be it to a proxy before this server."""
        return (self.asked(scope) or "").startswith("https:")

    def is_own_origin(self, origin: str, scope: Scope) -> bool:
        """Whether a page of that origin is a page of this server."""
        return origin.lower() in (self.asked(scope), self.public and _origin(self.public))

    def _scheme(self, scope: Scope, host: str) -> str:
        if self.public is not None and _origin(self.public) == f"https://{host.lower()}":
            return "https"  # A proxy took the TLS off.
        return str(scope["scheme"])


def own_path(text: str | None, otherwise: str = "/") -> str:
    """A path of this very site, whatever was asked for; never one of another."""
    if text is None or len(text) > MOST_PATH or not _OWN_PATH.fullmatch(text):
        return otherwise
    path = urlsplit(text).path
    return otherwise if path == "/sign-in" or path.startswith(("/sign-in/", "/sign-out")) else text


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _names_of_machine() -> list[str]:
    name = socket.gethostname()
    return ["localhost", name, name.partition(".")[0]]


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
