"""Which keys hosts are known by, and asking a host for its key so that a person can judge it.

Checking is strict: a host is trusted only by a line in the server's own known_hosts file or in the
one of the server's user. Nothing is added unless somebody calls `trust`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from ripieno.model.host import HostConfig, Jump
from ripieno.runtimes.errors import InvalidHost


@dataclass(frozen=True, kw_only=True, slots=True)
class HostKey:
    """A key that a host shows: the fingerprint for people, the line for known_hosts."""

    fingerprint: str
    line: str


def address_in_file(address: str, port: int) -> str:
    """How a known_hosts file names a host."""
    return address if port == 22 else f"[{address}]:{port}"


def host_key(address: str, port: int, key: asyncssh.SSHKey) -> HostKey:
    """A key as it is shown and written."""
    public = key.export_public_key().decode("ascii").strip()
    algorithm, data, *_ = public.split()
    return HostKey(
        fingerprint=key.get_fingerprint(),
        line=f"{address_in_file(address, port)} {algorithm} {data}",
    )


def known_hosts_files(config: HostConfig) -> tuple[Path, ...]:
    """The files that say which keys are trusted, the server's own first."""
    users = Path("~/.ssh/known_hosts").expanduser()
    own = () if config.known_hosts_path is None else (Path(config.known_hosts_path),)
    return (*own, users)


def known_hosts(config: HostConfig) -> asyncssh.SSHKnownHosts:
    """What the known_hosts files say.

    Raises: InvalidHost where one cannot be read.
    """
    lines = []
    for path in known_hosts_files(config):
        try:
            lines.append(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as problem:
            raise InvalidHost(
                f"its known_hosts file {path} cannot be read: {problem}", host=config.name
            ) from problem
    try:
        return asyncssh.import_known_hosts("\n".join(lines))
    except ValueError as problem:
        raise InvalidHost(
            f"a known_hosts file has a line that is none: {problem}",
            host=config.name,
            remedy=f"look at {' and '.join(map(str, known_hosts_files(config)))}",
        ) from problem


def is_known(hosts: asyncssh.SSHKnownHosts, address: str, port: int) -> bool:
    """Whether any key is trusted for an address."""
    keys, authorities, *_ = hosts.match(address, "", None if port == 22 else port)
    return bool(keys or authorities)


def trust(path: str, key: HostKey) -> None:
    """Write a host's key into a known_hosts file, in place of others for this address and type."""
    file = Path(path)
    address, algorithm, _ = key.line.split(maxsplit=2)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if line.split()[:2] != [address, algorithm]]
    file.parent.mkdir(parents=True, exist_ok=True)
    part = Path(f"{path}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as written:
        written.write("".join(f"{line}\n" for line in (*kept, key.line)))
    part.replace(file)


def client_keys(config: HostConfig) -> Sequence[asyncssh.SSHKey] | None:
    """The key to log in with; None for the user's default keys and agent.

    Raises: InvalidHost.
    """
    if config.key_path is None:
        return None
    try:
        return [asyncssh.read_private_key(Path(config.key_path).expanduser())]
    except FileNotFoundError as problem:
        raise InvalidHost(
            f"its key {config.key_path} does not exist on the server",
            host=config.name,
            remedy="put the private key there, or correct key_path",
        ) from problem
    except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as problem:
        raise InvalidHost(
            f"its key {config.key_path} cannot be read: {problem}",
            host=config.name,
            remedy="give a private key that has no passphrase and that the server's user may read",
        ) from problem


def jump_as_host(config: HostConfig, jump: Jump) -> HostConfig:
    """The jump host as a host of its own, reached with the same keys."""
    return HostConfig(
        name=config.name,
        kind=config.kind,
        address=jump.address,
        port=jump.port,
        user=jump.user,
        key_path=config.key_path,
        known_hosts_path=config.known_hosts_path,
        directory=config.directory,
        timeout_s=config.timeout_s,
        keepalive_s=config.keepalive_s,
    )
