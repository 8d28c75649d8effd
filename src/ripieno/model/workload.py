"""Workloads: what a runtime is asked to run for a component. Constructing one validates it.

Texts may hold `${...}` until they are resolved (`references`). `to_json` and `from_json` are for
whoever stores what a component runs; two workloads are equal when there is nothing to change.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ripieno.model import limits, names
from ripieno.model.errors import ApplicationError
from ripieno.model.node import listed, quoted

MOST_REPLICAS = 1000
MOST_WORDS = 2000
MOST_ENTRIES = 500

LEAST_CPUS = 0.1
LEAST_MEMORY_MIB = 32
"""The least that a replica can be promised."""

SIGNALS = ("TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "KILL")
"""What a process can be asked to stop with."""


class HealthKind(StrEnum):
    """How a replica is asked whether it is ready."""

    HTTP = "http"
    TCP = "tcp"
    COMMAND = "command"


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How and how often a replica is asked, and when its answer counts.

    `tcp_port` names the port that is asked, None the first. `failures` in a row after `grace_s`
    make a replica unhealthy. `argv` is for `COMMAND`: exit code 0 means ready.
    """

    kind: HealthKind
    path: str = "/"
    tcp_port: str | None = None
    argv: tuple[str, ...] = ()
    interval_s: float = 2.0
    timeout_s: float = 1.0
    failures: int = 3
    grace_s: float = 0.0

    def __post_init__(self) -> None:
        for name, seconds, least in (
            ("interval_s", self.interval_s, 0.01),
            ("timeout_s", self.timeout_s, 0.01),
            ("grace_s", self.grace_s, 0.0),
        ):
            _check_seconds(seconds, f"health: {name}", "health", name, least=least)
        _check_count(self.failures, "health: failures", "health", "failures")
        names.check_text(self.path, "the path of a health check", "health", "http")
        if self.kind is HealthKind.HTTP and not self.path.startswith(("/", "${")):
            raise ApplicationError(
                f"the path {quoted(self.path)} of a health check does not begin with /; add it",
                at=("health", "http"),
            )
        if self.kind is HealthKind.COMMAND:
            _check_argv(self.argv, "health", "command")
            if not self.argv:
                raise ApplicationError(
                    "a health check runs nothing; give a list of words, [program, …]",
                    at=("health", "command"),
                )


class RestartCondition(StrEnum):
    """When a process that has ended by itself is started again."""

    ALWAYS = "always"
    ON_FAILURE = "on_failure"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class RestartPolicy:
    """When, and how soon. The wait doubles from `backoff_s` to `backoff_cap_s`; `limit` None: ever.

    `limit` counts restarts since the component was last well.
    """

    condition: RestartCondition = RestartCondition.ALWAYS
    backoff_s: float = 1.0
    backoff_cap_s: float = 60.0
    limit: int | None = None

    def __post_init__(self) -> None:
        _check_seconds(self.backoff_s, "restart: backoff_s", "restart", "backoff_s", least=0.01)
        _check_seconds(self.backoff_cap_s, "restart: backoff_cap_s", "restart", "backoff_cap_s")
        if self.backoff_cap_s < self.backoff_s:
            raise ApplicationError(
                f"restart: backoff_cap_s ({self.backoff_cap_s:g}) is less than backoff_s "
                f"({self.backoff_s:g}); raise it",
                at=("restart", "backoff_cap_s"),
            )
        if self.limit is not None:
            _check_count(self.limit, "restart: limit", "restart", "limit", least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileTransfer:
    """A file that is put at `target` in the working directory before the start.

    It has either `content`, or `source`: a path on the server, or `digest`: that of a file which
    was registered with the application. `mode` is as for chmod.
    """

    target: str
    source: str | None = None
    content: str | None = None
    digest: str | None = None
    mode: int | None = None

    def __post_init__(self) -> None:
        names.check_relative(self.target, "the target of a file", "files")
        if [self.source, self.content, self.digest].count(None) != 2:
            raise ApplicationError(
                f"the file {quoted(self.target)} has {'no' if self.source is None else 'a'} source "
                f"and {'no' if self.content is None else 'a'} content; give one of them",
                at=("files",),
            )
        if self.source is not None:
            names.check_text(self.source, "the source of a file", "files")
            if not self.source:
                raise ApplicationError("the source of a file is empty; name one", at=("files",))
        if self.mode is not None and not 0 <= self.mode <= 0o777:
            raise ApplicationError(
                f"the file {quoted(self.target)} has the mode {self.mode:o}; give one like 644",
                at=("files",),
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """The value of an environment variable that is looked up only when the process starts."""

    name: str

    def __post_init__(self) -> None:
        if not names.is_open(self.name):
            names.check_slug(self.name, "a secret", "env")


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """What is run: the program `argv` on a host, or `image`.

    An image runs its own ENTRYPOINT, unless there is an `entrypoint`, with `argv` for its
    arguments. Only without either has it its own CMD. `tcp_ports` maps names to numbers, 0 where a
    free one is to be assigned. A replica that is to stop gets `stop_signal` and, `grace_s` later,
    the end. `cpus` and `memory_mib` are for one replica. Raises: `ApplicationError`, `at` the
    field.
    """

    argv: tuple[str, ...] = ()
    image: str | None = None
    entrypoint: tuple[str, ...] = ()
    env: Mapping[str, str | Secret] = field(default_factory=dict)
    tcp_ports: Mapping[str, int] = field(default_factory=dict)
    files: tuple[FileTransfer, ...] = ()
    health: Health | None = None
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    replicas: int = 1
    stop_signal: str = "TERM"
    grace_s: float = 10.0
    cpus: float | None = None
    memory_mib: int | None = None
    working_directory: str | None = None

    def listening(self, assigned: Mapping[str, int]) -> dict[str, int]:
        """The port that each tcp_port is to listen on, of those that it is reached at.

        They are the same but for an image, whose own numbers hold in its containers only.
        """
        return {name: self.tcp_ports.get(name) or number for name, number in assigned.items()}

    def __post_init__(self) -> None:
        if not self.argv and self.image is None:
            raise ApplicationError(
                "there is nothing to run; give a command, [program, …], or an image"
            )
        _check_argv(self.argv, "command" if self.image is None else "args")
        _check_argv(self.entrypoint, "command")
        self._check_image()
        self._check_env()
        self._check_tcp_ports()
        self._check_files()
        self._check_health()
        _check_count(self.replicas, "replicas", "replicas", most=MOST_REPLICAS)
        if self.stop_signal not in SIGNALS:
            raise ApplicationError(
                f"{quoted(self.stop_signal)} is no signal to stop with; take one of "
                f"{listed(SIGNALS)}",
                at=("stop", "signal"),
            )
        _check_seconds(self.grace_s, "stop: grace_s", "stop", "grace_s")
        check_resources(self.cpus, self.memory_mib)
        if self.working_directory is not None:
            names.check_text(self.working_directory, "working_directory", "working_directory")
            if not self.working_directory.startswith("/"):
                names.check_relative(
                    self.working_directory, "working_directory", "working_directory"
                )

    def _check_image(self) -> None:
        image = self.image
        if image is None and self.entrypoint:
            raise ApplicationError(
                "there is an entrypoint and no image to run it in; make it the command",
                at=("command",),
            )
        if image is None or names.is_open(image):
            return
        if not image or len(image) > 500 or not image.isascii() or " " in image:
            raise ApplicationError(
                f"{quoted(image)} is no image; write it as [registry/]name[:tag]", at=("image",)
            )

    def _check_env(self) -> None:
        _check_entries(self.env, "env")
        for name, value in self.env.items():
            names.check_variable(name, "env", name)
            if isinstance(value, str):
                names.check_text(value, f"env: {name}", "env", name)

    def _check_tcp_ports(self) -> None:
        _check_entries(self.tcp_ports, "tcp_ports")
        seen: dict[int, str] = {}
        for name, number in self.tcp_ports.items():
            names.check_port(name, "a tcp_port", "tcp_ports", name)
            if not 0 <= number <= 65535:
                raise ApplicationError(
                    f"tcp_ports: {name} is {number}; give 1 to 65535, or 'auto' for a free one",
                    at=("tcp_ports", name),
                )
            if number and seen.setdefault(number, name) != name:
                raise ApplicationError(
                    f"tcp_ports: {seen[number]} and {name} are both {number}; change one of them",
                    at=("tcp_ports", name),
                )

    def _check_files(self) -> None:
        _check_entries(self.files, "files")
        targets = [each.target for each in self.files]
        for target in targets:
            if targets.count(target) > 1:
                raise ApplicationError(
                    f"files: {quoted(target)} is the target of two files; rename one", at=("files",)
                )

    def _check_health(self) -> None:
        if self.health is None or self.health.kind is HealthKind.COMMAND:
            return
        if not self.tcp_ports:
            raise ApplicationError(
                "health: there is no tcp_port that could be asked; declare one under 'tcp_ports', "
                "or give a command",
                at=("health",),
            )
        asked = self.health.tcp_port
        if asked is not None and asked not in self.tcp_ports:
            raise ApplicationError(
                f"health: there is no tcp_port {quoted(asked)}; there are {listed(self.tcp_ports)}",
                at=("health",),
            )


def check_resources(cpus: float | None, memory_mib: int | None) -> None:
    """Raise an `ApplicationError` unless a replica can be promised as much; None is no limit."""
    if cpus is not None and not LEAST_CPUS <= cpus <= 10_000:
        raise ApplicationError(
            f"cpus is {cpus:g}; give from {LEAST_CPUS:g} to 10000", at=("resources", "cpus")
        )
    if memory_mib is not None:
        _check_count(
            memory_mib,
            "memory_mib",
            "resources",
            "memory_mib",
            least=LEAST_MEMORY_MIB,
            most=10**9,
        )


def _check_seconds(seconds: float, what: str, *at: str, least: float = 0.0) -> None:
    if not (math.isfinite(seconds) and least <= seconds <= limits.MOST_SECONDS):
        raise ApplicationError(
            f"{what} is {seconds:g}; give seconds, at least {least:g}",
            at=at,
        )


def _check_count(count: int, what: str, *at: str, least: int = 1, most: int = 10**6) -> None:
    if not least <= count <= most:
        raise ApplicationError(f"{what} is {count}; give {least} to {most}", at=at)


def _check_entries(entries: Mapping[str, Any] | tuple[Any, ...], what: str) -> None:
    if len(entries) > MOST_ENTRIES:
        raise ApplicationError(
            f"{what} has {len(entries)} entries, and at most {MOST_ENTRIES} are taken; divide the "
            "component",
            at=(what,),
        )


def _check_argv(argv: tuple[str, ...], *at: str) -> None:
    if len(argv) > MOST_WORDS:
        raise ApplicationError(
            f"a command of {len(argv)} words is too long; give at most {MOST_WORDS}", at=at
        )
    for word in argv:
        names.check_text(word, "a word of a command", *at)
    if at[-1] == "command" and argv and not argv[0]:
        raise ApplicationError("the program of a command is empty; name it", at=at)


def to_json(workload: Workload) -> dict[str, Any]:
    """A workload as plain data; what has its default is left out."""
    record: dict[str, Any] = {
        "argv": list(workload.argv),
        "entrypoint": list(workload.entrypoint),
        "env": {
            name: {"secret": value.name} if isinstance(value, Secret) else value
            for name, value in workload.env.items()
        },
        "tcp_ports": dict(workload.tcp_ports),
        "files": [_plain(each) for each in workload.files],
        "health": health_to_json(workload.health) if workload.health else None,
        "restart": _plain(workload.restart),
    }
    for name in _SIMPLE:
        record[name] = getattr(workload, name)
    return {name: value for name, value in record.items() if value not in (None, [], {})}


def from_json(record: Mapping[str, Any]) -> Workload:
    """The workload that `to_json` wrote. Raises: `ApplicationError` for an illegal one."""
    restart = dict(record.get("restart", {}))
    if "condition" in restart:
        restart["condition"] = RestartCondition(restart["condition"])
    return Workload(
        argv=tuple(record.get("argv", ())),
        entrypoint=tuple(record.get("entrypoint", ())),
        env={
            name: value if isinstance(value, str) else Secret(name=value["secret"])
            for name, value in record.get("env", {}).items()
        },
        tcp_ports=dict(record.get("tcp_ports", {})),
        files=tuple(FileTransfer(**each) for each in record.get("files", ())),
        health=health_from_json(record["health"]) if "health" in record else None,
        restart=RestartPolicy(**restart),
        **{name: record[name] for name in _SIMPLE if name in record},
    )


def health_to_json(health: Health) -> dict[str, Any]:
    """How a component is asked, as plain data."""
    record = _plain(health)
    if "argv" in record:
        record["argv"] = list(record["argv"])
    return record


def health_from_json(record: Mapping[str, Any]) -> Health:
    """What `health_to_json` wrote."""
    return Health(
        **{
            **record,
            "kind": HealthKind(record["kind"]),
            "argv": tuple(record.get("argv", ())),
        }
    )


_SIMPLE = (
    "image",
    "replicas",
    "stop_signal",
    "grace_s",
    "cpus",
    "memory_mib",
    "working_directory",
)


def _plain(record: Health | RestartPolicy | FileTransfer) -> dict[str, Any]:
    fields = {name: getattr(record, name) for name in record.__dataclass_fields__}
    return {
        name: value.value if isinstance(value, StrEnum) else value
        for name, value in fields.items()
        if value is not None and value != ()
    }
