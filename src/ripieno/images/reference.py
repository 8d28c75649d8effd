"""Names of images: `postgres`, `ghcr.io/neuro/viewer:1.2`, `localhost:5000/a@sha256:…`.

The grammar is that of the distribution project; a name without a registry is one of Docker Hub,
and there a name without a slash is in `library/`.
"""

import re
from dataclasses import dataclass

from ripieno.images.errors import IllegalReference
from ripieno.model.node import quoted

HUB = "docker.io"
HUB_HOST = "registry-1.docker.io"
"""What Docker Hub is called in names, and where its registry is."""

LATEST = "latest"
MOST_NAME = 255
"""The longest repository, in characters."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReference:
    """An image in a registry, by tag or by digest (which counts if there are both)."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def host(self) -> str:
        """Where the registry is: host and, if one is named, port."""
        return HUB_HOST if self.registry == HUB else self.registry

    @property
    def wanted(self) -> str:
        """What its registry is asked for."""
        return self.digest or self.tag or LATEST

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def parse(text: str) -> ImageReference:
    """The image that a text names. Raises: `IllegalReference`."""
    if len(text) > 1000:
        raise IllegalReference(f"{quoted(text)} is too long to name an image")
    name, at, digest = text.strip().partition("@")
    if at and not is_digest(digest):
        raise _illegal(text, "a digest is sha256: and 64 hexadecimal digits")
    head, slash, rest = name.partition("/")
    if slash and _is_host(head):
        registry, name = head, rest
    else:
        registry = HUB
    path, colon, tag = name.rpartition(":")
    if not colon:
        path, tag = name, ""
    elif not _TAG.fullmatch(tag):
        raise _illegal(text, "a tag is letters, digits and . _ -, at most 128 of them")
    match = _HOST.fullmatch(registry)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        raise _illegal(text, f"{quoted(registry)} is no host with a port")
    registry = registry.lower()
    if registry in ("index.docker.io", HUB_HOST):
        registry = HUB
    if registry == HUB and path and "/" not in path:
        path = f"library/{path}"
    if len(path) > MOST_NAME or not _REPOSITORY.fullmatch(path):
        raise _illegal(text, "a name is lower case letters and digits, with single . _ - between")
    return ImageReference(
        registry=registry,
        repository=path,
        tag=tag or (None if digest else LATEST),
        digest=digest or None,
    )


def is_digest(text: str) -> bool:
    """Whether a text is a digest of a kind that can be checked."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether a text is a tag."""
    return _TAG.fullmatch(text) is not None


def _is_host(head: str) -> bool:
    """Whether the first part of a name is a registry rather than a user of Docker Hub."""
    return "." in head or ":" in head or head == "localhost" or head != head.lower()


def _illegal(text: str, why: str) -> IllegalReference:
    return IllegalReference(
        f"{quoted(text)} names no image: {why}; write [registry/]name[:tag] or "
        "[registry/]name@sha256:…"
    )
