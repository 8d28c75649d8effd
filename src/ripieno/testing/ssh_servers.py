"""Real sshds, each in a network namespace of its own, whose cable can be pulled.

For tests: `with Network() as network: server = network.server()`, then `server.config(directory)`.
Needs root, iproute2 and /usr/sbin/sshd; `Unavailable` says what is missing. Files are those of
this machine, process numbers too, only the network is apart.
"""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

from ripieno.model.host import HostConfig, HostKind
from ripieno.runtimes import ssh_keys
from ripieno.runtimes.host import Host, Process, Stream
from ripieno.runtimes.ssh_host import SshHost
from ripieno.runtimes.ssh_keys import HostKey
from ripieno.testing import host_programs, host_rigs

SSHD = "/usr/sbin/sshd"
START_S = 60.0

_numbers = itertools.count()


class Unavailable(Exception):
    """This machine cannot have network namespaces with sshds in them."""


def _ip(*arguments: str) -> str:
    done = subprocess.run(("ip", *arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def _laying_addresses() -> Iterator[None]:
    """Let nobody else on this machine look for an address that is free."""
    with Path(tempfile.gettempdir(), "ripieno-ssh-addresses.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _networks(addresses: str) -> set[str]:
    """The first three numbers of each address; a cable that is pulled has its address, too."""
    return set(re.findall(r"inet (\d+\.\d+\.\d+)\.", addresses))


class Network:
    """Servers and the cables to them; leaving the block removes everything."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise Unavailable("network namespaces need root")
        for tool in ("ip", "nsenter", SSHD):
            if shutil.which(tool) is None:
                raise Unavailable(f"needs {tool}: install iproute2, util-linux and openssh-server")
        self.folder = Path(tempfile.mkdtemp(prefix="ripieno-ssh-"))
        self.folder.chmod(0o755)
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._servers: list[SshServer] = []
        self.key_path = self.folder / "key"
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(self.key_path)
        self.key_path.chmod(0o600)
        self.authorized_keys = self.folder / "authorized_keys"
        key.write_public_key(self.authorized_keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def server(self, *, behind: "SshServer | None" = None, max_sessions: int = 10) -> "SshServer":
        """Another server; `behind` one, only that one reaches it."""
        server = SshServer(self, behind=behind, max_sessions=max_sessions)
        self._servers.append(server)
        return server

    def close(self) -> None:
        """Stop the sshds and remove the namespaces."""
        for server in reversed(self._servers):
            server.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class SshServer:
    """One sshd in one namespace, at the other end of one cable."""

    def __init__(self, network: Network, *, behind: "SshServer | None", max_sessions: int) -> None:
        number = next(_numbers)
        tag = f"{os.getpid() % 100000:x}{number}"
        self._network, self._near = network, behind
        self.namespace = f"ripieno-{tag}"
        self._cable = f"rp{tag}"
        self.address = ""
        self.port = 22
        self._sshd: subprocess.Popen[bytes] | None = None
        self._folder = network.folder / self.namespace
        self._folder.mkdir()
        self.known_hosts_path = self._folder / "known_hosts"
        self._config_path = self._folder / "sshd_config"
        self._host_key_path = self._folder / "host_key"
        self.authorized_keys = self._folder / "authorized_keys"
        shutil.copy(network.authorized_keys, self.authorized_keys)
        self._config_path.write_text(
            f"Port {self.port}\n"
            f"HostKey {self._host_key_path}\n"
            f"AuthorizedKeysFile {self.authorized_keys}\n"
            f"MaxSessions {max_sessions}\n"
            "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            "Subsystem sftp internal-sftp\nPrintMotd no\nUseDNS no\n"
            # A bash that is not the first reads no .bashrc: it may do anything, and be killed here.
            "SetEnv SHLVL=5\n"
        )
        try:
            self._lay_cable()
            self.change_host_key()
            self.trust()
            self.start_sshd()
        except BaseException:
            self.close()
            raise

    def _lay_cable(self) -> None:
        _ip("netns", "add", self.namespace)
        near = () if self._near is None else ("netns", self._near.namespace)
        _ip(
            *("link", "add", f"{self._cable}a", *near, "type", "veth"),
            *("peer", "name", f"{self._cable}b", "netns", self.namespace),
        )
        with _laying_addresses():
            taken = _networks(_ip("-oneline", "address"))
            if self._near is not None:
                taken |= _networks(self._in_near("ip", "-oneline", "address"))
            block = next(
                f"10.{second}.{third}"
                for second in range(213, 255)
                for third in range(255)
                if f"10.{second}.{third}" not in taken
            )
            self.address = f"{block}.2"
            self._in_near("ip", "address", "add", f"{block}.1/30", "dev", f"{self._cable}a")
        self._in_near("ip", "link", "set", f"{self._cable}a", "up")
        self._inside("ip", "address", "add", f"{self.address}/30", "dev", f"{self._cable}b")
        self._inside("ip", "link", "set", f"{self._cable}b", "up")
        self._inside("ip", "link", "set", "lo", "up")

    def _inside(self, *command: str) -> str:
        return _ip("netns", "exec", self.namespace, *command)

    def _in_near(self, *command: str) -> str:
        if self._near is None:
            return _ip(*command[1:])
        return self._near._inside(*command)

    def config(
        self, directory: Path | str, *, name: str = "remote", **fields: object
    ) -> HostConfig:
        """The server as a host with that directory; `fields` replace what would be there."""
        own: dict[str, object] = {
            "address": self.address,
            "port": self.port,
            "user": "root",
            "key_path": str(self._network.key_path),
            "known_hosts_path": str(self.known_hosts_path),
            "timeout_s": 20.0,
            "keepalive_s": 0.3,
        }
        return HostConfig(
            name=name,
            kind=HostKind.SSH,
            directory=str(directory),
            **(own | fields),  # type: ignore[arg-type]  # Whoever gives fields knows their types.
        )

    def cut(self) -> None:
        """Pull the cable: nothing arrives any more, and nobody is told."""
        self._in_near("ip", "link", "set", f"{self._cable}a", "down")

    def mend(self) -> None:
        """Plug the cable in again."""
        self._in_near("ip", "link", "set", f"{self._cable}a", "up")

    def change_host_key(self) -> None:
        """Give the server another key, from its next start on."""
        key = asyncssh.generate_private_key("ssh-ed25519")
        self._host_key_path.unlink(missing_ok=True)
        key.write_private_key(self._host_key_path)
        self._host_key_path.chmod(0o600)
        self.host_key: HostKey = ssh_keys.host_key(self.address, self.port, key)

    def trust(self) -> None:
        """Let the server's key be known."""
        ssh_keys.trust(str(self.known_hosts_path), self.host_key)

    def start_sshd(self) -> None:
        """Start the sshd, and wait until it answers."""
        with (self._folder / "sshd.log").open("ab") as log_file:
            self._sshd = subprocess.Popen(
                (
                    # Not `ip netns exec`, which would give it mounts of its own.
                    *("nsenter", f"--net=/run/netns/{self.namespace}"),
                    *(SSHD, "-D", "-e", "-f", self._config_path),
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log_file,
            )
        if self._near is not None:
            time.sleep(0.3)
            return
        end = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection((self.address, self.port), timeout=1).close()
            except OSError as problem:
                if self._sshd.poll() is not None or time.monotonic() > end:
                    log = (self._folder / "sshd.log").read_text()
                    raise Unavailable(f"sshd does not start: {log}") from problem
                time.sleep(0.02)
            else:
                return

    def stop_sshd(self) -> None:
        """Kill the sshd and all that serve its connections; what was started there goes on."""
        for pid in self._pids():
            if _program(pid).startswith("sshd"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if self._sshd is not None:
            self._sshd.kill()
            self._sshd.wait()
            self._sshd = None

    def set_variable(self, name: str, value: str) -> None:
        """Have every login know a variable, from now on."""
        config = self._config_path.read_text()  # Of several such lines sshd takes the first.
        config = re.sub(rf" {name}=\S*", "", config)
        self._config_path.write_text(config.replace("SetEnv ", f"SetEnv {name}={value} ", 1))
        self.restart_sshd()

    def restart_sshd(self) -> None:
        """Kill the sshd and its connections, and start it anew."""
        self.stop_sshd()
        self.start_sshd()

    def _pids(self) -> list[int]:
        return [int(pid) for pid in _ip("netns", "pids", self.namespace).split()]

    def close(self) -> None:
        """Stop the sshd and whatever else runs in the namespace, and remove that."""
        if f"{self.namespace}" not in _ip("netns", "list"):
            return
        self.stop_sshd()
        while pids := [pid for pid in self._pids() if host_rigs.is_running(pid)]:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        _ip("netns", "delete", self.namespace)


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


class SshRig:
    """A server and an empty directory on it, for the contract of hosts."""

    def __init__(self, server: SshServer, directory: Path) -> None:
        self.server, self._directory = server, directory
        self._hosts: list[SshHost] = []
        self.host: SshHost = self._open()

    def _open(self) -> SshHost:
        host = SshHost(self.server.config(self._directory), tend_s=0.3, ask_s=0.3)
        self._hosts.append(host)
        return host

    async def open(self) -> Host:
        """Another host object to the same directory."""
        return self._open()

    def program(self, verb: str, *arguments: str) -> tuple[str, ...]:
        """The command that does a verb."""
        return host_programs.shell(verb, *arguments)

    def is_running(self, pid: int) -> bool:
        """Whether that pid runs and does not only wait to be reaped."""
        return host_rigs.is_running(pid)

    async def lose(self, process: Process) -> None:
        """Kill a process and its keeper."""
        await host_rigs.lose(process)

    def disk_bytes(self, name: str, stream: Stream) -> int:
        """The blocks of a log."""
        return (self._directory / name / f"{stream}.log").stat().st_blocks * 512

    def file(self, target: str) -> tuple[bytes, int]:
        """Content and mode of a file."""
        path = self._directory / target
        return path.read_bytes(), path.stat().st_mode & 0o7777

    async def close(self) -> None:
        """End everything."""
        for host in self._hosts:
            await host.close()
        host_rigs.kill_all(str(self._directory))
