"""Compose files, services that run in containers together, as applications.

Each service becomes a component, `depends_on` a connection, a variable a parameter, what is
published for a browser a route. What a Compose file says and an application file cannot, is listed.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ripieno.importers import compose_links, draft, well_known
from ripieno.importers.compose_links import Links
from ripieno.importers.compose_secrets import SECRET_NAME
from ripieno.importers.compose_service import Reader, Service
from ripieno.importers.compose_text import Merging, Text, Variables, variables_of
from ripieno.importers.draft import Draft, Findings
from ripieno.importers.errors import NothingToRun, UnreadableDescription
from ripieno.model import document, references
from ripieno.model.errors import ModelError
from ripieno.model.node import Node, listed, quoted

MOST_BYTES = 1024 * 1024
MOST_SERVICES = 200
ENV_FILE = ".env"
"""The file whose variables are those of the Compose file itself."""

JOB_DEADLINE_S = 3600

_NAMES = {ENV_FILE}
_TOP = {
    "networks": "components reach each other by their connections",
    "volumes": "there are no volumes yet",
    "configs": "files come with the application, under 'files'",
    "include": "one file is read; put the services of the others into it",
}


def compose(
    text: str,
    *,
    name: str = "",
    folder: str = "",
    files: Mapping[str, str] | None = None,
    profiles: Collection[str] = (),
) -> Draft:
    """The draft of a Compose file.

    `name` is what the application is called, if not as the file says, or else as the `folder` that
    it is in. `files` are files of variables, by the
    path under which the Compose file names them, and `.env`. Services of no or one of these
    `profiles` are carried over. Raises: `ImporterError`.
    """
    node = _tree(text)
    try:
        return _Project(node, (name, folder), files or {}, profiles).draft()
    except ModelError as problem:
        raise UnreadableDescription(f"no Compose file: {problem}") from problem


def files_of(text: str) -> tuple[str, ...]:
    """The files of variables that a Compose file names, and `.env`. Raises: `ImporterError`."""
    node = _tree(text)
    found = dict.fromkeys(_NAMES)
    try:
        variables = Variables({}, Findings())
        for each in node.at(("services",)).mapping().values():
            wanted = each.mapping().get("env_file") if each.is_mapping else None
            for path in () if wanted is None else _paths(wanted):
                found[variables.text(path).plain] = None
    except ModelError as problem:
        raise UnreadableDescription(f"no Compose file: {problem}") from problem
    return tuple(found)


def _paths(node: Node) -> Iterator[Node]:
    for each in node.items() if node.is_list else (node,):
        path = each.mapping().get("path") if each.is_mapping else each
        if path is not None and not path.is_empty:
            yield path


def _tree(text: str) -> Node:
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise UnreadableDescription(f"the Compose file has more than {MOST_BYTES} bytes")
    try:
        found = Merging().merged(document.parse(text, keeps_merges=True))
        services = found.mapping().get("services") if found.is_mapping else None
        if services is None or not services.is_mapping:
            raise UnreadableDescription(
                "no Compose file: it has to have 'services', by their names"
            )
    except ModelError as problem:
        raise UnreadableDescription(f"no Compose file: {problem}") from problem
    return found


class _Project:
    """One Compose file on its way to be an application."""

    def __init__(
        self,
        node: Node,
        names: tuple[str, str],
        files: Mapping[str, str],
        profiles: Collection[str],
    ) -> None:
        self._fields = {key: each for key, each in node.mapping().items() if not each.is_empty}
        self._findings = Findings()
        known = variables_of(files.get(ENV_FILE, ""))
        given = {key: value for key, value in known.items() if value is not None}
        self._variables = Variables(given, self._findings)
        self._reader = Reader(self._variables, files, self._findings)
        (self._name, self._folder), self._profiles = names, profiles

    def draft(self) -> Draft:
        """The draft. Raises: `DocumentError`, `ImporterError`."""
        findings = self._findings
        services = dict(self._services())
        if not services:
            raise NothingToRun("no service is left to be a component")
        findings.found.append(f"services: {', '.join(services)}")
        self._reader.secrets.tell()
        links = Links(services, self._reader, findings)
        links.add()
        findings.found.extend(compose_links.told(links))
        findings.missing.append(f"version: this is {draft.FIRST_VERSION}")
        findings.missing.append("title and description: a Compose file has none")
        record: dict[str, Any] = {
            "name": self._name or draft.slug(self._text("name") or self._folder, "project"),
            "version": draft.FIRST_VERSION,
            "parameters": None,
            "components": {each.component: self._component(each) for each in services.values()},
            "routes": list(self._routes(services.values())),
        }
        used = set(_parameters(record["components"]))
        record["parameters"] = self._variables.schema(used)
        findings.missing.extend(
            f"parameter {each} looks like a secret, and whoever sees a deployment sees it: give it "
            "in a variable of its own, {secret: NAME}"
            for each in sorted(used)
            if SECRET_NAME.search(each)
        )
        self._check_health(record, services)
        for key in self._fields:
            if key in _TOP:
                findings.notes.append(f"{key} are not carried over: {_TOP[key]}")
            elif key not in ("name", "version", "services", "secrets") and not key.startswith("x-"):
                findings.notes.append(f"{key} is not carried over: an application file has no such")
        return draft.finish(record, findings)

    def _text(self, key: str) -> str:
        return self._variables.text(self._fields[key]).plain if key in self._fields else ""

    def _services(self) -> Iterator[tuple[str, Service]]:
        taken: set[str] = set()
        entries = self._fields["services"].mapping()
        if len(entries) > MOST_SERVICES:
            raise UnreadableDescription(
                f"the file has {len(entries)} services, and at most {MOST_SERVICES} are read"
            )
        for name, node in entries.items():
            wanted = (
                {self._variables.text(each).plain for each in node.at(("profiles",)).items()}
                if "profiles" in node.mapping()
                else set()
            )
            if wanted and not wanted & set(self._profiles):
                self._findings.notes.append(
                    f"{name} is left out: it is for the profile {listed(sorted(wanted))} only"
                )
                continue
            component = draft.unique(draft.slug(name, "service"), taken)
            taken.add(component)
            if component != name:
                self._findings.notes.append(f"service {quoted(name)} is called {component}")
            yield name, self._reader.read(name, component, node)

    def _component(self, service: Service) -> dict[str, Any]:
        image = service.image.written if service.image and service.image.plain.strip() else ""
        if not image or not _is_image(service.image):
            why = (
                "its image is built from its sources; push it to a registry and name it"
                if "build" in service.node.mapping()
                else "its image is not said, or not so that it can be carried over; name it"
            )
            self._findings.missing.append(f"{service.name}: {why}")
            image = f"{service.component}:latest"
        record = dict(service.record)
        component: dict[str, Any] = {
            "type": "job" if service.is_job else "service",
            "image": image,
            "command": [each.written for each in service.command],
            "args": [each.written for each in service.args],
            "env": {
                name: value.written if isinstance(value, Text) else value
                for name, value in service.env.items()
            },
            "tcp_ports": service.tcp_ports,
            **record,
        }
        if service.is_job:
            component.pop("replicas", None)
            component.pop("update", None)
            component["deadline_s"] = JOB_DEADLINE_S
            self._findings.notes.append(
                f"{service.name} is a job: others wait for its end, for which it has "
                f"{JOB_DEADLINE_S} s (deadline_s)"
            )
        return {key: value for key, value in component.items() if value not in ([], {})}

    def _routes(self, services: Collection[Service]) -> Iterator[dict[str, str]]:
        """Public addresses of what is published and looks as if it were for a browser."""
        for service in services:
            ports = dict.fromkeys(service.published)
            web = [name for name in ports if well_known.is_web(name)]
            if not web and len(ports) == 1 and "healthcheck" not in service.node.mapping():
                web = [name for name in ports if name.startswith("port-")]
            for name in web:
                yield {"component": service.component, "tcp_port": name}
            others = [f"{name} ({service.tcp_ports[name]})" for name in ports if name not in web]
            if others:
                self._findings.notes.append(
                    f"{service.name}: published there, and here reached only by what uses it: "
                    f"{listed(others)}; add a route for what a browser should reach"
                )

    def _check_health(self, record: dict[str, Any], services: Mapping[str, Service]) -> None:
        """Leave health checks out that make no sense here."""
        if not draft.objection(record):
            return
        for service in services.values():
            component = record["components"][service.component]
            if "health" not in component:
                continue
            alone = {"type": "job", "image": "x", "health": component["health"]}
            problem = draft.objection(
                {**record, "routes": [], "components": {service.component: alone}}
            )
            if problem:
                del component["health"]
                self._reader.note(service, f"its health check is left out: {problem}")


def _parameters(value: Any) -> Iterator[str]:
    """The parameters that the texts of plain data refer to."""
    if isinstance(value, str):
        for each in references.references(value):
            if each.path[0] == "parameters":
                yield each.path[1]
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _parameters(each)


def _is_image(text: Text | None) -> bool:
    plain = "" if text is None else text.plain
    return len(plain) <= 500 and plain.isascii() and plain.isprintable() and " " not in plain
