"""A real Docker engine of the tests' own, and images that are made without pulling any. For tests.

`with Network() as network, ContainerEngine(network) as engine: engine.image("tool:1")`. Clients
find it by `engine.url` in DOCKER_HOST. It works in a network namespace, so that it lays no cables
among those of this machine, which browsers would notice, and sets none of its rules and switches;
only what is published at 127.0.0.1 is published here. `Unavailable` says what is missing.
"""

import contextlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ripieno.testing.ssh_servers import Network, SshServer, Unavailable

START_S = 60.0
BUSYBOX = "/bin/busybox"
_BRIDGE = "bridge0"
_APPLETS = ("cat", "echo", "env", "httpd", "ls", "nc", "sh", "sleep", "touch", "wget")

_RELAY = """\
#!/bin/sh
# Stands for the engine's own relay of connections: what is for 127.0.0.1 listens where tests do.
case "$(cat {where}) $* " in
    "here "*" -host-ip 127.0.0.1 "*) exec nsenter --net=/proc/{pid}/ns/net {relay} "$@" ;;
    *) exec {relay} "$@" ;;
esac
"""


class ContainerEngine:
    """An engine with nothing in it; leaving the block ends it and all that it has."""

    def __init__(self, network: Network) -> None:
        programs = ("docker", "dockerd", "docker-proxy", "iptables", "unshare")
        missing = [each for each in programs if shutil.which(each) is None]
        if missing or not Path(BUSYBOX).exists():
            raise Unavailable(
                f"needs {', '.join(missing) or BUSYBOX}: apt-get install docker.io busybox-static"
            )
        self._client = shutil.which("docker") or "docker"
        self._server = network.server()
        self._folder = Path(tempfile.mkdtemp(prefix="ripieno-engine-"))
        self.url = f"unix://{self._folder}/socket"
        self._log_path = self._folder / "log"
        self._where = self._folder / "where"
        try:
            self._process = self._start()
        except BaseException:
            self._server.close()
            raise

    @property
    def machine(self) -> str:
        """This machine's address as the engine knows it; registries there may speak plain http."""
        block, _, _ = self._server.address.rpartition(".")
        return f"{block}.1"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def docker(self, *words: str, stdin: bytes = b"") -> str:
        """What the engine's client says to this."""
        done = subprocess.run(
            (self._client, "--host", self.url, *words),
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"docker {words}: {done.stderr.decode()}"
        return done.stdout.decode().strip()

    def image(self, name: str, **instructions: str | Sequence[str]) -> str:
        """Make an image of a few small programs, with these instructions (`ENTRYPOINT`, …)."""
        changes = [
            word
            for key, value in {"ENV": "PATH=/bin", **instructions}.items()
            for word in ("--change", _instruction(key, value))
        ]
        self.docker("import", *changes, "-", name, stdin=_files())
        return name

    def containers(self) -> dict[str, str]:
        """All containers there are, running or not: what is in them, by their names."""
        lines = self.docker("ps", "--all", "--format", "{{.Names}} {{.Image}}").splitlines()
        return {name: image for name, _, image in (each.partition(" ") for each in lines)}

    def inspect(self, container: str) -> Any:
        """All that the engine knows of a container."""
        (found,) = json.loads(self.docker("inspect", container))
        return found

    @contextlib.contextmanager
    def as_host(self) -> Iterator[SshServer]:
        """The machine that the engine is on, whose users find it; its 127.0.0.1 is its own."""
        self._where.write_text("there")
        self._server.set_variable("DOCKER_HOST", self.url)
        try:
            yield self._server
        finally:
            self._where.write_text("here")

    def clear(self) -> None:
        """End all containers."""
        if names := list(self.containers()):
            self.docker("rm", "--force", *names)

    def close(self) -> None:
        """End all containers and the engine, and remove every trace of them."""
        try:
            self.clear()
        finally:
            self._process.terminate()
            self._process.wait(START_S)
            self._server.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        inside = ("ip", "netns", "exec", self._server.namespace)
        _run(*inside, "ip", "link", "add", _BRIDGE, "type", "bridge")
        # In the block of the cable's addresses, which nobody else on this machine has.
        block, _, _ = self._server.address.rpartition(".")
        _run(*inside, "ip", "address", "add", f"{block}.129/25", "dev", _BRIDGE)
        _run(*inside, "ip", "link", "set", _BRIDGE, "up")
        _run("ip", "route", "add", f"{block}.128/25", "via", self._server.address)
        relay = self._folder / "relay"
        self._where.write_text("here")
        relay.write_text(
            _RELAY.format(relay=shutil.which("docker-proxy"), pid=os.getpid(), where=self._where)
        )
        relay.chmod(0o755)
        settings = self._folder / "settings.json"
        settings.write_text("{}")  # Whatever this machine's own engine is told is none of ours.
        log = self._log_path.open("wb")
        process = subprocess.Popen(
            (
                # Its mounts are its own, and go with it.
                *("nsenter", f"--net=/run/netns/{self._server.namespace}"),
                *("unshare", "--mount", "--propagation", "slave", "dockerd"),
                *("--host", self.url, "--pidfile", str(self._folder / "pid")),
                *("--data-root", str(self._folder / "data")),
                *("--exec-root", str(self._folder / "exec")),
                *("--config-file", str(settings)),
                *("--bridge", _BRIDGE, "--iptables=false", "--ip6tables=false", "--ip-masq=false"),
                *("--userland-proxy-path", str(relay)),
                *("--insecure-registry", f"{self.machine}/32"),
            ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        self._wait(process)
        return process

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        words = ("docker", "--host", self.url, "version")
        while subprocess.run(words, capture_output=True, check=False).returncode:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                said = self._log_path.read_text(encoding="utf-8", errors="replace")
                raise Unavailable(f"dockerd does not start: {said[-2000:]}")
            time.sleep(0.05)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(words)}: {done.stderr.strip()}")


def _instruction(name: str, value: Any) -> str:
    """As in a file that an image is made of."""
    return f"{name} {value if isinstance(value, str) else json.dumps(value)}"


def _files() -> bytes:
    """An archive of the programs."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for folder in ("bin", "tmp", "etc"):
            made = tarfile.TarInfo(folder)
            made.type, made.mode = tarfile.DIRTYPE, 0o777
            archive.addfile(made)
        archive.add(BUSYBOX, "bin/busybox")
        for applet in _APPLETS:
            made = tarfile.TarInfo(f"bin/{applet}")
            made.type, made.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(made)
    return packed.getvalue()
