"""Which addresses a server connects to on somebody else's word.

Whoever imports an image says where the server is to ask. What is inside of its network (or of a
cloud's, such as the metadata service) must not be reached that way, so only addresses of the public
Internet are connected to, unless the configuration allows a registry by its name. The connection is
made to the very address that was checked; the name is not looked up a second time.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ripieno.images.errors import ForbiddenAddress, IllegalAllowance, RegistryUnavailable
from ripieno.model.node import quoted

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks the addresses of a host up. Raises: `OSError`."""

DEFAULT_PORTS = (80, 443)
"""The ports of an allowed registry that is named without one."""

_INTERNAL_4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and metadata of some clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # metadata of a cloud, at a public address
        "169.254.0.0/16",  # link-local, and metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_INTERNAL_6 = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which leads to any IPv4 address
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ALLOWED = re.compile(r"(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")


def is_public(address: str) -> bool:
    """Whether an address, as text, is one of the public Internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or (_last_32_bits(found) if found in _NAT64 else None)
        if inner is None:
            return found in _PUBLIC_6 and not any(found in each for each in _INTERNAL_6)
        found = inner
    return not any(found in each for each in _INTERNAL_4)


def _last_32_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)


def allowances(texts: Iterable[str]) -> frozenset[tuple[str, int]]:
    """The hosts and ports that are allowed wherever they are, out of `HOST[:PORT]`.

    Raises: `IllegalAllowance`.
    """
    found: set[tuple[str, int]] = set()
    for text in texts:
        match = _ALLOWED.fullmatch(text)
        port = int(match["port"]) if match and match["port"] else 0
        if match is None or port > 65535:
            raise IllegalAllowance(
                f"{quoted(text)} is no registry that could be allowed; write HOST or HOST:PORT"
            )
        host = _bare(match["host"])
        found.update((host, each) for each in ((port,) if port else DEFAULT_PORTS))
    return frozenset(found)


class AddressBook:
    """Looks hosts up, and gives the addresses that may be connected to."""

    def __init__(
        self, allowed: frozenset[tuple[str, int]], *, resolve: Resolve | None = None
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve or _resolve

    def is_allowed(self, host: str, port: int) -> bool:
        """Whether the configuration trusts a registry, wherever it is."""
        return (_bare(host), port) in self._allowed

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, all of which may be connected to.

        Raises: `ForbiddenAddress`; `RegistryUnavailable` if it has none.
        """
        try:
            found = list(dict.fromkeys(await self._resolve(_bare(host), port)))
        except (OSError, UnicodeError) as problem:
            raise RegistryUnavailable(f"there is no host {quoted(host)}: {problem}") from problem
        if not found:
            raise RegistryUnavailable(f"the host {quoted(host)} has no address")
        if not self.is_allowed(host, port) and not all(map(is_public, found)):
            # Which address it is stays untold: it would say what there is inside.
            raise ForbiddenAddress(
                f"{host}:{port} is not on the public Internet, and nobody has allowed it; if that "
                f"registry can be trusted, start the server with --allow-registry {host}:{port}"
            )
        return found


async def _resolve(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _bare(host: str) -> str:
    return host.lower().removeprefix("[").removesuffix("]").rstrip(".")
