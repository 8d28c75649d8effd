"""Services as processes that may be killed, paused and ended, over whatever broker."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from tweetoscope.cli.main import COMMANDS, app
from tweetoscope.topics import GENERATOR

WITHIN_S = 120.0


@dataclass(eq=False, kw_only=True)
class Replica:
    """One process of a service, and what it was started with."""

    service: str
    arguments: Sequence[str]
    process: BaseProcess

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens where it has ended."""
        assert self.process.pid is not None
        if self.process.is_alive():
            os.kill(self.process.pid, number)


class Fleet:
    """Processes made by forking one that has everything loaded, so that many cost little.

    What they say goes to files in `folder`.
    """

    def __init__(self, brokers: str, folder: Path) -> None:
        self._brokers, self._folder = brokers, folder
        self._context = multiprocessing.get_context("forkserver")
        # What reads files has a thread of its own, which nobody should fork.
        loaded = [f"tweetoscope.cli.{name}" for name in COMMANDS if name != GENERATOR]
        self._context.set_forkserver_preload(loaded)
        self.replicas: list[Replica] = []
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, service: str, arguments: Sequence[str] = ()) -> Replica:
        """Start a replica, which goes on until it is killed or ended."""
        command = [service, "--brokers", self._brokers, *arguments]
        process = self._context.Process(
            target=serve, args=[command, str(self._folder / f"{service}.log")], daemon=True
        )
        process.start()
        replica = Replica(service=service, arguments=arguments, process=process)
        self.replicas.append(replica)
        return replica

    def kill(self, replica: Replica) -> None:
        """End it as by the machine's going down."""
        self.replicas.remove(replica)
        replica.signal(signal.SIGKILL)
        replica.process.join(WITHIN_S)

    def restart(self, replica: Replica) -> Replica:
        """Kill it, and start another in its place."""
        self.kill(replica)
        return self.start(replica.service, replica.arguments)

    def end(self, *replicas: Replica) -> dict[str, int | None]:
        """Ask some to end, or all, and say of those that did not do so properly how they did."""
        chosen = replicas or tuple(self.replicas)
        for replica in chosen:
            replica.signal(signal.SIGTERM)
        bad: dict[str, int | None] = {}
        for replica in chosen:
            self.replicas.remove(replica)
            replica.process.join(WITHIN_S)
            # It may not have begun to listen yet.
            if (code := replica.process.exitcode) not in (0, -signal.SIGTERM):
                replica.process.kill()
                bad[replica.service] = code
        return bad

    def close(self) -> None:
        """Leave nothing behind."""
        while self.replicas:
            self.kill(self.replicas[-1])


def serve(command: list[str], log: str) -> None:
    """What each process does."""
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    app(command, standalone_mode=False)
