"""What a container is to the process runtime: the engine's client, kept like any other process.

The client stays in the foreground, so logs, exit codes and finding it again are those of a process.
Here is what there is besides: its command line, and ending containers, also those whose client or
keeper was killed. Used by `replicas` and what watches them; it must not know of life cycles.
"""

import hashlib
import ipaddress
import math
import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from ripieno.model.workload import FileTransfer, Workload
from ripieno.runtimes import docker, keeper, local_facts
from ripieno.runtimes.base import Replica
from ripieno.runtimes.docker import DockerEngine
from ripieno.runtimes.errors import EngineAway, PermanentFailure, RuntimeDriverError
from ripieno.runtimes.host import Command, Host

MACHINE = "host.docker.internal"
"""The name under which containers know the machine that they run on."""

EVERYWHERE = "0.0.0.0"
"""Where what runs in a container has to listen, so that it is reached from without."""

WORK = "/ripieno"
"""Where a container finds the working folder of its replica, which stays over restarts."""

LABEL = "io.ripieno.replica"
"""The label of all containers of a replica: the folder that the replica has on the host."""

DEFAULT_SIGNAL = "TERM"
"""Of a workload that asks for no other signal; then an image's own STOPSIGNAL is taken."""

_SOCKETS = f"""\
pid=$({docker.PROGRAM} inspect --format '{{{{.State.Pid}}}}' "$1") && [ "$pid" -gt 0 ] &&
    cat "/proc/$pid/net/tcp" && {{ cat "/proc/$pid/net/tcp6" || :; }} 2>/dev/null
"""

_CPU_PERIOD_US = 100_000

_CLIENTS_OWN = frozenset(
    {
        *keeper.BASE_VARIABLES,
        keeper.MARK,
        *("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_DIR", "SSL_CERT_FILE"),
    }
)
_CLIENTS_OWN_PREFIXES = ("BUILDKIT_", "DOCKER_", "GO", "LD_", "OTEL_")


def name_of(host: Host, replica: Replica) -> str:
    """What the container of a replica's present incarnation is called."""
    identity = f"{_folder(host, replica)}\0{replica.key}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:10]
    return f"ripieno-{replica.name.replace('/', '-')}-{digest}"


def command(
    host: Host,
    replica: Replica,
    workload: Workload,
    *,
    variables: Mapping[str, str],
    secrets: Collection[str],
    at: DockerEngine,
    image_folder: str,
) -> Command:
    """The client's command for a replica, whose workload is resolved for it.

    `variables` are those of the container, of which `secrets` must not be on a command line;
    `image_folder` is the image's WORKDIR. Raises: `PermanentFailure`.
    """
    assert workload.image is not None
    own = {name for name in variables if _is_clients_own(name)}
    if taken := sorted(own & set(secrets)):
        raise PermanentFailure(
            f"{replica.name} is to be given {taken[0]} from a secret, and the client of the Docker "
            "engine reads that variable itself",
            host=host.name,
            remedy="call the variable otherwise",
        )
    return Command(
        argv=(
            *(docker.PROGRAM, "run", "--rm", "--name", name_of(host, replica)),
            *("--label", f"{LABEL}={_folder(host, replica)}"),
            *("--log-driver", "none"),  # The keeper has what it says, and bounds it.
            "--no-healthcheck",  # It is asked as the component says.
            *("--add-host", f"{MACHINE}:{at.gateway}"),
            *_published(host, replica, workload, at),
            *_limits(workload),
            *_mounts(host, replica, workload, image_folder),
            *_ended_by(workload),
            # By name alone, with the value in the client's own environment, where nobody looks.
            *(
                word
                for name, value in variables.items()
                for word in ("--env", f"{name}={value}" if name in own else name)
            ),
            *(("--entrypoint", workload.entrypoint[0]) if workload.entrypoint else ()),
            *("--", workload.image, *workload.entrypoint[1:], *workload.argv),
        ),
        env={name: value for name, value in variables.items() if name not in own},
    )


def inside(host: Host, replica: Replica, argv: Sequence[str]) -> tuple[str, ...]:
    """What to run on the host, so that this is run in the replica's container."""
    return (docker.PROGRAM, "exec", name_of(host, replica), *argv)


async def listening(host: Host, replica: Replica) -> frozenset[int] | None:
    """The ports that something in the replica's container listens on; None if it does not run.

    By the kernel's own account: at the host's ports the engine answers, whoever is behind them.
    """
    done = await host.run(("/bin/sh", "-c", _SOCKETS, "sockets", name_of(host, replica)))
    if done.exit_code:
        return None
    return local_facts.listening_ports(done.stdout.decode(errors="replace"))


async def stop(host: Host, replica: Replica, *, grace_s: float) -> None:
    """Ask all containers of a replica to end, and end them after `grace_s`."""
    if found := await _of(host, replica):
        wait = ("-t", f"{math.ceil(grace_s)}")
        await docker.ask(host, "stop", *wait, *found, timeout_s=grace_s + docker.ANSWER_S)


async def remove(host: Host, replica: Replica) -> None:
    """Have no container of a replica, whatever became of who started it. Raises: `EngineAway`."""
    if not (found := await _of(host, replica)):
        return
    await docker.ask(host, "rm", "--force", *found)
    if left := await _of(host, replica):
        raise EngineAway(
            f"its Docker engine does not remove the container {left[0]} of {replica.name}",
            host=host.name,
            remedy=f"remove it there: {docker.PROGRAM} rm --force {left[0]}",
        )


async def clear(host: Host, replica: Replica) -> None:
    """Have no container of an incarnation whose process has ended; later ones are left alone.

    The client may have been killed, and its container run on. If the engine does not answer now,
    whoever starts or stops the replica next ends it.
    """
    if replica.has_container:
        with suppress(RuntimeDriverError):
            await docker.ask(host, "rm", "--force", name_of(host, replica))


async def _of(host: Host, replica: Replica) -> list[str]:
    """The containers of a replica, of all its incarnations, running or not."""
    wanted = f"label={LABEL}={_folder(host, replica)}"
    done = await docker.ask(host, "ps", "--all", "--quiet", "--filter", wanted)
    if done.exit_code:
        said = done.stderr.decode(errors="replace").strip()
        raise EngineAway(
            f"its Docker engine does not tell what runs: {said}",
            host=host.name,
            remedy="mend it there",
        )
    return done.stdout.decode().split()


def _published(host: Host, replica: Replica, workload: Workload, at: DockerEngine) -> Iterator[str]:
    """The host's ports, for processes there and for containers; for other machines if it is SSH."""
    addresses = ["127.0.0.1", at.gateway]
    try:
        if not ipaddress.ip_address(host.hostname).is_loopback:
            addresses.append(host.hostname)
    except ValueError:  # Which of its addresses has the name, only the network knows.
        if host.hostname != "localhost":
            addresses = [EVERYWHERE]
    inside = workload.listening(replica.tcp_ports)
    for name, number in replica.tcp_ports.items():
        for address in addresses:
            written = f"[{address}]" if ":" in address else address
            yield from ("--publish", f"{written}:{number}:{inside[name]}")


def _limits(workload: Workload) -> Iterator[str]:
    if workload.cpus is not None:  # Unlike --cpus also where the machine has fewer.
        quota_us = round(workload.cpus * _CPU_PERIOD_US)
        yield from ("--cpu-period", str(_CPU_PERIOD_US), "--cpu-quota", str(quota_us))
    if workload.memory_mib is not None:
        limit = f"{workload.memory_mib}m"
        yield from ("--memory", limit, "--memory-swap", limit)


def _mounts(host: Host, replica: Replica, workload: Workload, image_folder: str) -> Iterator[str]:
    """The working folder, and each file where the program looks for it."""
    work = f"{_folder(host, replica)}/{keeper.CWD}"
    yield from ("--mount", _mount(work, WORK))
    asked = posixpath.join("/", image_folder, workload.working_directory or "")
    folder = posixpath.normpath(asked)
    if folder == "/" and workload.working_directory is None:
        folder = WORK  # The image has no opinion.
    yield from ("--workdir", folder)
    if folder != WORK:
        for file in workload.files:
            yield from ("--mount", _mount(*_places(file, work, folder)))


def _places(file: FileTransfer, work: str, folder: str) -> tuple[str, str]:
    return posixpath.join(work, file.target), posixpath.join(folder, file.target)


def _mount(source: str, target: str) -> str:
    """As the client reads it: fields of a line of CSV."""
    fields = ("type=bind", f"source={source}", f"target={target}")
    return ",".join(
        '"' + each.replace('"', '""') + '"' if set(each) & set('",\n') else each for each in fields
    )


def _ended_by(workload: Workload) -> Iterator[str]:
    if workload.stop_signal != DEFAULT_SIGNAL:
        yield from ("--stop-signal", f"SIG{workload.stop_signal}")


def _is_clients_own(name: str) -> bool:
    return name.upper() in _CLIENTS_OWN or name.startswith(_CLIENTS_OWN_PREFIXES)


def _folder(host: Host, replica: Replica) -> str:
    return f"{host.directory}/{replica.name}"
