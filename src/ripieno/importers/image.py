"""An image that its registry has described, as a draft of an application of one component.

What runs in it is the image's own ENTRYPOINT and CMD; the draft says what an image cannot: ports
by name, health, resources, parameters. Called with what `images` has read.
"""

import json
from collections.abc import Iterator
from typing import Any

from ripieno.importers import draft, well_known
from ripieno.importers.draft import Draft, Findings
from ripieno.model.image import ImageFacts, ImageHealth, ImageMetadata
from ripieno.model.node import listed, quoted
from ripieno.model.workload import SIGNALS

MOST_PORTS = 50
_TOLD = {
    "documentation": "documentation",
    "url": "address",
    "licences": "licence",
    "vendor": "vendor",
    "authors": "authors",
    "created": "built",
    "revision": "revision",
}


def image(metadata: ImageMetadata, facts: ImageFacts, *, name: str = "") -> Draft:
    """The draft of an image; `name` is for an application that is to be called otherwise.

    Raises: `ImporterError`.
    """
    return _Image(metadata, facts, name).draft()


class _Image:
    """One image on its way to be an application."""

    def __init__(self, metadata: ImageMetadata, facts: ImageFacts, name: str) -> None:
        self._image, self._facts = metadata, facts
        path, _, tag = metadata.name.partition("@")[0].rpartition(":")
        if not path or "/" in tag:
            path, tag = metadata.name.partition("@")[0], ""
        self._tag = tag
        self._slug = draft.slug(path.rpartition("/")[2], "image")
        self._name = name or self._slug
        self._findings = Findings(notes=list(facts.problems))

    def draft(self) -> Draft:
        """The draft. Raises: `ImporterError`."""
        findings = self._findings
        self._tell()
        component = self._component()
        texts = self._facts.texts
        record: dict[str, Any] = {
            "name": self._name,
            "version": self._version(),
            "title": self._text("title", draft.line(texts.get("title", ""))),
            "description": self._text(
                "description", draft.clean(texts.get("description", ""))[:20_000]
            ),
            "tags": draft.tags(self._facts.tags),
            "source": self._text("source", draft.url(texts.get("source", ""))),
            "documentation": draft.url(texts.get("documentation", "")),
            "licence": draft.line(texts.get("licences", "")),
            "parameters": None,
            "components": {self._slug: component},
            "routes": list(self._routes(component)),
        }
        self._add_parameters(record)
        self._add_health(record, component)
        if "resources" not in component:
            findings.missing.append("resources: say how many cpus and memory_mib it needs")
        return draft.finish(record, findings)

    def _version(self) -> str:
        told = self._facts.texts.get("version", "")
        for text, what in ((told, self._facts.origins.get("version", "")), (self._tag, "its tag")):
            found = draft.version(text)
            if found is not None:
                self._findings.found.append(f"version: {found} (from {what})")
                return found
        self._findings.missing.append(
            f"version: neither a label nor the tag is a semantic version; this is "
            f"{draft.FIRST_VERSION}"
        )
        return draft.FIRST_VERSION

    def _text(self, name: str, text: str) -> str:
        if text:
            origin = self._facts.origins.get(name, "")
            self._findings.found.append(f"{name}: {draft.line(text, 120)} (from {origin})")
        else:
            self._findings.missing.append(f"{name}: no label tells it")
        return text

    def _component(self) -> dict[str, Any]:
        ports = self._tcp_ports()
        component: dict[str, Any] = {
            "type": "service" if ports else "job",
            "image": draft.literal(self._image.name),
        }
        if ports:
            component["tcp_ports"] = ports
            told = ", ".join(f"{name} {number}" for name, number in ports.items())
            self._findings.found.append(f"ports: {told}")
        else:
            self._findings.missing.append(
                "type: it exposes no tcp port, so it is taken for a job, which runs once; make it "
                "a service, with tcp_ports if it has any, if it goes on"
            )
        resources = {"cpus": self._facts.cpus, "memory_mib": self._facts.memory_mib}
        known = {name: value for name, value in resources.items() if value is not None}
        if known:
            component["resources"] = known
            for name, value in known.items():
                origin = self._facts.origins.get(name, "")
                self._findings.found.append(f"{name}: {value} (from {origin})")
        signal = self._image.stop_signal.upper().removeprefix("SIG")
        if signal in SIGNALS and signal != "TERM":
            component["stop"] = {"signal": signal}
        return component

    def _tcp_ports(self) -> dict[str, int]:
        exposed = [number for number, protocol in self._image.exposed_ports if protocol == "tcp"]
        others = [f"{n}/{each}" for n, each in self._image.exposed_ports if each != "tcp"]
        if others:
            self._findings.notes.append(
                f"ports {listed(others)} are not carried over: only tcp is reached"
            )
        given: dict[str, int] = {}
        for name, number in self._facts.tcp_ports.items():
            if number in given.values():
                self._findings.notes.append(f"port {number} has two names; {name} is left out")
            else:
                given[name] = number
        found = well_known.names(exposed, given)
        if len(found) > MOST_PORTS:
            self._findings.notes.append(
                f"it exposes {len(found)} ports; the first {MOST_PORTS} of them are carried over"
            )
        return dict(list(found.items())[:MOST_PORTS])

    def _routes(self, component: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A public address for the first port that a browser could be for."""
        for name in component.get("tcp_ports", {}):
            if well_known.is_web(name):
                yield {"component": self._slug, "tcp_port": name}
                return
        if component["type"] == "service":
            self._findings.missing.append(
                "routes: no port looks like one for a browser; add {component, tcp_port} for what "
                "people should reach"
            )

    def _add_parameters(self, record: dict[str, Any]) -> None:
        if self._facts.parameters is None:
            return
        problem = draft.objection({**record, "parameters": self._facts.parameters})
        if problem:
            self._findings.notes.append(f"the parameters in its labels are left out: {problem}")
            return
        record["parameters"] = self._facts.parameters
        self._findings.found.append("parameters: those of its label")
        self._findings.missing.append(
            "args or env: say where the image is given its parameters, ${parameters.NAME}"
        )

    def _add_health(self, record: dict[str, Any], component: dict[str, Any]) -> None:
        """The first health check that makes sense: of a label, or of the image itself."""
        own = self._image.health
        for health, what in (
            (self._facts.health, "a label"),
            (_health(own) if own else None, "the image"),
        ):
            if health is None:
                continue
            component["health"] = health
            problem = draft.objection(record)
            if not problem:
                self._findings.found.append(f"health: {json.dumps(health)} (from {what})")
                return
            del component["health"]
            self._findings.notes.append(f"the health check of {what} is left out: {problem}")
        if component["type"] == "service":
            self._findings.missing.append(
                "health: say how it is asked whether it is ready, such as {http: /}"
            )

    def _tell(self) -> None:
        found, notes, image = self._findings.found, self._findings.notes, self._image
        found.append(f"image: {image.name} ({image.digest[:19]}…)")
        if image.platform:
            found.append(f"built for: {image.platform}")
        words = " ".join((*image.entrypoint, *image.cmd))
        if words:
            found.append(f"runs: {words}")
        else:
            self._findings.missing.append("command: the image says nothing of what to run")
        for name, told in _TOLD.items():
            if name in self._facts.texts:
                found.append(f"{told}: {self._facts.texts[name]}")
        if image.env:
            found.append(f"variables that it sets itself: {listed(image.env, most=20)}")
        if image.user:
            found.append(f"runs as: {image.user}")
        if image.volumes:
            notes.append(
                f"it keeps data in {listed(image.volumes)}, which is gone when it is removed: "
                "there are no volumes yet"
            )
        if image.digest and "@" not in image.name:
            notes.append(
                f"what {quoted(self._tag or 'latest')} means can change; to pin it, write "
                f"image: {image.name.rpartition(':')[0]}@{image.digest}"
            )


def _health(health: ImageHealth) -> dict[str, Any]:
    """Docker's health check in the form of an application file."""
    argv = list(health.argv) or ["/bin/sh", "-c", health.shell]
    times = {
        "interval_s": health.interval_s,
        "timeout_s": health.timeout_s,
        "grace_s": health.start_period_s,
        "failures": health.retries,
    }
    given = {name: value for name, value in times.items() if value is not None}
    return {"command": [draft.literal(each) for each in argv], **given}
