"""Free tcp ports, each given to one replica at a time.

The range lies below the kernel's ephemeral ports, so that an outgoing connection never takes a
port between its assignment and the start of the process that it is for.
"""

from collections.abc import Collection

from ripieno.runtimes.errors import PortTaken
from ripieno.runtimes.host import Host

FIRST_PORT, LAST_PORT = 20000, 29999


class PortBook:
    """Which ports of which host are given away. One for a server, which alone gives them."""

    def __init__(self, first: int = FIRST_PORT, last: int = LAST_PORT) -> None:
        self._first, self._last = first, last
        self._owners: dict[tuple[str, int], str] = {}
        self._next: dict[str, int] = {}

    def hold(self, host: str, port: int, owner: str) -> None:
        """Note that a replica has a port, as after a start of the server."""
        self._owners[host, port] = owner

    def release(self, owner: str) -> None:
        """Free all ports of a replica."""
        self._owners = {port: name for port, name in self._owners.items() if name != owner}

    def keep(self, host: str, owner: str, ports: Collection[int]) -> None:
        """Free all ports of a replica on a host but these."""
        for known in [place for place, name in self._owners.items() if name == owner]:
            if known[0] == host and known[1] not in ports:
                del self._owners[known]

    async def take(self, host: Host, owner: str, wanted: int) -> int:
        """The wanted port of the host, or (0) any free one.

        Raises: `PortTaken` that says by whom, or that there is none left.
        """
        used = await host.ports_in_use()
        if wanted:
            holder = self._owners.get((host.name, wanted))
            if holder not in (None, owner):
                raise PortTaken(
                    f"port {wanted} on host {host.name} belongs to {holder}; remove that, or let "
                    "the port be assigned (0)"
                )
            if wanted in used and holder is None:
                raise PortTaken(
                    f"port {wanted} on host {host.name} is taken by a process that is not of "
                    "Ripieno; stop it, or let the port be assigned (0)"
                )
            self._owners[host.name, wanted] = owner
            return wanted
        count = self._last - self._first + 1
        begin = self._next.get(host.name, self._first)
        for step in range(count):
            port = self._first + (begin - self._first + step) % count
            if port not in used and (host.name, port) not in self._owners:
                self._owners[host.name, port] = owner
                self._next[host.name] = port + 1
                return port
        raise PortTaken(
            f"no port from {self._first} to {self._last} is free on host {host.name}; remove "
            "deployments that are not needed"
        )
