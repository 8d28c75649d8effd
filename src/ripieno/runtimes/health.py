"""Whether a process is well: HTTP, tcp and command checks, all made from its own host.

A check connects through the host, so it works behind a firewall and for services that listen on
loopback only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from ripieno.model.workload import Health, HealthKind
from ripieno.runtimes import containers, keeper
from ripieno.runtimes.base import Replica
from ripieno.runtimes.errors import HostUnreachable, LinkLost, PortClosed, RuntimeDriverError
from ripieno.runtimes.host import ByteReader, ByteWriter, Host

Connect = Callable[[int], Awaitable[tuple[ByteReader, ByteWriter]]]
"""Opens a connection to a port."""

RELAY_S = 0.1
"""How long a relay may take to find that there is nobody to pass a connection to."""


async def probe(host: Host, health: Health, replica: Replica) -> str | None:
    """One check of a replica; None if it passed, else what was wrong, in words.

    Raises: `HostUnreachable`, `LinkLost`: then it is not known how the replica is.
    """
    if health.kind is HealthKind.COMMAND:
        argv = health.argv
        if replica.has_container:
            argv = containers.inside(host, replica, argv)
        directory = f"{replica.name}/{keeper.CWD}"
        return await _check(_command(host, argv, directory, health.timeout_s), health.timeout_s)
    port = _port(health, replica.tcp_ports)
    if port is None:
        return f"there is no tcp port {health.tcp_port!r} to check"
    reached = _reach(host.connect, port, health, is_relayed=replica.has_container)
    return await _check(reached, health.timeout_s)


async def probe_address(address: str, port: int, health: Health) -> str | None:
    """One check of something that is reached by its address, from here."""

    async def connect(port: int) -> tuple[ByteReader, ByteWriter]:
        return await asyncio.open_connection(address, port)

    return await _check(_reach(connect, port, health), health.timeout_s)


async def _check(attempt: Coroutine[Any, Any, str | None], timeout_s: float) -> str | None:
    try:
        async with asyncio.timeout(timeout_s):
            return await attempt
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except (HostUnreachable, LinkLost):
        raise
    except (OSError, RuntimeDriverError) as problem:
        return _said(problem)


async def _command(host: Host, argv: Sequence[str], directory: str, timeout_s: float) -> str | None:
    done = await host.run(argv, cwd=directory, timeout_s=timeout_s)
    if done.exit_code:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        return f"health command ended with {done.exit_code}: {said}".rstrip(": ")
    return None


async def _reach(
    connect: Connect, port: int, health: Health, *, is_relayed: bool = False
) -> str | None:
    reader, writer = await connect(port)
    try:
        if health.kind is HealthKind.TCP:
            return await _closed_at_once(reader, health) if is_relayed else None
        from ripieno.runtimes import http_check  # Loaded only where something speaks HTTP.

        return await http_check.problem(reader, writer, port, health.path)
    finally:
        writer.close()


async def _closed_at_once(reader: ByteReader, health: Health) -> str | None:
    """What is wrong with a port at which a relay answers, whoever is behind it or not.

    A container engine accepts every connection, and closes it when it finds nobody to pass it to.
    """
    try:
        async with asyncio.timeout(min(RELAY_S, health.timeout_s / 2)):
            first = await reader.read(1)
    except TimeoutError:
        return None
    except OSError:
        first = b""
    return None if first else "nothing listens on its port yet"


def _port(health: Health, tcp_ports: Mapping[str, int]) -> int | None:
    if health.tcp_port is not None:
        return tcp_ports.get(health.tcp_port)
    if health.kind is HealthKind.HTTP and "http" in tcp_ports:
        return tcp_ports["http"]
    return next(iter(tcp_ports.values()), None)


def _said(problem: BaseException) -> str:
    if isinstance(problem, ConnectionRefusedError | PortClosed):
        return "nothing listens on its port yet"
    return str(problem) or type(problem).__name__
