"""What a component runs, out of a document: command, environment, ports, files, health.

Called by `reading_components`. The rules for what is read are those of the records in `workload`.
"""

import re

from ripieno.model.component_type import Value
from ripieno.model.errors import ApplicationError
from ripieno.model.node import Node, quoted
from ripieno.model.reading_fields import (
    Fields,
    is_open,
    located,
    scalar_text,
    static_text,
    whole_number,
)
from ripieno.model.workload import (
    FileTransfer,
    Health,
    HealthKind,
    RestartCondition,
    RestartPolicy,
    Secret,
    Workload,
)

FIELDS = frozenset(
    (
        "image",
        "command",
        "args",
        "env",
        "resources",
        "tcp_ports",
        "files",
        "health",
        "restart",
        "replicas",
        "stop",
        "working_directory",
    )
)
"""The fields of a component that say what it runs."""

_PROBE = frozenset(("interval_s", "timeout_s", "failures", "grace_s"))
_MODE = re.compile("(0o?)?([0-7]{3})")


def read_workload(fields: Fields, *, restart: RestartCondition) -> Workload:
    """The workload among the fields of a component; `restart` is what its kind does by default.

    Raises: `DocumentError` with the field.
    """
    cpus, memory_mib = read_resources(fields)
    stop = _part(fields, "stop", ("signal", "grace_s"))
    image = fields.static("image") or None
    command, args = fields.words("command"), fields.words("args")
    try:
        return Workload(
            argv=(*command, *args) if image is None else args,
            image=image,
            entrypoint=() if image is None else command,
            env=read_env(fields),
            tcp_ports=read_tcp_ports(fields),
            files=tuple(_file(each, is_open=fields.is_open) for each in fields.items("files")),
            health=read_health(fields),
            restart=_restart(fields, restart),
            replicas=fields.integer("replicas", 1),
            stop_signal=stop.static("signal", "TERM").upper().removeprefix("SIG")
            if stop and "signal" in stop
            else "TERM",
            grace_s=stop.number("grace_s", 10.0) if stop else 10.0,
            cpus=cpus,
            memory_mib=memory_mib,
            working_directory=_text(fields, "working_directory"),
        )
    except ApplicationError as problem:
        raise located(fields.node, problem) from problem


def read_env(fields: Fields) -> dict[str, str | Secret]:
    """Variables: texts, and secrets by their names."""
    return {name: _variable(each, fields) for name, each in fields.entries("env").items()}


def read_resources(fields: Fields) -> tuple[float | None, int | None]:
    """CPUs and memory (MiB) of a replica; None is no limit."""
    part = _part(fields, "resources", ("cpus", "memory_mib"))
    return (None, None) if part is None else (part.number("cpus"), part.integer("memory_mib"))


def read_tcp_ports(fields: Fields) -> dict[str, int]:
    """Names to numbers; `auto` and 0 are ports that are assigned."""
    return {
        name: 0
        if each.value == "auto" or (fields.is_open and is_open(each))
        else whole_number(each)
        for name, each in fields.entries("tcp_ports").items()
    }


def read_health(fields: Fields) -> Health | None:
    """`{http: /path}`, `{tcp: port}` or `{command: [program, …]}`, and how often."""
    part = _part(fields, "health", ("http", "tcp", "command", "tcp_port", *_PROBE))
    if part is None:
        return None
    given = [kind for kind in HealthKind if part.text_node(kind) is not None]
    if len(given) != 1 or ("tcp_port" in part and given != [HealthKind.HTTP]):
        raise part.node.error(
            "write a health check as {http: /path} (and tcp_port: name, if there are several), "
            "{tcp: name of a tcp_port} or {command: [program, …]}"
        )
    kind = given[0]
    try:
        return Health(
            kind=kind,
            path=(_text(part, "http") or "/") if kind is HealthKind.HTTP else "/",
            tcp_port=part.static("tcp_port" if kind is HealthKind.HTTP else "tcp") or None,
            argv=part.words("command"),
            interval_s=part.number("interval_s", 2.0),
            timeout_s=part.number("timeout_s", 1.0),
            failures=part.integer("failures", 3),
            grace_s=part.number("grace_s", 0.0),
        )
    except ApplicationError as problem:
        raise located(fields.node, problem) from problem


def _variable(node: Node, fields: Fields) -> str | Secret:
    if not node.is_mapping:
        return scalar_text(node)
    secret = node.mapping(("secret",)).get("secret")
    if secret is None:
        raise node.error("write a variable as a text, a number or {secret: name}")
    try:
        return Secret(name=static_text(secret, is_open=fields.is_open))
    except ApplicationError as problem:
        raise secret.error(str(problem)) from problem


def _restart(fields: Fields, default: RestartCondition) -> RestartPolicy:
    node = fields.data_node("restart")
    if node is None:
        return RestartPolicy(condition=default)
    if not node.is_mapping:
        return RestartPolicy(condition=fields.choice("restart", RestartCondition, default))
    part = Fields(
        node, ("condition", "backoff_s", "backoff_cap_s", "limit"), is_open=fields.is_open
    )
    return RestartPolicy(
        condition=part.choice("condition", RestartCondition, default),
        backoff_s=part.number("backoff_s", 1.0),
        backoff_cap_s=part.number("backoff_cap_s", max(60.0, part.number("backoff_s", 1.0))),
        limit=part.integer("limit"),
    )


def _file(node: Node, *, is_open: bool) -> FileTransfer:
    part = Fields(node, ("source", "content", "target", "mode"), is_open=is_open)
    mode = part.data_node("mode")
    try:
        return FileTransfer(
            target=part.static("target"),
            source=_text(part, "source"),
            content=_text(part, "content"),
            mode=None if mode is None else _mode(mode),
        )
    except ApplicationError as problem:
        raise node.error(str(problem)) from problem


def _mode(node: Node) -> int:
    """Permissions in octal, however they are written: 644, 0644, 0o644."""
    match = _MODE.fullmatch(scalar_text(node))
    if match is None:
        raise node.error(f"{quoted(scalar_text(node))} is no mode; write three digits, as in 644")
    return int(match[2], 8)


def _part(fields: Fields, name: str, known: tuple[str, ...]) -> Fields | None:
    node = fields.data_node(name)
    return None if node is None else Fields(node, known, is_open=fields.is_open)


def _text(fields: Fields, name: str) -> str | None:
    """A text that may refer to what is known only when the component is started."""
    node = fields.text_node(name)
    value: Value = None if node is None else scalar_text(node)
    return value if isinstance(value, str) else None
