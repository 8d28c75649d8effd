"""`make demo`: a server, an application of three services, and a live reconfiguration of it.

`python demo.py` leaves the server and the application running; `python demo.py stop` takes both
down. Everything is asked for by the `ripieno` command, as a user would. What the demo writes is in
`.demo` of the checkout.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
APPLICATION = Path(__file__).with_name("ensemble.yaml").relative_to(CHECKOUT)
BIN = Path(sys.executable).parent

PORTS = range(8700, 8800)
SOLO_S = 6.0
"""How long the soloist is heard before the others join in, unless told otherwise."""

PATIENCE_S = 60.0
"""No step takes longer, on any machine."""


class DemoError(Exception):
    """What keeps the demo from going on, in words."""


class Demo:
    """One demo: the folder of its server, and the ways to talk to that."""

    def __init__(self, home: Path, *, ports: str | None = None) -> None:
        self.home = home
        self._ports = ("--ports", ports) if ports else ()
        # Components are started by the server, so they find this Python, too.
        path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self._environment = {**os.environ, "RIPIENO_HOME": str(home), "PATH": path}
        for name in ("RIPIENO_URL", "RIPIENO_TOKEN"):
            self._environment.pop(name, None)

    def ripieno(self, *words: str) -> None:
        """Run a command as it would be typed, and show what it shows."""
        print(_strong(f"$ ripieno {' '.join(words)}"), flush=True)
        done = subprocess.run(
            [BIN / "ripieno", *words], env=self._environment, cwd=CHECKOUT, timeout=PATIENCE_S
        )
        if done.returncode != 0:
            raise DemoError(f"it ended with exit code {done.returncode}; see {self._log}")

    def asked(self, *words: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            [BIN / "ripieno", *words],
            env=self._environment,
            cwd=CHECKOUT,
            timeout=PATIENCE_S,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        if done.returncode != 0:
            raise DemoError(f"ripieno {' '.join(words)} ended with exit code {done.returncode}")
        return done.stdout

    def pids(self) -> dict[str, int]:
        """The process of each component."""
        status = json.loads(self.asked("status", "ensemble", "--json"))
        return {
            each["name"]: replica["pid"]
            for each in status["components"]
            for replica in each["replicas"]
        }

    def serve(self) -> None:
        """Start the server in the background; it goes on when the demo has ended."""
        self.home.mkdir(exist_ok=True)
        with self._log.open("ab") as log:
            server = subprocess.Popen(
                [BIN / "ripieno", "serve", "--listen", "127.0.0.1:0", *self._ports],
                env=self._environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        def is_there() -> bool:
            if server.poll() is not None:
                said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
                raise DemoError("\n".join(["the server has ended at once:", *said]))
            return (self.home / "server.json").exists()

        _until(is_there, "the server is up")
        # Not waited for: it stays when this script is gone.
        server.returncode = 0

    def stop(self) -> None:
        """Take everything down, also what is left of a demo whose server was killed."""
        if not self.home.exists():
            return
        if not self._is_served():
            (self.home / "server.json").unlink(missing_ok=True)
            try:
                self.serve()
            except DemoError as problem:
                raise DemoError(
                    f"{problem}\nWhat an earlier demo has left in {self.home} cannot be taken up; "
                    "end what still runs of it, if anything, and remove that folder"
                ) from problem
        for each in json.loads(self.asked("status", "--json")):
            self.asked("remove", each["name"], "--yes", "--quiet")
        pid = json.loads((self.home / "server.json").read_text())["pid"]
        if self._is_served():  # So the pid is that of the server, and of nobody after it.
            os.kill(pid, signal.SIGTERM)
        _until(lambda: not self._is_served(), "the server has ended")
        shutil.rmtree(self.home)

    @property
    def _log(self) -> Path:
        return self.home / "server.log"

    def _is_served(self) -> bool:
        """Whether a server holds the folder."""
        try:
            with (self.home / "server.lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


def show(demo: Demo, *, port: int | None, solo_s: float) -> None:
    """The whole demo, told step by step."""
    demo.stop()
    port = port or _free_port()
    address = f"http://127.0.0.1:{port}"
    _say("A server, with all that it keeps in one folder")
    print(_strong(f"$ ripieno serve --home {_short(demo.home)} &"), flush=True)
    demo.serve()
    print(f"It is at {json.loads((demo.home / 'server.json').read_text())['url']}")

    _say("An application: a store, an API that needs it, a page that needs the API")
    demo.ripieno("deploy", str(APPLICATION), "--set", f"port={port}")
    demo.ripieno("status", "ensemble")
    before = demo.pids()
    print(f"\nThe page is at {address}. A soloist plays for {solo_s:g} s …", flush=True)
    time.sleep(solo_s)

    _say("While it plays: another API takes the place of the first, under an open page")
    with _visitor(address) as visits:
        demo.ripieno("apply", "ensemble", "--set", "part=tutti", "--yes")
    after = demo.pids()
    _say("What became of the processes")
    for name in sorted({*before, *after}, key=[*before, *after].index):
        print(f"  {name:<10} {_fate(before.get(name), after.get(name))}")
    refused = visits.count(False)
    print(
        f"  Meanwhile the page was asked {len(visits)} times, and answered "
        + ("each time." if not refused else f"{len(visits) - refused} times.")
    )
    print(
        f"\n{_strong(f'Open {address}')}\n\n"
        "To go on, in this folder:\n"
        f'  export RIPIENO_HOME="{demo.home}" PATH="{BIN}:$PATH"\n'
        "  ripieno gantt ensemble                     what happened when\n"
        "  ripieno apply ensemble --set part=solo     the soloist alone again\n"
        f"  kill -9 {after['store']:<35}a crash: it is noticed, and mended\n"
        "  ripieno events -f ensemble                 everything as it happens\n"
        "  make demo-stop                             take it all down",
        flush=True,
    )


@contextmanager
def _visitor(address: str) -> Iterator[list[bool]]:
    """Somebody who looks at the page all the time; whether it answered, each time.

    Like a browser, they ask once more where a connection is cut before anything has come back:
    the system cuts one that is being made in the very moment in which the old page stops listening.
    """
    visits: list[bool] = []
    over = threading.Event()

    def look() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/score", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def visit() -> None:
        while not over.wait(0.02):
            visits.append(look() or look())

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield visits
    finally:
        over.set()
        visitor.join()


def _fate(before: int | None, after: int | None) -> str:
    if before == after:
        return f"{before}  has noticed nothing"
    if after is None:
        return f"{before}  has left"
    if before is None:
        return f"{after}  is new"
    return f"{before} → {after}  the new one was ready before the old one left"


def _free_port() -> int:
    """A port for the page that nobody listens on."""
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise DemoError(f"all ports from {PORTS[0]} to {PORTS[-1]} are taken; give --port")


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise DemoError(f"after {PATIENCE_S:g} s it is not so that {what}")
        time.sleep(0.02)


def _say(words: str) -> None:
    print(f"\n{_strong(f'— {words} —')}", flush=True)


def _strong(words: str) -> str:
    is_plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR")
    return words if is_plain else f"\033[1m{words}\033[0m"


def _short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path)


def main() -> None:
    """What `make demo` and `make demo-stop` call."""
    parser = argparse.ArgumentParser(description="Show what Ripieno does, on this machine.")
    parser.add_argument("what", nargs="?", choices=["start", "stop"], default="start")
    parser.add_argument("--home", type=Path, default=CHECKOUT / ".demo", help="its folder")
    parser.add_argument("--port", type=int, help=f"of the page; by default from {PORTS[0]} on")
    parser.add_argument("--ports", metavar="FIRST-LAST", help="of everything else")
    parser.add_argument("--solo-s", type=float, default=SOLO_S, help="how long one plays alone")
    given = parser.parse_args()
    demo = Demo(given.home.absolute(), ports=given.ports)
    try:
        if given.what == "stop":
            demo.stop()
        else:
            show(demo, port=given.port, solo_s=given.solo_s)
    except KeyboardInterrupt:
        sys.exit("\ndemo: what has begun goes on; take it down with: make demo-stop")
    except (DemoError, subprocess.TimeoutExpired) as problem:
        sys.exit(f"demo: {problem}\nTake down what is there with: make demo-stop")


if __name__ == "__main__":
    main()
