"""Which routes somebody has come by, noted by the door's edge at every request that it lets in.

So what is counted is requests that begin, whichever Traefik passes them on; health checks do not
come through the door. What goes on for longer (a websocket, an upload) `routing` sees.
"""

from collections.abc import Collection


class Visits:
    """The routes that were visited since they were last looked at."""

    def __init__(self) -> None:
        self._visited: set[str] = set()

    def note(self, route: str) -> None:
        """Somebody comes by a route."""
        self._visited.add(route)

    def is_any(self, routes: Collection[str]) -> bool:
        """Whether somebody came by one of these."""
        return not self._visited.isdisjoint(routes)

    def forget(self, routes: Collection[str]) -> None:
        """These have been looked at."""
        self._visited.difference_update(routes)
