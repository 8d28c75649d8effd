"""What is known of a container image without running it, and what its labels say.

Made by `images`, read by `importers`. Everything in it was written by whoever made the image.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ripieno.model.component_type import Value


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageHealth:
    """How a container engine asks an image whether it is well. `argv` is empty for a shell line."""

    argv: tuple[str, ...] = ()
    shell: str = ""
    interval_s: float | None = None
    timeout_s: float | None = None
    start_period_s: float | None = None
    retries: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageMetadata:
    """An image as its registry describes it.

    `name` is as it was asked for, `digest` that of the manifest or index under that name;
    `platform` is what was chosen of `platforms`, as `os/architecture[/variant]`. `labels` are those
    of the configuration, `annotations` those of manifest and index, the nearest to the image
    counting most. `exposed_ports` are numbers with `tcp`, `udp` or `sctp`.
    """

    name: str
    digest: str
    platform: str = ""
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    exposed_ports: tuple[tuple[int, str], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    user: str = ""
    working_directory: str = ""
    stop_signal: str = ""
    health: ImageHealth | None = None
    created: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFacts:
    """What the labels and annotations of an image say, by the conventions that are known.

    `texts` has title, description, version, source, documentation, url, licences, vendor, authors,
    created and revision, those that there are; `health` is a path or plain data as under `health`
    in an application file; `parameters` is a JSON Schema. `origins` names the label that each came
    from; `problems` tell which could not be made sense of.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    cpus: float | None = None
    memory_mib: int | None = None
    tcp_ports: Mapping[str, int] = field(default_factory=dict)
    health: Value = None
    parameters: Value = None
    origins: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
