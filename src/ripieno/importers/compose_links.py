"""What the services of a Compose file are to one another, as use and provide ports.

Called by `compose`. Compose orders the start of services (`depends_on`) and lets them find each
other by name; here a component uses what another provides, which does both. So a name with a port
in a variable or a word (`postgres://db:5432/x`) becomes what the connection tells
(`postgres://${db.host}:${db.port}/x`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ripieno.importers import draft, well_known
from ripieno.importers.compose_service import Reader, Service
from ripieno.importers.compose_text import Text
from ripieno.importers.draft import Findings
from ripieno.model.application import ENDPOINT_FIELDS, SCOPE
from ripieno.model.node import Node, listed, quoted
from ripieno.model.references import Part, Reference

IMAGE_PORTS = {
    "adminer": 8080,
    "caddy": 80,
    "cassandra": 9042,
    "clickhouse-server": 8123,
    "couchdb": 5984,
    "elasticsearch": 9200,
    "grafana": 3000,
    "httpd": 80,
    "influxdb": 8086,
    "kafka": 9092,
    "mariadb": 3306,
    "memcached": 11211,
    "minio": 9000,
    "mongo": 27017,
    "mysql": 3306,
    "nats": 4222,
    "neo4j": 7687,
    "nginx": 80,
    "postgis": 5432,
    "postgres": 5432,
    "prometheus": 9090,
    "rabbitmq": 5672,
    "redis": 6379,
    "timescaledb": 5432,
    "traefik": 80,
    "valkey": 6379,
    "zookeeper": 2181,
}
"""The port of images that Compose files seldom name one for, by the last part of their name."""

_SCHEMES = {
    **{"http": 80, "https": 443, "postgres": 5432, "postgresql": 5432, "mysql": 3306},
    **{"redis": 6379, "mongodb": 27017, "amqp": 5672, "nats": 4222},
}
_HOST_NAME = re.compile(r"HOST|SERVER|ADDR|NODE|BROKER|UR[LI]|ENDPOINT|BOOTSTRAP|MASTER|PEER")
_NO_PORT_BELOW = 1024
_PORT = r"(?::(?P<port>[0-9]{2,5})(?![0-9]))?"


class Condition(StrEnum):
    """What a service waits for."""

    STARTED = "service_started"
    HEALTHY = "service_healthy"
    COMPLETED = "service_completed_successfully"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A service that another one needs; `restarts` if it is started again with it."""

    name: str
    condition: Condition = Condition.STARTED
    restarts: bool = False


@dataclass(slots=True)
class Links:
    """Everything that is known of who uses whom."""

    services: Mapping[str, Service]
    reader: Reader
    findings: Findings
    needs: dict[str, dict[str, Need]] = field(default_factory=dict)
    uses: dict[str, dict[tuple[str, int], str]] = field(default_factory=dict)

    def add(self) -> None:
        """Find out who needs whom, and write it into the records of the services.

        Raises: `DocumentError`.
        """
        for service in self.services.values():
            self.needs[service.name] = {each.name: each for each in self._needs(service)}
        for service in self.services.values():
            self._add_well_known_port(service)
        pattern = self._pattern()
        for service in self.services.values():
            self._break_cycle(service)
        for service in self.services.values():
            for name, need in list(self.needs[service.name].items()):
                self._wait(service, self.services[name], need)
        for service in self.services.values():
            self._rewrite(service, pattern)

    def _needs(self, service: Service) -> Iterator[Need]:
        fields = service.node.mapping()
        for key in ("links", "depends_on"):
            node = fields.get(key)
            if node is None or node.is_empty:
                continue
            if node.is_mapping:
                entries: list[tuple[str, Node | None]] = list(node.mapping().items())
            else:
                entries = [(each.text().partition(":")[0], None) for each in node.items()]
            for name, said in entries:
                if name not in self.services or name == service.name:
                    self.reader.note(
                        service, f"{key} names {quoted(name)}, which is not among the services here"
                    )
                else:
                    yield self._need(service, name, said)

    def _need(self, service: Service, name: str, said: Node | None) -> Need:
        fields = {} if said is None else said.mapping()
        written = fields["condition"].text() if "condition" in fields else Condition.STARTED
        try:
            condition = Condition(written)
        except ValueError:
            self.reader.note(service, f"the condition {quoted(written)} on {name} is not known")
            condition = Condition.STARTED
        if "required" in fields and fields["required"].value is False:
            self.reader.note(service, f"that it can do without {name} is not carried over")
        if condition is Condition.COMPLETED:
            self.services[name].is_job = True
        is_told = "restart" in fields and fields["restart"].value is True
        return Need(name=name, condition=condition, restarts=is_told)

    def _add_well_known_port(self, service: Service) -> None:
        """The port that the image of a service is known for, if nobody says any."""
        image = service.image.plain if service.image else ""
        name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
        if service.tcp_ports or service.is_job or name not in IMAGE_PORTS:
            return
        port = self.reader.add_port(service, IMAGE_PORTS[name])
        self.findings.notes.append(
            f"{service.name}: the port {port} {IMAGE_PORTS[name]} is what the image {name} is "
            "known for"
        )

    def _break_cycle(self, service: Service) -> None:
        """Leave out what would have services wait for each other."""
        for name in list(self.needs[service.name]):
            if self._leads(name, service.name):
                del self.needs[service.name][name]
                self.reader.note(service, f"that it depends on {name} is a circle; it is left out")

    def _leads(self, start: str, end: str) -> bool:
        """Whether a service needs another one, by however many others."""
        seen, pending = {start}, [start]
        while pending:
            current = pending.pop()
            if current == end:
                return True
            for name in self.needs[current]:
                if name not in seen:
                    seen.add(name)
                    pending.append(name)
        return False

    def _wait(self, service: Service, other: Service, need: Need) -> None:
        """Have a service wait for another one."""
        if other.is_job:
            if need.condition is not Condition.COMPLETED:
                self.reader.note(
                    service, f"it waits for the end of {other.name}, which is a job here"
                )
            self._use(service, other, 0)
        elif not other.tcp_ports:
            self.reader.note(
                service,
                f"that it depends on {other.name} is not carried over: {other.name} has no tcp "
                "port by which it could be used; give it one under 'tcp_ports', and connect them",
            )
            return
        else:
            self._use(service, other, next(iter(other.tcp_ports.values())))
        if need.condition is Condition.HEALTHY and not (other.has_health or other.is_job):
            self.findings.missing.append(
                f"{other.name}: {service.name} waits until it is healthy, and nothing says how it "
                "is asked; give it 'health'"
            )
        if need.condition is Condition.STARTED and other.has_health and not other.is_job:
            self.reader.note(
                service, f"it waits until {other.name} is ready, not only until it is started"
            )

    def _use(self, service: Service, other: Service, number: int) -> str:
        """The use port by which a service is connected to a port of another one (0: a job)."""
        known = self.uses.setdefault(service.name, {})
        if (other.name, number) in known:
            return known[other.name, number]
        has_one = any(name == other.name for name, _ in known)
        wanted = draft.port(f"{other.component}-{number}" if has_one else other.component)
        taken = {*known.values(), *SCOPE, *ENDPOINT_FIELDS, *service.tcp_ports, "done"}
        name = draft.unique(wanted, taken)
        known[other.name, number] = name
        port = self._provided(other, number)
        use: dict[str, Any] = {
            "interface": other.record["provides"][port],
            "select": other.component,
        }
        need = self.needs[service.name].get(other.name)
        if need is None or not need.restarts:
            use["hold"] = "starting"
        if service.is_job or other.is_job:
            use.pop("hold", None)
        service.record.setdefault("uses", {})[name] = use
        return name

    def _provided(self, other: Service, number: int) -> str:
        """The provide port of a service, which has it from now on."""
        provides: dict[str, str] = other.record.setdefault("provides", {})
        if other.is_job:
            provides["done"] = f"{other.component}-done"
            return "done"
        port = self.reader.add_port(other, number)
        provides[port] = well_known.NAMES.get(number, "tcp")
        return port

    def _pattern(self) -> re.Pattern[str] | None:
        names = sorted(self.services, key=len, reverse=True)
        if not names:
            return None
        one = "|".join(map(re.escape, names))
        return re.compile(
            rf"(?:(?P<scheme>[a-z][a-z0-9+]*)://(?P<user>[^\s/@?#]*@)?)?(?<![A-Za-z0-9_.$-])"
            rf"(?P<name>{one}){_PORT}(?![A-Za-z0-9_.-])"
        )

    def _rewrite(self, service: Service, pattern: re.Pattern[str] | None) -> None:
        """Put what connections tell in the place of names of services."""
        if pattern is None:
            return
        for variable, value in service.env.items():
            if isinstance(value, Text):
                is_host = _HOST_NAME.search(variable.upper()) is not None
                service.env[variable] = self._rewritten(service, value, pattern, is_host=is_host)
        for key in ("command", "args"):
            words = getattr(service, key)
            found = (self._rewritten(service, each, pattern, is_host=False) for each in words)
            setattr(service, key, tuple(found))

    def _rewritten(
        self, service: Service, text: Text, pattern: re.Pattern[str], *, is_host: bool
    ) -> Text:
        parts: list[Part] = []
        for part in text.parts:
            if isinstance(part, Reference):
                parts.append(part)
                continue
            position = 0
            for match in pattern.finditer(part):
                use = self._named(service, match, is_whole=match[0] == text.plain and is_host)
                if use is None:
                    continue
                parts.append(part[position : match.start("name")])
                parts.append(Reference((use, "host")))
                if match["port"]:
                    parts += (":", Reference((use, "port")))
                position = match.end()
            parts.append(part[position:])
        merged = tuple(each for each in parts if each != "")
        return Text(merged, text.plain)

    def _named(self, service: Service, match: re.Match[str], *, is_whole: bool) -> str | None:
        """The use port for a place where a service is named; None if it does not mean it."""
        other = self.services[match["name"]]
        if other is service or other.is_job:
            return None
        if match["port"]:
            number = int(match["port"])
            is_port = number in other.tcp_ports.values() or _NO_PORT_BELOW <= number <= 65535
            if not is_port:
                return None
        elif match["scheme"] or is_whole or match.string[: match.start("name")].endswith("@"):
            standard = _SCHEMES.get(match["scheme"] or "", 0)
            known = [*other.tcp_ports.values(), standard]
            number = standard if standard in other.tcp_ports.values() else known[0]
            if not number:
                return None
        else:
            return None
        if other.name not in self.needs[service.name]:
            if self._leads(other.name, service.name):
                self.reader.note(
                    service,
                    f"it names {match[0]}, and {other.name} needs it already; give it the address "
                    "in another way",
                )
                return None
            self.needs[service.name][other.name] = Need(name=other.name)
            self.reader.note(service, f"it names {quoted(match[0])}, so it uses {other.name}")
        return self._use(service, other, number)


def told(links: Links) -> Iterator[str]:
    """Who uses whom, in words."""
    for name, uses in links.uses.items():
        others = dict.fromkeys(other for other, _ in uses)
        yield f"{name} uses {listed(others, most=20)}"
