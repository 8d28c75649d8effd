"""What must hold of a deployment whatever was done to it and to its server.

Used by `chaos`, and by tests that kill in one place only.
"""

from collections.abc import Mapping
from pathlib import Path

from ripieno.client.client import Client
from ripieno.testing.chaos_applications import Part
from ripieno.testing.servers import marked_processes
from ripieno.wire.deployment import Deployment

OVER = ("completed", "failed", "cancelled", "refused")
"""States in which a reconfiguration has ended."""


class Broken(AssertionError):
    """Something that must hold does not."""


def check_versions(seen: Deployment, wanted: Mapping[str, Part]) -> None:
    """Services run what was asked for last, as many times as was asked for."""
    for component in seen.components:
        if component.kind != "service":
            continue
        part = wanted.get(component.name)
        if part is None:
            raise Broken(f"{component.name} is there and should not be")
        if "ready" not in component.places:
            continue
        if len(component.replicas) != part.replicas:
            raise Broken(f"{component.name} has {len(component.replicas)} replicas, not {part}")
        for replica in component.replicas:
            version = _environment(replica.pid).get("VERSION") if replica.pid else None
            if version != part.version:
                raise Broken(f"{component.name}/{replica.index} runs {version}, not {part}")
    names = {each.name for each in seen.components}
    if missing := set(wanted) - names:
        raise Broken(f"{missing} should be there and are not")


def check_processes(deployment: Deployment, *, is_cancelled: bool = False) -> None:
    """Every process that should run does, once, and no other does. Raises: `Broken`.

    After a change that was cancelled a service may have been started and not be ready.
    """
    expected: dict[str, int] = {}
    possible: set[str] = set()
    for component in deployment.components:
        for replica in component.replicas:
            name = f"{deployment.id}/{component.name}/{replica.index}"
            if "ready" in component.places and replica.pid is not None:
                expected[name] = replica.pid
            if is_cancelled and "started" in component.places:
                possible.add(name)
        is_up = "ready" in component.places and not is_cancelled
        if is_up and len(component.replicas) != component.wanted_replicas:
            raise Broken(
                f"{component.name} has {len(component.replicas)} replicas instead of "
                f"{component.wanted_replicas}"
            )
    found = marked_processes(deployment.id)
    for name, pids in found.items():
        if name in possible and len(pids) == 1:
            continue
        if name not in expected:
            raise Broken(f"{name} runs as {pids} and should not")
        if expected[name] not in pids or len(pids) != 1:
            raise Broken(f"{name} should run as {expected[name]} and runs as {pids}")
    for name, pid in expected.items():
        if name not in found:
            raise Broken(f"{name} should run as {pid} and does not")


async def check_events(client: Client, deployment: str) -> None:
    """The events are there from the first on, in order, none twice, and tell a whole story.

    Every reconfiguration that was begun has one end. Raises: `Broken`.
    """
    after, expected = 0, 1
    begun: list[str] = []
    ended: list[str] = []
    while True:
        page = await client.events(deployment=deployment, after=after, limit=500)
        for event in page.items:
            if event.seq != expected:
                raise Broken(f"event {expected} of {deployment} is missing: {event.seq} follows")
            expected += 1
            name = event.kind.removeprefix("reconfiguration.")
            if event.kind == "reconfiguration.accepted" and event.reconfiguration:
                begun.append(event.reconfiguration)
            elif name != event.kind and name in OVER and event.reconfiguration:
                ended.append(event.reconfiguration)
        if not page.items:
            break
        after = page.items[-1].id
    if begun != ended:
        raise Broken(f"reconfigurations {begun} were begun, and {ended} have ended")


def _environment(pid: int) -> dict[str, str]:
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(each.decode().split("=", 1) for each in words if b"=" in each)
