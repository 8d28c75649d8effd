"""How a configuration comes to Traefik: by a file that it watches, or by its asking for it."""

import asyncio
import os
from pathlib import Path
from typing import Protocol

NAME = "routes.yml"
"""JSON is YAML, and much faster to write."""


class Publisher(Protocol):
    """Takes configurations; Traefik finds the last one."""

    async def publish(self, text: str) -> None:
        """Have this be the configuration. Raises: `OSError`."""
        ...


class Folder:
    """A folder that Traefik watches; it has to be there when Traefik is started."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        # Not in the folder itself: Traefik would read everything for this one too, and the file
        # that counts only a moment later.
        self._temporary = folder.with_name(f".{folder.name}.new")

    async def publish(self, text: str) -> None:
        """Write the file anew: at every moment it is the old one or the new one, and whole.

        Nothing waits for the disk: after a power cut Traefik is gone too, and the next server
        begins without the file.
        """
        await asyncio.to_thread(self._replace, text)

    def _replace(self, text: str) -> None:
        _write_new(self._temporary, text, is_lasting=False)
        self._temporary.replace(self.folder / NAME)


class Kept:
    """A configuration that is asked for over HTTP; empty until there is one."""

    def __init__(self) -> None:
        self.text = ""

    async def publish(self, text: str) -> None:
        """Keep it."""
        self.text = text


def write(path: Path, text: str) -> None:
    """Replace a file that only its owner reads, so that a crash leaves one of the two."""
    temporary = path.with_name(f".{path.name}.new")
    _write_new(temporary, text, is_lasting=True)
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_new(path: Path, text: str, *, is_lasting: bool) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        if is_lasting:
            file.flush()
            os.fsync(file.fileno())
