"""One service of a Compose file, as far as it speaks of itself.

Called by `compose`. What it says of other services is read by `compose_links`.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ripieno.importers import compose_left_out, draft, well_known
from ripieno.importers.compose_secrets import Secrets
from ripieno.importers.compose_text import Text, Variables, mebibytes, seconds, variables_of
from ripieno.importers.draft import Findings
from ripieno.model import names
from ripieno.model.application import ENDPOINT_FIELDS
from ripieno.model.errors import ApplicationError
from ripieno.model.node import Node, listed, quoted
from ripieno.model.workload import LEAST_CPUS, LEAST_MEMORY_MIB, MOST_REPLICAS, SIGNALS

MOST_PORTS = 100

_PORT = re.compile(
    r"(?:(?:(?P<address>\[[0-9A-Fa-f:.]+\]|[0-9.]+):)?(?P<published>[0-9-]*):)?"
    r"(?P<first>[0-9]{1,5})(?:-(?P<last>[0-9]{1,5}))?(?:/(?P<protocol>[a-z]+))?"
)
_RESTART = re.compile(r"on-failure(?::(?P<limit>[0-9]{1,6}))?")


@dataclass(kw_only=True, slots=True)
class Service:
    """A service on its way to be a component. `published` are names of tcp_ports."""

    name: str
    component: str
    node: Node
    image: Text | None = None
    tcp_ports: dict[str, int] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    env: dict[str, Text | dict[str, str]] = field(default_factory=dict)
    command: tuple[Text, ...] = ()
    args: tuple[Text, ...] = ()
    is_job: bool = False
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def has_health(self) -> bool:
        """Whether it says how it is asked whether it is well."""
        return "health" in self.record


class Reader:
    """Reads services; `files` are files of variables by the path under which they are named."""

    def __init__(self, variables: Variables, files: Mapping[str, str], findings: Findings) -> None:
        self._variables, self._files, self._findings = variables, files, findings
        self.secrets = Secrets(findings)

    def read(self, name: str, component: str, node: Node) -> Service:
        """A service, without what it depends on. Raises: `DocumentError`."""
        fields = {key: each for key, each in node.mapping().items() if not each.is_empty}
        service = Service(name=name, component=component, node=node)
        if "image" in fields:
            service.image = self._variables.text(fields["image"])
        service.command = self._words(service, fields, "entrypoint")
        service.args = self._words(service, fields, "command")
        service.env = dict(self._env(service, fields))
        self._ports(service, fields)
        record = service.record
        for key, read in self._PARTS.items():
            if key in fields:
                read(self, service, fields[key])
        for key in ("scale", "cpus", "mem_limit", "mem_reservation"):
            if key in fields:
                self._old(service, key, fields[key])
        for told in compose_left_out.left_out(fields):
            self.note(service, told)
        if "resources" in record and not record["resources"]:
            del record["resources"]
        return service

    def note(self, service: Service, told: str) -> None:
        """Say what could not be carried over of a service."""
        self._findings.notes.append(f"{service.name}: {told}")

    def _words(self, service: Service, fields: Mapping[str, Node], key: str) -> tuple[Text, ...]:
        """A command: a list, or one text that is divided as a shell would."""
        node = fields.get(key)
        if node is None:
            return ()
        if node.is_list:
            return tuple(self._variables.text(each) for each in node.items())
        try:
            return tuple(self._variables.of(each) for each in shlex.split(node.text()))
        except ValueError:
            self.note(service, f"{key} has a quote that is not closed; it is taken for one word")
            return (self._variables.text(node),)

    def _env(
        self, service: Service, fields: Mapping[str, Node]
    ) -> Iterator[tuple[str, Text | dict[str, str]]]:
        given: dict[str, Text | None] = {}
        for path in self._env_files(fields.get("env_file")):
            if path not in self._files:
                self._findings.missing.append(
                    f"{service.name}: the variables in {quoted(path)}, which was not given"
                )
                continue
            for name, value in variables_of(self._files[path]).items():
                given[name] = None if value is None else Text((value,) if value else (), value)
        given.update(self._environment(fields.get("environment")))
        for name, text in given.items():
            try:
                names.check_variable(name)
            except ApplicationError as problem:
                self.note(service, f"a variable is not carried over: {problem}")
                continue
            found = self.secrets.variable(name, text, service=service.name)
            if found is not None:
                yield found
            else:
                yield name, text if text is not None else self._variables.refer(name)

    def _env_files(self, node: Node | None) -> Iterator[str]:
        if node is None:
            return
        for each in node.items() if node.is_list else (node,):
            path = each.mapping().get("path") if each.is_mapping else each
            if path is not None and not path.is_empty:
                yield self._variables.text(path).plain

    def _environment(self, node: Node | None) -> Iterator[tuple[str, Text | None]]:
        """Pairs out of a mapping, or of a list of `NAME=value`; None is what is given elsewhere."""
        if node is None:
            return
        if node.is_mapping:
            for name, each in node.mapping().items():
                yield name, None if each.is_empty else self._variables.text(each)
            return
        for each in node.items():
            name, equals, value = each.text().partition("=")
            yield name.strip(), self._variables.of(value) if equals else None

    def _ports(self, service: Service, fields: Mapping[str, Node]) -> None:
        """Ports that are published or exposed, by name."""
        wanted: dict[int, tuple[str, bool]] = {}
        for node in fields["ports"].items() if "ports" in fields else ():
            for number, name in self._port(service, node):
                wanted[number] = (name or wanted.get(number, ("", True))[0], True)
        for node in fields["expose"].items() if "expose" in fields else ():
            for number, name in self._port(service, node):
                wanted.setdefault(number, (name, False))
        if len(wanted) > MOST_PORTS:
            self.note(
                service, f"of its {len(wanted)} ports the first {MOST_PORTS} are carried over"
            )
        for number, (name, is_published) in list(wanted.items())[:MOST_PORTS]:
            self.add_port(service, number, name)
            if is_published:
                service.published.extend(
                    each for each, known in service.tcp_ports.items() if known == number
                )

    def add_port(self, service: Service, number: int, name: str = "") -> str:
        """The name of a port of a service, which has it from now on."""
        known = next((each for each, one in service.tcp_ports.items() if one == number), None)
        if known is None:
            wanted = draft.port(name) if name else well_known.NAMES.get(number, f"port-{number}")
            uses = service.record.get("uses", {})
            known = draft.unique(wanted, {*service.tcp_ports, *uses, *ENDPOINT_FIELDS})
            service.tcp_ports[known] = number
        return known

    def _port(self, service: Service, node: Node) -> Iterator[tuple[int, str]]:
        """Numbers in the container, with their name if they have one."""
        if node.is_mapping:
            fields = node.mapping()
            target, protocol = fields.get("target"), fields.get("protocol")
            written = self._variables.text(target).plain if target else ""
            name = self._variables.text(fields["name"]).plain if "name" in fields else ""
            written += f"/{self._variables.text(protocol).plain}" if protocol else ""
        else:
            written, name = self._variables.text(node).plain, ""
        match = _PORT.fullmatch(written.strip().lower())
        first = int(match["first"]) if match else 0
        last = int(match["last"] or first) if match else 0
        if match is None or not 1 <= first <= last <= 65535 or last - first > MOST_PORTS:
            self.note(service, f"{quoted(written)} is no port that can be carried over")
        elif match["protocol"] not in (None, "tcp"):
            self.note(service, f"port {written} is not carried over: only tcp is reached")
        else:
            for number in range(first, last + 1):
                yield number, name

    def _healthcheck(self, service: Service, node: Node) -> None:
        fields = {key: each for key, each in node.mapping().items() if not each.is_empty}
        test = fields.get("test")
        disable = fields.get("disable")
        if test is None or (disable is not None and disable.value is True):
            if test is None and disable is None:
                self.note(service, "its health check has no test, which would be that of the image")
            return
        if test.is_list:
            kind, *words = [self._variables.text(each) for each in test.items()] or [Text((), "")]
        else:
            kind, words = Text(("CMD-SHELL",), "CMD-SHELL"), [self._variables.text(test)]
        if kind.plain == "NONE" or not words:
            return
        argv = [each.written for each in words]
        if kind.plain == "CMD-SHELL":
            argv = ["/bin/sh", "-c", argv[0]]
        health: dict[str, Any] = {"command": argv}
        for key, name in (
            ("interval", "interval_s"),
            ("timeout", "timeout_s"),
            ("start_period", "grace_s"),
        ):
            number = self._seconds(service, fields.get(key))
            if number is not None:
                health[name] = number
        retries = self._number(fields.get("retries"))
        if retries is not None and 1 <= retries <= 10**6:
            health["failures"] = int(retries)
        service.record["health"] = health

    def _deploy(self, service: Service, node: Node) -> None:
        fields = {key: each for key, each in node.mapping().items() if not each.is_empty}
        if "replicas" in fields:
            self._replicas(service, fields["replicas"])
        mode = self._variables.text(fields["mode"]).plain if "mode" in fields else "replicated"
        if mode.endswith("-job"):
            service.is_job = True
        if mode.startswith("global"):
            self.note(service, "mode 'global' is not carried over: say how many replicas there are")
        resources = fields["resources"].mapping() if "resources" in fields else {}
        for part in ("reservations", "limits"):
            found = resources[part].mapping() if part in resources else {}
            for key, each in found.items():
                if key in ("cpus", "memory"):
                    self._resource(service, key, each)
                else:
                    self.note(service, f"deploy.resources.{part}.{key} is not carried over")
        if "restart_policy" in fields:
            self._restart_policy(service, fields["restart_policy"])
        update = fields["update_config"].mapping() if "update_config" in fields else {}
        if "order" in update and self._variables.text(update["order"]).plain == "start-first":
            service.record["update"] = "rolling"
        known = {"replicas", "mode", "resources", "restart_policy", "update_config"}
        others = [f"deploy.{key}" for key in fields if key not in known]
        if others:
            self.note(service, f"{listed(others)}: it is a matter of where it runs")

    def _replicas(self, service: Service, node: Node) -> None:
        number = self._number(node)
        if number is None or not number.is_integer() or not 1 <= number <= MOST_REPLICAS:
            self.note(
                service,
                f"{quoted(node.written or '')} replicas are not carried over: give 1 to "
                f"{MOST_REPLICAS}, or leave the service out",
            )
        else:
            service.record["replicas"] = int(number)

    def _resource(self, service: Service, key: str, node: Node) -> None:
        text = self._variables.text(node).plain
        name, least = ("cpus", LEAST_CPUS) if key == "cpus" else ("memory_mib", LEAST_MEMORY_MIB)
        found = self._number(node) if key == "cpus" else mebibytes(text)
        if found is None or not 0 < found <= 10**9:
            self.note(service, f"{key} {quoted(text)} is no number that can be carried over")
            return
        if found < least:
            self.note(service, f"{key} {text} is less than the least there is, {least:g}")
        number = max(float(least), found)
        number = number if key == "cpus" else -(-number // 1)
        service.record.setdefault("resources", {})[name] = (
            int(number) if number.is_integer() else number
        )

    def _old(self, service: Service, key: str, node: Node) -> None:
        """Fields from before there was `deploy`, which counts more."""
        resources = service.record.get("resources", {})
        if key == "scale":
            if "replicas" not in service.record:
                self._replicas(service, node)
        elif key == "cpus":
            if "cpus" not in resources:
                self._resource(service, "cpus", node)
        elif "memory_mib" not in resources:
            self._resource(service, "memory", node)

    def _restart(self, service: Service, node: Node) -> None:
        text = self._variables.text(node).plain
        match = _RESTART.fullmatch(text)
        if match is not None:
            condition: dict[str, Any] = {"condition": "on_failure"}
            if match["limit"]:
                condition["limit"] = int(match["limit"])
            service.record["restart"] = condition if "limit" in condition else "on_failure"
        elif text in ("no", "never", "false"):
            service.record["restart"] = "never"
        elif text not in ("always", "unless-stopped"):
            self.note(service, f"restart {quoted(text)} is not known")

    def _restart_policy(self, service: Service, node: Node) -> None:
        fields = {key: each for key, each in node.mapping().items() if not each.is_empty}
        conditions = {"none": "never", "on-failure": "on_failure", "any": "always"}
        written = (
            self._variables.text(fields["condition"]).plain if "condition" in fields else "any"
        )
        policy: dict[str, Any] = {"condition": conditions.get(written, "always")}
        delay_s = self._seconds(service, fields.get("delay"))
        if delay_s is not None and 0.01 <= delay_s <= 60:
            policy["backoff_s"] = delay_s
        limit = self._number(fields.get("max_attempts"))
        if limit is not None and 0 <= limit <= 10**6:
            policy["limit"] = int(limit)
        if "window" in fields:
            self.note(service, "deploy.restart_policy.window is not carried over")
        service.record["restart"] = policy

    def _working_dir(self, service: Service, node: Node) -> None:
        text = self._variables.text(node)
        if text.plain.startswith("/"):
            service.record["working_directory"] = text.written
        else:
            self.note(service, f"working_dir {quoted(text.plain)} is no absolute path")

    def _stop_signal(self, service: Service, node: Node) -> None:
        signal = self._variables.text(node).plain.upper().removeprefix("SIG")
        if signal in SIGNALS:
            service.record.setdefault("stop", {})["signal"] = signal
        else:
            self.note(service, f"stop_signal {quoted(signal)} is none to stop with")

    def _stop_grace_period(self, service: Service, node: Node) -> None:
        grace_s = self._seconds(service, node)
        if grace_s is not None:
            service.record.setdefault("stop", {})["grace_s"] = grace_s

    def _secrets(self, service: Service, node: Node) -> None:
        """Secrets are files in Compose; those that a variable names were carried over with it."""
        carried = {each["secret"] for each in service.env.values() if isinstance(each, dict)}
        for each in node.items():
            source = each.mapping().get("source") if each.is_mapping else each
            name = "" if source is None else self._variables.text(source).plain
            secret = draft.slug(name, "secret")
            if secret not in carried:
                self.note(
                    service,
                    f"secret {quoted(name)} is a file there; here it is given as a variable, "
                    f"env: {{NAME: {{secret: {secret}}}}}",
                )

    _PARTS: Mapping[str, Callable[["Reader", Service, Node], None]] = {
        "healthcheck": _healthcheck,
        "deploy": _deploy,
        "restart": _restart,
        "working_dir": _working_dir,
        "stop_signal": _stop_signal,
        "stop_grace_period": _stop_grace_period,
        "secrets": _secrets,
    }

    def _seconds(self, service: Service, node: Node | None) -> float | None:
        if node is None:
            return None
        text = self._variables.text(node).plain
        found = seconds(text)
        if found is None or not 0 <= found <= 10**9:
            self.note(service, f"{quoted(text)} is no duration that can be carried over")
            return None
        return int(found) if float(found).is_integer() else found

    def _number(self, node: Node | None) -> float | None:
        text = "" if node is None else self._variables.text(node).plain
        return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) else None
