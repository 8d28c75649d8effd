"""The command line over a control in memory, called in this process or in one of its own.

The server runs in a thread, so that the commands, which begin an event loop of their own, can be
called from the test.
"""

import asyncio
import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from unittest import mock

from ripieno.__main__ import ENTRIES
from ripieno.api.app import create_app
from ripieno.api.feed import Feed
from ripieno.cli import main
from ripieno.control.requests import Change, OnFailure, Source
from ripieno.control.views import (
    DeploymentView,
    ForecastSpan,
    ReconfigurationKind,
    ReconfigurationState,
    ReconfigurationView,
    Span,
)
from tests.fake_control import NOW, TOKEN, FakeControl
from tests.serving import serving

MOST_S = 60.0
_ON_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C comes to this process
from ripieno.__main__ import run
run()
"""
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

Course = Callable[[ReconfigurationView], list[ReconfigurationView]]


WEB_SHOP = """\
name: web-shop
version: 1.2.0
components: {web: {type: service, command: [sleep, "100"]}}
"""
"""What there is to be deployed by its name."""


class ScriptedControl(FakeControl):
    """A control whose reconfigurations go on, a step each time that somebody looks.

    `course` makes the steps of a new one; without it, it completes at the first look.
    """

    def __init__(self) -> None:
        super().__init__()
        self.keep(WEB_SHOP)
        self.course: Course = completes
        self.steps: dict[str, list[ReconfigurationView]] = {}
        self.looks = 0
        self.sources: list[Source] = []  # what was deployed
        self.revisions: list[int | None] = []  # what changes were asked for
        self.refuses: Exception | None = None  # raised by whatever is asked for

    async def deploy(
        self, source: Source, *, name: str | None, on_failure: OnFailure | None, caller: str
    ) -> tuple[DeploymentView, ReconfigurationView]:
        self.sources.append(source)
        if self.refuses is not None:
            raise self.refuses
        return await super().deploy(source, name=name, on_failure=on_failure, caller=caller)

    async def change(
        self, deployment: str, change: Change, *, caller: str, revision: int | None = None
    ) -> ReconfigurationView:
        self.revisions.append(revision)
        if self.refuses is not None:
            raise self.refuses
        return await super().change(deployment, change, caller=caller, revision=revision)

    def _ask(
        self, view: DeploymentView, kind: ReconfigurationKind, caller: str
    ) -> ReconfigurationView:
        asked = super()._ask(view, kind, caller)
        self.steps[asked.id] = self.course(asked)
        return asked

    async def reconfiguration(self, id: str) -> ReconfigurationView:
        self.looks += 1
        if self.steps.get(id):
            self.asked[id] = self.steps[id].pop(0)
        return await super().reconfiguration(id)


def completes(asked: ReconfigurationView) -> list[ReconfigurationView]:
    """It runs, and then it is done."""
    return [
        replace(asked, forecast=FORECAST, timeline=(went("start", end_s=None),)),
        replace(
            asked,
            state=ReconfigurationState.COMPLETED,
            ended_at=NOW + timedelta(seconds=3),
            forecast=FORECAST,
            timeline=(went("start", end_s=1.5), went("become_ready", start_s=1.5, end_s=3.0)),
        ),
    ]


def fails(cause: str, *, rollback: str | None = None) -> Course:
    """It runs, and then its transition `start` fails."""

    def course(asked: ReconfigurationView) -> list[ReconfigurationView]:
        return [
            replace(asked, forecast=FORECAST, timeline=(went("start", end_s=None),)),
            replace(
                asked,
                state=ReconfigurationState.FAILED,
                reason=f"web.start: {cause}",
                ended_at=NOW + timedelta(seconds=2),
                forecast=FORECAST,
                timeline=(went("start", end_s=2.0, state="failed", cause=cause),),
                rollback=rollback,
            ),
        ]

    return course


def went(
    transition: str,
    *,
    start_s: float = 0.0,
    end_s: float | None,
    state: str | None = None,
    cause: str | None = None,
    component: str = "web",
) -> Span:
    """A transition of `web`, in seconds from when it was asked for."""
    return Span(
        component=component,
        transition=transition,
        behaviour=transition,
        attempt=1,
        state=state or ("issued" if end_s is None else "done"),
        start=NOW + timedelta(seconds=start_s),
        end=None if end_s is None else NOW + timedelta(seconds=end_s),
        cause=cause,
    )


FORECAST = (
    ForecastSpan(component="web", transition="start", start_s=0.0, end_s=1.0),
    ForecastSpan(component="web", transition="become_ready", start_s=1.0, end_s=3.5),
)


class Server:
    """A control behind the real API on a free port, which can be stopped and started again."""

    def __init__(self, control: FakeControl) -> None:
        self.control = control
        self.url = ""
        self._port = 0
        self._thread: threading.Thread | None = None
        self._tell: Callable[[Callable[[], None]], object] = lambda do: None
        self._gone = asyncio.Event()

    def start(self) -> None:
        """Serve, on the port of the last time."""
        is_up = threading.Event()

        async def serve() -> None:
            loop, gone = asyncio.get_running_loop(), asyncio.Event()
            feed = Feed(self.control, pause_s=0.001, heartbeat_s=0.05)
            async with serving(create_app(self.control, feed=feed), port=self._port) as url:
                self.url = url
                self._port = int(url.rpartition(":")[2])
                self._tell = loop.call_soon_threadsafe
                self._gone = gone
                is_up.set()
                await gone.wait()

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()))
        self._thread.start()
        assert is_up.wait(MOST_S)

    def tell(self, do: Callable[[], None]) -> None:
        """Do something where the server runs, so that who waits there notices."""
        self._tell(do)

    def stop(self) -> None:
        """End it; whoever asks finds nobody."""
        if self._thread is not None:
            self._tell(self._gone.set)
            self._thread.join(MOST_S)
            self._thread = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a command printed, and its exit code."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()


class CommandLine:
    """Calls `ripieno`; what it is told by the environment can be changed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def __call__(self, *words: object, given: bytes | str = b"", columns: int = 100) -> Shown:
        """Run a command in this process, without a terminal."""
        given = given.encode() if isinstance(given, str) else given
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
        environment = {**self.environment, "COLUMNS": str(columns)}
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch.object(sys, "argv", ["ripieno", *map(str, words)]),
            mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given))),
            mock.patch.object(sys, "stdout", streams[0]),
            mock.patch.object(sys, "stderr", streams[1]),
        ):
            try:
                main.run(ENTRIES)
                code: object = 0
            except SystemExit as leaving:
                code = leaving.code or 0
        assert isinstance(code, int)
        texts = []
        for stream in streams:
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())
        return Shown(exit_code=int(code), stdout=texts[0], stderr=texts[1])

    def process(self, *words: object) -> subprocess.Popen[str]:
        """Run a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "ripieno", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment, "COLUMNS": "100", "PATH": os.environ.get("PATH", "")},
        )

    @contextmanager
    def terminal(self, *words: object, columns: int = 80, rows: int = 24) -> Iterator["Terminal"]:
        """Run a command in a process of its own, on a terminal."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**self.environment, "TERM": "xterm-256color", "PATH": os.environ["PATH"]}
        process = subprocess.Popen(
            [sys.executable, "-c", _ON_TERMINAL, *map(str, words)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            process.wait()
            os.close(ours)


class Terminal:
    """A command on a terminal: what it shows can be waited for, and be answered."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self._process = process
        self._ours = ours
        self.seen = b""

    @property
    def text(self) -> str:
        """All that it has shown so far, without how."""
        return _ESCAPE.sub("", self.seen.decode("utf-8", "replace"))

    def until(self, words: str) -> None:
        """Wait until it has shown something."""
        give_up_at = time.monotonic() + MOST_S
        while words not in self.text:
            assert self._read(give_up_at), f"{words!r} never came: {self.text}"

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Wait until it has ended; its exit code."""
        give_up_at = time.monotonic() + MOST_S
        while self._read(give_up_at):
            pass
        return self._process.wait(MOST_S)

    def interrupt(self) -> int:
        """Type Ctrl-C until it has ended, as people do; its exit code.

        The first one is not noticed if it comes after a question was printed and before anything
        waits for the answer.
        """
        give_up_at = time.monotonic() + MOST_S
        again_at = 0.0
        while True:
            if time.monotonic() >= again_at:
                self.type("\x03")
                again_at = time.monotonic() + 2.0
            if self._has_more(again_at) and not self._read(give_up_at):
                return self._process.wait(MOST_S)
            if time.monotonic() >= give_up_at:
                raise TimeoutError(self.text)

    def _has_more(self, until: float) -> bool:
        wait_s = max(0.0, until - time.monotonic())
        return bool(select.select([self._ours], [], [], wait_s)[0])

    def _read(self, give_up_at: float) -> bool:
        if not self._has_more(give_up_at):
            raise TimeoutError(self.text)
        try:
            read = os.read(self._ours, 65536)
        except OSError:  # Nobody has the other end any more.
            return False
        self.seen += read
        return bool(read)


@contextmanager
def command_line(control: FakeControl, home: Path) -> Iterator[tuple[CommandLine, Server]]:
    """A command line whose server has this control."""
    server = Server(control)
    server.start()
    environment = {
        "RIPIENO_URL": server.url,
        "RIPIENO_TOKEN": TOKEN,
        "RIPIENO_HOME": str(home),
        "PYTHONIOENCODING": "utf-8",
    }
    try:
        yield CommandLine(environment), server
    finally:
        control.error = None
        server.stop()
