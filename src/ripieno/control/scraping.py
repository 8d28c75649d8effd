"""Where the processes of components tell a Prometheus how they are. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from ripieno.control.state import State


@dataclass(frozen=True, kw_only=True, slots=True)
class ScrapeTarget:
    """A tcp_port of a replica that runs. `address` is host:port as the server reaches it."""

    address: str
    deployment: str
    owner: str
    readers: tuple[str, ...]
    application: str
    component: str
    replica: int
    host: str


def targets(state: State, tcp_port: str) -> Iterator[ScrapeTarget]:
    """Those of a deployment, of all replicas that have a tcp_port of that name."""
    record = state.record
    for component, held in state.held.items():
        handle = held.handle
        for replica in handle.replicas if handle is not None else ():
            port = replica.tcp_ports.get(tcp_port)
            if port is None or replica.process is None or replica.slot in held.ended:
                continue
            assert handle is not None
            yield ScrapeTarget(
                address=_address(handle.address, port),
                deployment=record.name,
                owner=record.owner,
                readers=record.readers,
                application=record.application,
                component=component,
                replica=replica.slot,
                host=handle.host,
            )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
