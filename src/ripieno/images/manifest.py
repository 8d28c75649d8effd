"""Manifests, indexes and configurations of images, out of the JSON that a registry serves.

Pure. What a document is, is told by what it holds: media types vary, and new ones come. Everything
that is not understood is passed over.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ripieno.images.errors import IllegalAnswer
from ripieno.images.reference import is_digest
from ripieno.model.image import ImageHealth, ImageMetadata

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ACCEPT = ", ".join(
    (OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST, "application/json;q=0.1")
)
_INDEXES = (OCI_INDEX, DOCKER_LIST)
_MANIFESTS = (OCI_MANIFEST, DOCKER_MANIFEST)

MOST_ENTRIES = 500
"""How many labels, variables, ports or volumes are taken, and manifests of an index looked at."""

MOST_TEXT = 100_000
"""The longest label that is taken, in characters."""

_ATTESTATION = "vnd.docker.reference.type"
_S = 1e-9

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """What a manifest or an index says of something it refers to."""

    digest: str
    media_type: str = ""
    size_bytes: int | None = None
    platform: str = ""
    annotations: Mapping[str, str]

    @property
    def is_attestation(self) -> bool:
        """Whether it says something of an image and is none itself."""
        return _ATTESTATION in self.annotations or self.platform.startswith("unknown/")


def parse(body: bytes, what: str) -> Json:
    """A JSON object. Raises: `IllegalAnswer`."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise IllegalAnswer(f"{what} is no JSON") from problem
    if not isinstance(found, dict):
        raise IllegalAnswer(f"{what} is no JSON object")
    return found


def is_index(document: Json) -> bool:
    """Whether a document lists manifests instead of being one."""
    return isinstance(document.get("manifests"), list)


def config_of(document: Json) -> Descriptor | None:
    """Where the configuration of an image is; None for what is no manifest of an image."""
    config = document.get("config")
    return _descriptor(config) if isinstance(config, dict) else None


def entries(index: Json) -> tuple[Descriptor, ...]:
    """What an index lists, attestations and nonsense left out."""
    found = (_descriptor(each) for each in index["manifests"][:MOST_ENTRIES])
    return tuple(each for each in found if each is not None and not each.is_attestation)


def ranked(found: Iterable[Descriptor], platform: str) -> tuple[Descriptor, ...]:
    """The entries of an index in the order in which they are worth a look for a platform.

    First what is for that platform, then indexes in the index and what names none, which may hold
    it, then what is for another one: labels are hardly ever a matter of the platform.
    """
    system = platform.partition("/")[0]

    def rank(each: Descriptor) -> int:
        if each.platform == platform or each.platform.startswith(f"{platform}/"):
            return 0
        if each.media_type in _INDEXES:
            return 1
        if not each.platform:
            return 2 if each.media_type in ("", *_MANIFESTS) else 5
        return 3 if each.platform.partition("/")[0] == system else 4

    return tuple(sorted(found, key=rank))


def _descriptor(record: Any) -> Descriptor | None:
    if not isinstance(record, dict):
        return None
    digest, size = record.get("digest"), record.get("size")
    if not isinstance(digest, str) or not is_digest(digest):
        return None
    return Descriptor(
        digest=digest,
        media_type=_text(record.get("mediaType")),
        size_bytes=size if type(size) is int and size >= 0 else None,
        platform=_platform(record.get("platform")),
        annotations=texts(record.get("annotations")),
    )


def _platform(record: Any) -> str:
    if not isinstance(record, dict):
        return ""
    parts = [_text(record.get(each)) for each in ("os", "architecture", "variant")]
    return "/".join(each for each in parts if each)[:200]


def metadata(
    *,
    name: str,
    digest: str,
    platforms: Sequence[str],
    annotations: Iterable[Mapping[str, str]],
    manifest: Json,
    config: Json,
) -> ImageMetadata:
    """What a manifest and its configuration say of an image.

    `annotations` are those of indexes and descriptors on the way, the outermost first.
    """
    run = config.get("config")
    run = run if isinstance(run, dict) else {}
    merged: dict[str, str] = {}
    for each in (*annotations, texts(manifest.get("annotations"))):
        merged.update(each)
    return ImageMetadata(
        name=name,
        digest=digest,
        platform=_platform(config),
        platforms=tuple(platforms),
        labels=texts(run.get("Labels")),
        annotations=merged,
        exposed_ports=_ports(run.get("ExposedPorts")),
        env=_env(run.get("Env")),
        entrypoint=_words(run.get("Entrypoint")),
        cmd=_words(run.get("Cmd")),
        volumes=_keys(run.get("Volumes")),
        user=_text(run.get("User")),
        working_directory=_text(run.get("WorkingDir")),
        stop_signal=_text(run.get("StopSignal")),
        health=_health(run.get("Healthcheck")),
        created=_text(config.get("created")),
        size_bytes=_size(manifest.get("layers")),
    )


def texts(record: Any) -> dict[str, str]:
    """The entries of a mapping that are texts, as many as are taken."""
    if not isinstance(record, dict):
        return {}
    found = {
        name: value
        for name, value in record.items()
        if isinstance(value, str) and len(name) <= 500 and len(value) <= MOST_TEXT
    }
    return dict(list(found.items())[:MOST_ENTRIES])


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= MOST_TEXT else ""


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return ()
    return tuple(value[:MOST_ENTRIES])


def _keys(value: Any) -> tuple[str, ...]:
    return tuple(value)[:MOST_ENTRIES] if isinstance(value, dict) else ()


def _ports(value: Any) -> tuple[tuple[int, str], ...]:
    """Out of `8080/tcp`, `8080` and `8000-8003/udp`."""
    found: dict[tuple[int, str], None] = {}
    for each in _keys(value):
        numbers, _, protocol = each.partition("/")
        first, _, last = numbers.partition("-")
        if not all(part.isascii() and part.isdecimal() for part in (first, last or first)):
            continue
        for number in range(int(first[:6]), int((last or first)[:6]) + 1):
            if 1 <= number <= 65535 and len(found) < MOST_ENTRIES:
                found[number, (protocol or "tcp").lower()[:20]] = None
    return tuple(sorted(found))


def _env(value: Any) -> dict[str, str]:
    pairs = (each.partition("=") for each in _words(value))
    return {name: text for name, _, text in pairs if name}


def _health(value: Any) -> ImageHealth | None:
    """Docker's health check, its times in nanoseconds; `NONE` turns one off."""
    if not isinstance(value, dict):
        return None
    kind, *rest = _words(value.get("Test")) or ("NONE",)
    if kind not in ("CMD", "CMD-SHELL") or not rest:
        return None
    retries = value.get("Retries")
    return ImageHealth(
        argv=tuple(rest) if kind == "CMD" else (),
        shell=rest[0] if kind == "CMD-SHELL" else "",
        interval_s=_seconds(value.get("Interval")),
        timeout_s=_seconds(value.get("Timeout")),
        start_period_s=_seconds(value.get("StartPeriod")),
        retries=retries if type(retries) is int and 0 < retries < 10**6 else None,
    )


def _seconds(value: Any) -> float | None:
    return value * _S if type(value) is int and 0 < value < 10**18 else None


def _size(layers: Any) -> int | None:
    if not isinstance(layers, list):
        return None
    sizes = [each.get("size") for each in layers if isinstance(each, dict)]
    return sum(each for each in sizes if type(each) is int and 0 <= each < 2**60)
