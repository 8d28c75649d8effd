"""Registered files on this machine's disk, from where runtimes send them.

What is in a file never changes, so whatever lies here is right; the folder can be emptied while
nothing is being brought up.
"""

import asyncio
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from ripieno.model.workload import FileTransfer
from ripieno.store.store import Store


class KeptFiles:
    """A folder with the contents of files, by their digests, filled as they are asked for."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder

    async def paths(self, files: Iterable[FileTransfer]) -> Mapping[str, str]:
        """Where each registered file is, by its digest.

        One that is not kept any more is not there either, which whoever sends it will say.
        """
        digests = {each.digest for each in files if each.digest is not None}
        return {each: await self._path(each) for each in sorted(digests)}

    async def _path(self, digest: str) -> str:
        path = self._folder / digest[:2] / digest
        if not await asyncio.to_thread(path.is_file):
            content = await self._store.file(digest)
            if content is not None:
                await asyncio.to_thread(_write, path, content)
        return str(path)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
