"""Whether a process is well: HTTP, tcp and command checks, all made from its own host.

A check connects through the host, so it works behind a firewall and for services that listen on
loopback only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from ripieno.model.workload import Health, HealthKind
from ripieno.runtimes.errors import HostUnreachable, LinkLost, PortClosed, RuntimeDriverError
from ripieno.runtimes.host import ByteReader, ByteWriter, Host

Connect = Callable[[int], Awaitable[tuple[ByteReader, ByteWriter]]]
"""Opens a connection to a port."""


async def probe(
    host: Host, health: Health, tcp_ports: Mapping[str, int], *, directory: str
) -> str | None:
    """One check of a replica; None if it passed, else what was wrong, in words.

    Raises: `HostUnreachable`, `LinkLost`: then it is not known how the replica is.
    """
    if health.kind is HealthKind.COMMAND:
        return await _check(_command(host, health, directory), health.timeout_s)
    port = _port(health, tcp_ports)
    if port is None:
        return f"there is no tcp port {health.tcp_port!r} to check"
    return await _check(_reach(host.connect, port, health), health.timeout_s)


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


async def _command(host: Host, health: Health, directory: str) -> str | None:
    done = await host.run(health.argv, cwd=directory, timeout_s=health.timeout_s)
    if done.exit_code:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        return f"health command ended with {done.exit_code}: {said}".rstrip(": ")
    return None


async def _reach(connect: Connect, port: int, health: Health) -> str | None:
    reader, writer = await connect(port)
    try:
        if health.kind is HealthKind.TCP:
            return None
        from ripieno.runtimes import http_check  # Loaded only where something speaks HTTP.

        return await http_check.problem(reader, writer, port, health.path)
    finally:
        writer.close()


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
