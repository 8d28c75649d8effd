"""Ports for servers that tests start. For tests."""

import contextlib
import secrets
import socket

_RANGE = range(10_000, 20_000)
"""Neither those that the kernel gives to whoever connects, nor those of deployments.

A port of the kernel's own choice may be the end of somebody's connection by the time that the
server wants it.
"""


def free_ports(count: int) -> tuple[int, ...]:
    """So many ports of the loopback that nobody listens on, nor another test is going to."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(_RANGE)
        with contextlib.suppress(OSError):
            _claim(port)
            found.append(port)
    return tuple(found)


def free_port() -> int:
    """One such port."""
    return free_ports(1)[0]


def _claim(port: int) -> None:
    """Keep a port from other tests until this process ends. Raises: `OSError` if one has it."""
    with socket.socket(socket.AF_UNIX) as claim:
        claim.bind(f"\0ripieno-test-port-{port}")  # A name that nothing of the disk stands for.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
        claim.detach()
