"""Secrets, sealed with a key that lies in a file beside the database and never in it."""

import contextlib
import functools
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ripieno.store.errors import BrokenSeal, CannotOpen

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_KEY_BYTES = 32


class Seal:
    """Seals and opens; the name of a secret is bound to what it holds."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @functools.cached_property
    def _cipher(self) -> "AESGCM":
        # Loaded only where there are secrets.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    def close(self, name: str, text: str) -> bytes:
        """A text, sealed under a name."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> str:
        """What was sealed under the name. Raises: `BrokenSeal`."""
        from cryptography.exceptions import InvalidTag

        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, name.encode()).decode()
        except (InvalidTag, ValueError) as problem:
            raise BrokenSeal(
                f"the secret {name!r} cannot be opened with this key; bring back the key file, or "
                "set the secret again"
            ) from problem


def seal_from(path: Path) -> Seal:
    """The seal whose key is in a file, which is made if it is missing. Raises: `CannotOpen`."""
    try:
        if not path.exists():
            _make(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_bytes()
    except OSError as problem:
        raise CannotOpen(f"the key file {path} cannot be used: {problem}") from problem
    if len(key) != _KEY_BYTES:
        raise CannotOpen(f"{path} holds no key; bring back the one that belongs here")
    if mode & 0o077:
        raise CannotOpen(
            f"the key file {path} can be read by others; make it yours alone with: chmod 600 {path}"
        )
    return Seal(key)


def _make(path: Path) -> None:
    """Write a new key, at once or not at all, readable by the owner only."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)  # Another server may have been quicker; its key stays.
    finally:
        os.unlink(temporary)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # A secret sealed with a key whose name was lost is lost too.
    finally:
        os.close(folder)
