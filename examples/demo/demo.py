"""`make demo`: a server with a catalogue, a sample rearranged live, and a pipeline at work.

`python demo.py` leaves the server, its door and the application running; `python demo.py stop`
takes all down. Everything is asked for by the `ripieno` command, as a user would. What the demo
writes is in `.demo` of the checkout.
"""

import argparse
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from ripieno import settings
from ripieno.routing import process

CHECKOUT = Path(__file__).resolve().parents[2]
CATALOGUE = Path("examples", "catalogue")
BIN = Path(sys.executable).parent
SAMPLES_BIN = CHECKOUT / CATALOGUE / ".venv" / "bin"

SHOWN = "ensemble"
"""The sample that is deployed and rearranged."""

PIPELINE = "tweetoscope"
"""The application that is left to be looked at."""

SOLO_S = 6.0
"""How long the soloist is heard before the others join in, unless told otherwise."""

PATIENCE_S = 120.0
"""No step takes longer, on any machine."""

LOOK_S = 0.1
"""How often is looked whether something is so; looking, too, takes processors."""


class DemoError(Exception):
    """What keeps the demo from going on, in words."""


class Demo:
    """One demo: the folder of its server, and the ways to talk to that."""

    def __init__(
        self,
        home: Path,
        *,
        ports: str | None = None,
        is_anywhere: bool = False,
        command: Path = BIN / "ripieno",
    ) -> None:
        self.home = home
        self._command = command
        self._ports = ("--ports", ports) if ports else ()
        self._is_anywhere = is_anywhere
        # Components are started by the server: this is where they find their Python.
        path = os.pathsep.join([str(SAMPLES_BIN), str(BIN), os.environ.get("PATH", os.defpath)])
        self._environment = {**os.environ, "RIPIENO_HOME": str(home), "PATH": path}
        for name in ("RIPIENO_URL", "RIPIENO_TOKEN"):
            self._environment.pop(name, None)

    def ripieno(self, *words: str) -> None:
        """Run a command as it would be typed, and show what it shows."""
        print(_strong(f"$ ripieno {' '.join(words)}"), flush=True)
        done = subprocess.run(
            [self._command, *words], env=self._environment, cwd=CHECKOUT, timeout=PATIENCE_S
        )
        if done.returncode != 0:
            raise DemoError(f"it ended with exit code {done.returncode}; see {self._log}")

    def asked(self, *words: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            [self._command, *words],
            env=self._environment,
            cwd=CHECKOUT,
            timeout=PATIENCE_S,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        if done.returncode != 0:
            raise DemoError(f"ripieno {' '.join(words)} has failed:\n{done.stderr}")
        return done.stdout

    def pids(self) -> dict[str, int]:
        """The process of each component."""
        status = json.loads(self.asked("status", SHOWN, "--json"))
        return {
            each["name"]: replica["pid"]
            for each in status["components"]
            for replica in each["replicas"]
        }

    def serve(self) -> None:
        """Start the server in the background; it goes on when the demo has ended."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        listen, door, prefix = _ports(is_anywhere=self._is_anywhere)
        where = ["--listen", f"127.0.0.1:{listen}", "--door-port", door, "--prefix-port", prefix]
        with self._log.open("ab") as log:
            server = subprocess.Popen(
                [self._command, "serve", *map(str, where), *self._ports],
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
            process.end(self.home / "door")
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
        process.end(self.home / "door")  # It outlives servers, as what is deployed does.
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


def show(demo: Demo, *, solo_s: float) -> None:
    """The whole demo, told step by step."""
    demo.stop()
    _say("A server, with all that it keeps in one folder")
    print(_strong(f"$ ripieno serve --home {_short(demo.home)} &"), flush=True)
    demo.serve()
    url = json.loads((demo.home / "server.json").read_text())["url"]
    print(f"It is at {url}")

    _say("A catalogue of sample applications")
    samples = sorted((CHECKOUT / CATALOGUE).glob("*/application.yaml"))
    for each in (*samples, CHECKOUT / "apps" / PIPELINE / "application.yaml"):
        demo.ripieno("app", "register", str(each.parent.relative_to(CHECKOUT)))

    _say("One of the samples is deployed: a store, an API that needs it, a page that needs the API")
    demo.ripieno("deploy", SHOWN)
    demo.ripieno("status", SHOWN)
    before = demo.pids()
    print(f"\nA soloist plays for {solo_s:g} s …", flush=True)
    time.sleep(solo_s)

    _say("While it plays: another API takes the place of the first, under an open page")
    with _visits(Visitor(demo.asked("open", SHOWN, "--print").strip())) as visits:
        demo.ripieno("apply", SHOWN, "--set", "part=tutti", "--yes")
    after = demo.pids()
    _say("What became of the processes")
    for name in sorted({*before, *after}, key=[*before, *after].index):
        print(f"  {name:<10} {_fate(before.get(name), after.get(name))}")
    refused = visits.count(False)
    print(
        f"  Meanwhile the page was asked {len(visits)} times through the door, and answered "
        + ("each time." if not refused else f"{len(visits) - refused} times.")
    )
    _say("A pipeline: which of the tweets that come now will be largest?")
    _forecast(demo)

    link = demo.asked("sign-in").strip()
    print(
        f"\n{_strong(f'Open {link}?next=/deployments/{PIPELINE}/open')}\n"
        "It signs you in once, within ten minutes, and shows what is foretold. The catalogue\n"
        f"is at {url}; later, sign in there as admin with the\n"
        f"password in {_short(demo.home / settings.PASSWORD_FILE)}.\n"
        "\nTo go on, in this folder:\n"
        f'  export RIPIENO_HOME="{demo.home}" PATH="{BIN}:$PATH"\n'
        "  ripieno scale tweetoscope estimator=3      more estimators, while the stream goes on\n"
        "  ripieno open ensemble                      the page, through the door\n"
        "  ripieno gantt ensemble                     what happened when\n"
        "  ripieno apply ensemble --set part=solo     the soloist alone again\n"
        f"  kill -9 {after['store']:<35}a crash: it is noticed, and mended\n"
        "  ripieno sign-in                            another link for a browser\n"
        "  make demo-stop                             take it all down",
        flush=True,
    )


def _forecast(demo: Demo) -> None:
    """Deploy the pipeline, and wait for what it says first."""
    began_s = time.monotonic()
    demo.ripieno("deploy", PIPELINE, "--configuration", "quick")
    page = Visitor(demo.asked("open", PIPELINE, "--print").strip())
    _until(lambda: 'id="row-' in page.ask("/")[1], f"{PIPELINE} has foretold something")
    took_s = time.monotonic() - began_s
    print(f"\nIts first forecasts were there {took_s:.0f} s after it was asked for.")


class Visitor:
    """Somebody whom the door has let in. Raises: DemoError if it does not."""

    def __init__(self, way_in: str) -> None:
        entry = urlsplit(way_in)
        assert entry.hostname and entry.port
        self._host, self._port, self._key = entry.netloc, entry.port, ""
        status, _ = self.ask(f"{entry.path}?{entry.query}")
        if not self._key:
            raise DemoError(f"the door at {self._host} lets nobody in: it answered {status}")

    def ask(self, path: str) -> tuple[int, str]:
        """The status of an answer, and what it says; a key that comes with it is kept."""
        # Names below localhost are known to browsers, not to every system.
        door = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        headers = {"Host": self._host, "Cookie": self._key, "Connection": "close"}
        door.request("GET", path, headers=headers)
        answer = door.getresponse()
        if key := answer.getheader("Set-Cookie"):
            self._key = key.partition(";")[0]
        return answer.status, answer.read().decode(errors="replace")


@contextmanager
def _visits(visitor: Visitor) -> Iterator[list[bool]]:
    """The visitor looks at the page all the time; whether it answered, each time."""
    visits: list[bool] = []
    over = threading.Event()

    def visit() -> None:
        while not over.wait(0.02):
            try:
                visits.append(visitor.ask("/score")[0] == 200)
            except OSError:
                visits.append(False)

    visiting = threading.Thread(target=visit)
    visiting.start()
    try:
        yield visits
    finally:
        over.set()
        visiting.join()


def _fate(before: int | None, after: int | None) -> str:
    if before == after:
        return f"{before}  has noticed nothing"
    if after is None:
        return f"{before}  has left"
    if before is None:
        return f"{after}  is new"
    return f"{before} → {after}  the new one was ready before the old one left"


def _ports(*, is_anywhere: bool) -> list[int]:
    """Where the server and its door listen: the usual ports, or others where these are taken."""
    usual = (settings.LISTEN_PORT, settings.HOST_PORT, settings.PREFIX_PORT)
    found = []
    with ExitStack() as stack:
        for each in usual:
            probe = stack.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", 0 if is_anywhere else each))
            except OSError:
                probe.bind(("127.0.0.1", 0))
            found.append(int(probe.getsockname()[1]))
    return found


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise DemoError(f"after {PATIENCE_S:g} s it is not so that {what}")
        time.sleep(LOOK_S)


def _say(words: str) -> None:
    print(f"\n{_strong(f'— {words} —')}", flush=True)


def _strong(words: str) -> str:
    is_plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR")
    return words if is_plain else f"\033[1m{words}\033[0m"


def _short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path)


def _objection(command: Path, ports: str | None, solo_s: float) -> str:
    """What is wrong with what was asked for; empty if nothing is."""
    if not os.access(command, os.X_OK) or command.is_dir():
        return (
            f"there is no program {command}; name the ripieno command of an installation, or leave "
            "--command out"
        )
    first, dash, last = (ports or "1-1").partition("-")
    numbers = [int(each) for each in (first, last) if each.isascii() and each.isdecimal()]
    if not dash or len(numbers) != 2 or not 1 <= numbers[0] <= numbers[1] <= 65535:
        return f"{ports} are no ports; give them as FIRST-LAST, from 1 to 65535"
    if not 0.0 <= solo_s <= PATIENCE_S:
        return f"nobody plays alone for {solo_s:g} s; give from 0 to {PATIENCE_S:g}"
    return ""


def main() -> None:
    """What `make demo` and `make demo-stop` call."""
    parser = argparse.ArgumentParser(description="Show what Ripieno does, on this machine.")
    parser.add_argument("what", nargs="?", choices=["start", "stop"], default="start")
    parser.add_argument("--home", type=Path, default=CHECKOUT / ".demo", help="its folder")
    parser.add_argument("--ports", metavar="FIRST-LAST", help="of what is deployed")
    parser.add_argument("--anywhere", action="store_true", help="listen on any free ports")
    parser.add_argument("--command", type=Path, default=BIN / "ripieno", help="what is called")
    parser.add_argument("--solo-s", type=float, default=SOLO_S, help="how long one plays alone")
    given = parser.parse_args()
    problem = _objection(given.command, given.ports, given.solo_s)
    if problem:
        print(f"demo: {problem}", file=sys.stderr)
        sys.exit(2)
    demo = Demo(
        given.home.absolute(),
        ports=given.ports,
        is_anywhere=given.anywhere,
        command=given.command,
    )
    try:
        if given.what == "stop":
            demo.stop()
        else:
            show(demo, solo_s=given.solo_s)
    except KeyboardInterrupt:
        sys.exit("\ndemo: what has begun goes on; take it down with: make demo-stop")
    except (DemoError, subprocess.TimeoutExpired) as problem:
        sys.exit(f"demo: {problem}\nTake down what is there with: make demo-stop")


if __name__ == "__main__":
    main()
