"""An application with the files that it refers to: what is registered, kept and exported.

Files lie in one folder beside the document; their paths are relative and cannot lead out of it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ripieno.model import references
from ripieno.model.application import Application
from ripieno.model.errors import ApplicationError
from ripieno.model.node import listed, quoted

DOCUMENT = "application.yaml"
"""What the document is called in a folder or archive."""

MOST_PATH = 300
"""The longest path, in characters."""

MOST_FILES = 1000
MOST_FILE_BYTES = 16 * 2**20
MOST_BYTES = 48 * 2**20
"""How much the files of an application may hold together."""

_FORBIDDEN = frozenset("\\:*")
"""What separates parts of paths elsewhere, and what stands for any text here."""


class BundleError(ApplicationError):
    """Files do not belong to an application, are missing, or are too much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BundledFile:
    """What is in a file."""

    content: bytes
    is_executable: bool = False

    @property
    def digest(self) -> str:
        """By which it is known, whatever it is called: SHA-256 in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """A document and the files that go with it, by their paths."""

    document: str
    files: Mapping[str, BundledFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_count(len(self.files))
        total_bytes = 0
        for path, file in self.files.items():
            check_path(path)
            check_size(path, len(file.content))
            total_bytes += len(file.content)
            check_total(total_bytes)


def check_count(count: int) -> None:
    """Raise `BundleError` for more files than an application may have."""
    if count > MOST_FILES:
        raise BundleError(
            f"the application has {count} files, and at most {MOST_FILES} are kept; pack them"
        )


def check_size(path: str, size_bytes: int) -> None:
    """Raise `BundleError` for a file that is too large."""
    if size_bytes > MOST_FILE_BYTES:
        raise BundleError(
            f"{quoted(path)} is too large; at most {MOST_FILE_BYTES // 2**20} MiB are kept of a "
            "file, so let the application fetch it"
        )


def check_total(size_bytes: int) -> None:
    """Raise `BundleError` for files that are too large together."""
    if size_bytes > MOST_BYTES:
        raise BundleError(
            f"the files of the application are too large; at most {MOST_BYTES // 2**20} MiB are "
            "kept, so let the application fetch what is large"
        )


def check_path(path: str) -> None:
    """Raise `BundleError` for a path that is not one way only of naming a file in a folder."""
    parts = path.split("/")
    if (
        not path.isprintable()
        or len(path) > MOST_PATH
        or not _FORBIDDEN.isdisjoint(path)
        or path.startswith("~")
        or any(each in ("", ".", "..") for each in parts)
    ):
        raise BundleError(
            f"{quoted(path)} is no path of a file in the application's folder; use a relative one, "
            "without '.' and '..'"
        )


def wanted(application: Application) -> tuple[str, ...]:
    """The paths of files that an (open) application refers to.

    One that depends on a parameter is a pattern, in which `*` is any text without a slash. Raises:
    `BundleError` for one that is known only when the application runs, or is outside of its folder.
    """
    found = dict.fromkeys(application.presentation.pictures)
    for component in application.components.values():
        for each in component.workload.files if component.workload else ():
            if each.source is not None:
                found[_pattern(each.source)] = None
    return tuple(found)


def _pattern(source: str) -> str:
    written = ""
    for part in references.parse(source):
        if isinstance(part, str):
            if "*" in part:
                raise BundleError(f"{quoted(source)} has a * in it; name each file")
            written += part
        elif part.path[0] in ("parameters", "each"):
            written += "*"
        else:
            raise BundleError(
                f"the file {quoted(source)} is known only when the application runs, and so cannot "
                "be registered with it; let only parameters be in its name"
            )
    check_path(written.replace("*", "x"))
    return written


def matching(pattern: str, paths: Iterable[str]) -> list[str]:
    """The paths that a pattern of `wanted` fits."""
    expression = re.compile("[^/]*".join(map(re.escape, pattern.split("*"))))
    return [each for each in paths if expression.fullmatch(each)]


def selected(application: Application, paths: Iterable[str]) -> list[str]:
    """Those paths that an (open) application refers to.

    Raises: `BundleError` for a file that is referred to and not among them.
    """
    paths = sorted(paths)
    used: set[str] = set()
    for pattern in wanted(application):
        found = matching(pattern, paths)
        if not found:
            raise BundleError(
                f"the application refers to the file {quoted(pattern)}, which does not come with "
                f"it; files here are {listed(paths)}"
            )
        used.update(found)
    return [each for each in paths if each in used]
