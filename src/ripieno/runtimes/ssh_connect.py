"""One attempt to log in to a host over SSH, through a jump host if it has one.

Used by `ssh_link`. Says in Ripieno's errors why it did not work.
"""

import asyncio
import getpass
import logging
import socket
from collections.abc import Callable

import asyncssh

from ripieno.model import host as model
from ripieno.model.host import HostConfig
from ripieno.runtimes import ssh_keys
from ripieno.runtimes.errors import (
    AuthenticationFailed,
    ConnectionRefused,
    HostKeyChanged,
    HostUnreachable,
    InvalidHost,
    PermanentFailure,
    RuntimeDriverError,
    UnknownHostKey,
)
from ripieno.runtimes.ssh_keys import HostKey

REACH_S = 5.0
"""How long a machine may take to answer at all; short, since the way to it may change."""

LOGIN_S = 30.0
"""How long it may take from there until somebody is logged in."""

KEEPALIVES = 3
"""How many questions may go unanswered until a link counts as lost."""

asyncssh.set_log_level(logging.WARNING)  # It tells of every session at INFO.


class Client(asyncssh.SSHClient):
    """Remembers the key that was shown, and tells of the end of the connection."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self.shown: asyncssh.SSHKey | None = None

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Refuse a key that no known_hosts file has."""
        self.shown = key
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell of it."""
        self._on_end()


async def connect(config: HostConfig, on_end: Callable[[], None]) -> asyncssh.SSHClientConnection:
    """A connection to the host; `on_end` is called when it is closed or lost.

    Raises: TemporaryFailure, PermanentFailure.
    """
    jump = model.jump_of(config)
    if jump is None:
        return await _connect(config, on_end, None)
    way = await _connect(ssh_keys.jump_as_host(config, jump), lambda: None, None)

    def end() -> None:
        way.close()
        on_end()

    try:
        return await _connect(config, end, way)
    except BaseException:
        way.close()
        raise


async def _connect(
    config: HostConfig,
    on_end: Callable[[], None],
    way: asyncssh.SSHClientConnection | None,
) -> asyncssh.SSHClientConnection:
    known = ssh_keys.known_hosts(config)
    keys = ssh_keys.client_keys(config)
    client = Client(on_end)
    stage_s = REACH_S
    try:
        async with asyncio.timeout(REACH_S):
            sock = None if way is not None else await _reach(config.address, config.port)
        stage_s = LOGIN_S
        async with asyncio.timeout(LOGIN_S):
            return await asyncssh.connect(
                config.address,
                config.port,
                sock=sock,
                username=config.user or getpass.getuser(),
                client_factory=lambda: client,
                client_keys=() if keys is None else keys,
                agent_path=() if keys is None else None,
                known_hosts=known,
                tunnel=way,
                config=None,
                preferred_auth="publickey",
                gss_host=None,
                keepalive_interval=config.keepalive_s,
                keepalive_count_max=KEEPALIVES,
            )
    except TimeoutError as late:
        raise HostUnreachable(
            f"{config.address} port {config.port} did not answer within {stage_s:g} s",
            host=config.name,
            remedy="see whether it runs and the network leads there",
        ) from late
    except (OSError, asyncssh.Error, ValueError) as problem:
        raise _reason(config, known, client, problem) from problem


async def _reach(address: str, port: int) -> socket.socket:
    """A TCP connection to the first of a name's addresses that accepts one.

    Raises: OSError.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    problem: OSError | None = None
    for family, kind, protocol, _, there in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, there)
        except OSError as refused:
            sock.close()
            problem = refused
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise problem or OSError(f"{address} has no address")


def _reason(
    config: HostConfig,
    known: asyncssh.SSHKnownHosts,
    client: Client,
    problem: Exception,
) -> RuntimeDriverError:
    """The error that stands for a failed attempt."""
    there = f"{config.address} port {config.port}"
    user = config.user or getpass.getuser()
    is_known = ssh_keys.is_known(known, config.address, config.port)
    key = None
    if client.shown is not None:
        key = ssh_keys.host_key(config.address, config.port, client.shown)
    match problem:
        case asyncssh.HostKeyNotVerifiable():
            return _key_problem(config, key, is_known=is_known)
        case asyncssh.KeyExchangeFailed() if is_known:
            return _key_problem(config, None, is_known=True)
        case asyncssh.PermissionDenied():
            return AuthenticationFailed(
                f"{there} does not let {user} in with "
                + (config.key_path or "the default keys of the server's user"),
                host=config.name,
                remedy="add the public key to its ~/.ssh/authorized_keys, or correct user and key",
            )
        case asyncssh.ConnectionLost() | asyncssh.DisconnectError():
            return HostUnreachable(
                f"{there} ended the connection while it was made: {problem.reason}",
                host=config.name,
                remedy="see its sshd's log",
            )
        case asyncssh.ChannelOpenError():
            return HostUnreachable(
                f"{there} cannot be reached through {config.jump}: {problem.reason}",
                host=config.name,
                remedy="see whether it runs, and whether the jump host may forward",
            )
        case ConnectionRefusedError():
            return ConnectionRefused(
                f"{there} refuses the connection",
                host=config.name,
                remedy="see whether sshd runs there, and on that port",
            )
        case socket.gaierror() if problem.errno != socket.EAI_AGAIN:
            return InvalidHost(
                f"no machine is called {config.address}",
                host=config.name,
                remedy="correct the address",
            )
        case TimeoutError():
            return HostUnreachable(f"{there} does not answer", host=config.name)
        case OSError():
            return HostUnreachable(
                f"{there} cannot be reached: {problem.strerror or problem}",
                host=config.name,
                remedy="see whether it runs and the network leads there",
            )
    return PermanentFailure(f"{there} cannot be used: {problem}", host=config.name)


def _key_problem(config: HostConfig, key: HostKey | None, *, is_known: bool) -> RuntimeDriverError:
    shown = "another key" if key is None else f"the key {key.fingerprint}"
    there = f"{config.address} port {config.port}"
    files = " or ".join(str(path) for path in ssh_keys.known_hosts_files(config))
    if is_known:
        return HostKeyChanged(
            f"{there} shows {shown}, which is not the one that is known in {files}",
            host=config.name,
            remedy="if it was installed anew, take the old key out and add the host's new one; "
            "if not, somebody may be in between",
        )
    return UnknownHostKey(
        f"{there} shows {shown}, which nobody has accepted yet",
        host=config.name,
        remedy=f"compare it with the host's own, then add it to {files}",
    )


async def scan_host_key(config: HostConfig) -> HostKey:
    """The key that a host shows, for a person to compare and to accept (`ssh_keys.trust`).

    Logs in nowhere but on a jump host, whose key must be known already.
    Raises: TemporaryFailure, PermanentFailure.
    """
    jump = model.jump_of(config)
    way = None
    if jump is not None:
        way = await _connect(ssh_keys.jump_as_host(config, jump), lambda: None, None)
    try:
        async with asyncio.timeout(REACH_S + LOGIN_S):
            key = await asyncssh.get_server_host_key(
                config.address, config.port, tunnel=way, config=None
            )
    except (OSError, asyncssh.Error, ValueError) as problem:
        known = asyncssh.import_known_hosts("")
        raise _reason(config, known, Client(lambda: None), problem) from problem
    finally:
        if way is not None:
            way.close()
            await way.wait_closed()
    if key is None:
        raise InvalidHost(f"{config.address} shows no key", host=config.name)
    return ssh_keys.host_key(config.address, config.port, key)
