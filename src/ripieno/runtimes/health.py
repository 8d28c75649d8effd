"""Whether a process is well: HTTP, tcp and command checks, all made from its own host.

A check connects through the host, so it works behind a firewall and for services that listen on
loopback only.
"""

import asyncio
from collections.abc import Mapping

import h11

from ripieno.model.workload import Health, HealthKind
from ripieno.runtimes.errors import RuntimeDriverError
from ripieno.runtimes.host import Host

MOST_HEADER_BYTES = 64 * 1024


async def probe(
    host: Host, health: Health, tcp_ports: Mapping[str, int], *, directory: str
) -> str | None:
    """One check; None if it passed, else what was wrong, in words."""
    try:
        async with asyncio.timeout(health.timeout_s):
            if health.kind is HealthKind.COMMAND:
                done = await host.run(health.argv, cwd=directory, timeout_s=health.timeout_s)
                if done.exit_code:
                    said = done.stderr.decode(errors="replace").strip()[-200:]
                    return f"health command ended with {done.exit_code}: {said}".rstrip(": ")
                return None
            port = _port(health, tcp_ports)
            if port is None:
                return f"there is no tcp port {health.tcp_port!r} to check"
            if health.kind is HealthKind.TCP:
                _, writer = await host.connect(port)
                writer.close()
                return None
            return await _http(host, port, health.path)
    except TimeoutError:
        return f"no answer within {health.timeout_s:g} s"
    except (OSError, RuntimeDriverError, h11.ProtocolError) as problem:
        return _said(problem)


def _port(health: Health, tcp_ports: Mapping[str, int]) -> int | None:
    if health.tcp_port is not None:
        return tcp_ports.get(health.tcp_port)
    if health.kind is HealthKind.HTTP and "http" in tcp_ports:
        return tcp_ports["http"]
    return next(iter(tcp_ports.values()), None)


def _said(problem: BaseException) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return "nothing listens on its port yet"
    return str(problem) or type(problem).__name__


async def _http(host: Host, port: int, path: str) -> str | None:
    reader, writer = await host.connect(port)
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)
        headers = [("Host", f"127.0.0.1:{port}"), ("Connection", "close")]
        request = h11.Request(method="GET", target=path, headers=headers)
        writer.write(connection.send(request) or b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Response):
                if 200 <= event.status_code < 400:
                    return None
                return f"GET {path} answered {event.status_code}"
            elif not isinstance(event, h11.InformationalResponse):
                return f"GET {path} was not answered"
    finally:
        writer.close()
