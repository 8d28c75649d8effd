"""Which connections a process has open, from what the kernel tells. Linux only.

Traefik counts requests when they are over, so what is under way (an upload, a websocket that has
been open for days) is seen here, also by a server that was started later than it.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterable

from ripieno.routing.base import Endpoint

_Address = tuple[str, int]


class Connections:
    """Counts connections of one process to endpoints."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}

    async def count(self, pid: int, endpoints: Iterable[Endpoint]) -> dict[Endpoint, int]:
        """How many connections the process has open to each endpoint; none if it is gone."""
        return await asyncio.to_thread(self._count, pid, tuple(endpoints))

    def _count(self, pid: int, endpoints: tuple[Endpoint, ...]) -> dict[Endpoint, int]:
        if not endpoints:
            return {}
        import psutil  # Loaded only where a replica is waited for.

        try:
            found = psutil.Process(pid).net_connections(kind="tcp")
        except psutil.Error:
            found = []
        by_address: Counter[_Address] = Counter(
            (each.raddr.ip.removeprefix("::ffff:"), each.raddr.port)
            for each in found
            if each.raddr and each.status in (psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT)
        )
        return {
            each: sum(by_address[address, each.port] for address in self._addresses(each.host))
            for each in endpoints
        }

    def _addresses(self, host: str) -> frozenset[str]:
        known = self._known.get(host)
        if known is None:
            try:
                known = frozenset(str(each[4][0]) for each in socket.getaddrinfo(host, None))
            except OSError:
                return frozenset()  # Not kept: the next time it may be known.
            self._known[host] = known
        return known
