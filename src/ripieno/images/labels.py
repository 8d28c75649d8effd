"""What the labels of an image say, by the conventions that people use.

`org.opencontainers.image.*` counts most, then `org.label-schema.*`, which it replaced; what only
Ripieno knows is `io.ripieno.*`. Labels count more than annotations of the same name. Pure.
"""

import functools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from ripieno.model import document
from ripieno.model.component_type import Value
from ripieno.model.errors import ApplicationError, DocumentError
from ripieno.model.image import ImageFacts, ImageMetadata
from ripieno.model.names import check_port
from ripieno.model.node import printable, quoted
from ripieno.model.workload import LEAST_CPUS, LEAST_MEMORY_MIB

OCI = "org.opencontainers.image."
SCHEMA = "org.label-schema."
OWN = "io.ripieno."

TEXTS: Mapping[str, tuple[str, ...]] = {
    "title": (f"{OCI}title", f"{SCHEMA}name"),
    "description": (f"{OCI}description", f"{SCHEMA}description"),
    "version": (f"{OCI}version", f"{SCHEMA}version"),
    "source": (f"{OCI}source", f"{SCHEMA}vcs-url"),
    "documentation": (f"{OCI}documentation", f"{SCHEMA}usage"),
    "url": (f"{OCI}url", f"{SCHEMA}url"),
    "licences": (f"{OCI}licenses",),
    "vendor": (f"{OCI}vendor", f"{SCHEMA}vendor"),
    "authors": (f"{OCI}authors",),
    "created": (f"{OCI}created", f"{SCHEMA}build-date"),
    "revision": (f"{OCI}revision", f"{SCHEMA}vcs-ref"),
}
"""Which labels tell what, the first that is there counting."""

CPUS = f"{OWN}cpus"
MEMORY = f"{OWN}memory-mib"
MEMORY_HINT = f"{SCHEMA}memory-hint"
TCP_PORT = f"{OWN}tcp-port."
HEALTH = f"{OWN}health"
TAGS = f"{OWN}tags"
PARAMETERS = f"{OWN}parameters"

MOST_TAGS = 30
MOST_TAG = 60
_MEMORY = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(?P<unit>[kKmMgG]?)i?[bB]?")
_MIB = {"k": 1 / 1024, "": 1.0, "m": 1.0, "g": 1024.0}

Found = TypeVar("Found")


def facts(image: ImageMetadata) -> ImageFacts:
    """What can be made of the labels and annotations of an image."""
    reading = _Reading(image)
    found: dict[str, str] = {}
    for name, labels in TEXTS.items():
        text = reading.first(name, *labels)
        if text:
            found[name] = text
    return ImageFacts(
        texts=found,
        tags=reading.understood("tags", _tags, TAGS) or (),
        cpus=reading.understood("cpus", _cpus, CPUS),
        memory_mib=reading.understood("memory_mib", _memory, MEMORY, MEMORY_HINT),
        tcp_ports=dict(reading.tcp_ports()),
        health=reading.understood("health", _health, HEALTH),
        parameters=reading.understood("parameters", _json_object, PARAMETERS),
        origins=reading.origins,
        problems=tuple(reading.problems),
    )


class _Reading:
    """The labels of one image, with notes of what was made of them."""

    def __init__(self, image: ImageMetadata) -> None:
        self._texts = {**image.annotations, **image.labels}
        self.origins: dict[str, str] = {}
        self.problems: list[str] = []

    def first(self, name: str, *labels: str) -> str:
        """The text of the first label that is there and says something."""
        for label in labels:
            text = self._texts.get(label, "").strip()
            if text:
                self.origins[name] = label
                return text
        return ""

    def understood(self, name: str, read: Callable[[str], Found], *labels: str) -> Found | None:
        """What the first label that makes sense stands for."""
        for label in labels:
            text = self._texts.get(label, "").strip()
            if not text:
                continue
            try:
                found = read(text)
            except ValueError as problem:
                self.problems.append(
                    f"label {label}: {printable(str(problem), 300)} (it is {quoted(text)})"
                )
                continue
            self.origins[name] = label
            return found
        return None

    def tcp_ports(self) -> Iterator[tuple[str, int]]:
        """Ports with the names that `io.ripieno.tcp-port.NAME` give them."""
        for label in sorted(each for each in self._texts if each.startswith(TCP_PORT)):
            name = label.removeprefix(TCP_PORT)
            number = self.understood(f"tcp_port {name}", functools.partial(_port, name), label)
            if number is not None:
                yield name, number


def _tags(text: str) -> tuple[str, ...]:
    tags = [each.strip() for each in text.replace(";", ",").split(",")]
    good = [each for each in tags if each and each.isprintable() and len(each) <= MOST_TAG]
    return tuple(dict.fromkeys(good))[:MOST_TAGS]


def _cpus(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not LEAST_CPUS <= number <= 10_000:
        raise ValueError(f"it should be a number from {LEAST_CPUS:g}")
    return number


def _memory(text: str) -> int:
    """MiB, out of a number (MB, which in those days meant MiB) or one with a unit."""
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise ValueError("it should be a number of MiB")
    found = math.ceil(float(match["number"]) * _MIB[match["unit"].lower()])
    if not LEAST_MEMORY_MIB <= found <= 10**9:
        raise ValueError(f"it should be a number of MiB, from {LEAST_MEMORY_MIB}")
    return found


def _port(name: str, text: str) -> int:
    try:
        check_port(name, "a tcp_port")
    except ApplicationError as problem:
        raise ValueError(str(problem)) from problem
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= 65535):
        raise ValueError("it should be a port, from 1 to 65535")
    return int(text)


def _health(text: str) -> Value:
    """A path, or a mapping as in an application file."""
    if text.startswith("/"):
        return {"http": text}
    try:
        found = document.parse(text).plain()
    except DocumentError as problem:
        raise ValueError(str(problem)) from problem
    if not isinstance(found, dict):
        raise ValueError("it should be a path, or a mapping such as {http: /healthz}")
    return found


def _json_object(text: str) -> Value:
    try:
        found = document.from_plain(json.loads(text)).plain()
    except (ValueError, RecursionError, DocumentError) as problem:
        raise ValueError(f"it should be a JSON Schema: {problem}") from problem
    if not isinstance(found, dict):
        raise ValueError("it should be a JSON Schema of an object")
    return found
