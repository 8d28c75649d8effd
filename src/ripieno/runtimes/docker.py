"""The container engine of a host: Docker, asked through its own client there.

Used by `containers`, which knows what a component's container is, and by whoever wants to know
whether a host runs images. Whatever way leads to the host leads to its engine.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from ripieno.runtimes.errors import (
    CommandNotFound,
    EngineAway,
    ImageMissing,
    NoEngine,
    TemporaryFailure,
    TooSlow,
)
from ripieno.runtimes.host import Completed, Host

PROGRAM = "docker"
"""The client; it has to be on the PATH of the host."""

ANSWER_S = 30.0
"""How long the engine may take for what it has at hand."""

PULL_S = 3600.0
"""How long the layers of an image may take; whoever waits may have less patience."""

_AWAY = re.compile(
    r"cannot connect to the docker|failed to connect to the docker|error during connect", re.I
)
_FORBIDDEN = re.compile(r"permission denied.*docker (daemon|api)", re.I)
_NOT_TO_BE_HAD = re.compile(
    r"not found|manifest unknown|no matching manifest|denied|unauthorized|authentication required"
    r"|invalid reference|does not exist",
    re.I,
)
_NO_HOST = re.compile(r"no such host|lookup ", re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class DockerEngine:
    """What a host's engine is; at `gateway` containers reach the host, and each other's ports."""

    version: str
    gateway: str


async def look(host: Host) -> DockerEngine:
    """What engine a host has. Raises: `NoEngine`, `EngineAway`; others where the host is away."""
    version = await _answer(host, "version", "--format", "{{.Server.Version}}")
    config = "{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}\n{{end}}"
    networks = await _answer(host, "network", "inspect", "bridge", "--format", config)
    gateway = _gateway(networks)
    if gateway is None:
        raise NoEngine(
            "its Docker engine has no bridge network",
            host=host.name,
            remedy="let the engine have its default network (no --bridge=none), and run on Linux",
        )
    return DockerEngine(version=version.strip(), gateway=gateway)


async def working_folder(host: Host, image: str) -> str | None:
    """The WORKDIR of an image, "" if it has none; None if the host does not have the image."""
    words = ("image", "inspect", "--format", "{{.Config.WorkingDir}}", "--", image)
    done = await ask(host, *words)
    return done.stdout.decode(errors="replace").strip() if done.exit_code == 0 else None


async def have(host: Host, image: str, say: Callable[[str], None]) -> None:
    """Pull an image, unless the host has it. Raises: `ImageMissing`, `TemporaryFailure`."""
    if await working_folder(host, image) is not None:
        return
    say(f"host {host.name} pulls the image {image}")
    try:
        done = await ask(host, "pull", "--quiet", "--", image, timeout_s=PULL_S)
    except TooSlow as late:
        raise TemporaryFailure(
            f"the image {image} could not be pulled within {PULL_S / 60:g} min",
            host=host.name,
            remedy="see how the host reaches its registry",
        ) from late
    if done.exit_code == 0:
        say(f"host {host.name} has pulled the image {image}")
        return
    said = _last_line(done)
    what = f"the image {image} cannot be pulled: {said}"
    if _NOT_TO_BE_HAD.search(said) and not _NO_HOST.search(said):
        raise ImageMissing(
            what,
            host=host.name,
            remedy="correct its name, push it, or let the host's user sign in to the registry "
            "(docker login)",
        )
    raise TemporaryFailure(what, host=host.name, remedy="see whether the host reaches the registry")


async def ask(host: Host, *words: str, timeout_s: float = ANSWER_S) -> Completed:
    """What the client says. Raises: `NoEngine`, `EngineAway`, `TooSlow`."""
    try:
        done = await host.run((PROGRAM, *words), timeout_s=timeout_s)
    except CommandNotFound as problem:
        raise NoEngine(
            f"it has no {PROGRAM}",
            host=host.name,
            remedy="install Docker there, or give the component a command instead of an image",
        ) from problem
    if done.exit_code == 0:
        return done
    said = _last_line(done)
    if _FORBIDDEN.search(said):
        raise NoEngine(
            "its user may not use its Docker engine",
            host=host.name,
            remedy="make the user a member of the group docker, then begin a new session",
        )
    if _AWAY.search(said):
        raise EngineAway(
            f"its Docker engine does not answer: {said}",
            host=host.name,
            remedy="start it there (systemctl start docker), or set DOCKER_HOST",
        )
    return done


def _gateway(networks: str) -> str | None:
    """The host's address in the first network of IPv4.

    An engine that has made its bridge itself does not tell it before its next start; it has then
    taken the first address.
    """
    for line in networks.splitlines():
        subnet, *told = line.split() or [""]
        if "." in subnet:
            return told[0] if told else str(ipaddress.ip_network(subnet, strict=False)[1])
    return None


async def _answer(host: Host, *words: str) -> str:
    try:
        done = await ask(host, *words)
    except TooSlow as late:
        raise EngineAway(
            f"its Docker engine has not answered within {ANSWER_S:g} s",
            host=host.name,
            remedy="start it anew there (systemctl restart docker)",
        ) from late
    if done.exit_code:
        raise EngineAway(
            f"its Docker engine refuses to answer: {_last_line(done)}",
            host=host.name,
            remedy="mend it there",
        )
    return done.stdout.decode(errors="replace")


def _last_line(done: Completed) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"exit code {done.exit_code}"
