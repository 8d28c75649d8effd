"""Passwords as they are kept: argon2 hashes, made and compared beside the event loop."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ripieno.control.errors import InvalidRequest

LEAST, MOST = 12, 1000
"""Characters of a password that somebody chose."""

HASHER = PasswordHasher()
"""What a try costs: 64 MiB, and a tenth of a second or so."""
_QUICK = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
"""For what was drawn: nobody can try all passwords of 128 bits, however fast a try is."""

_AT_A_TIME = 2
"""Each try takes some 64 MiB and a good part of a core."""


class Passwords:
    """Hashes and compares, a few at a time, however many there are who sign in."""

    def __init__(self, hasher: PasswordHasher = HASHER) -> None:
        self._hasher = hasher
        self._room = asyncio.Semaphore(_AT_A_TIME)
        self._nobodys: str | None = None

    async def hashed(self, password: str) -> str:
        """What is kept of a password that somebody chose. Raises: `InvalidRequest`."""
        check(password)
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Whether it is the password of which that is kept.

        It takes as long where nothing is kept, so that nobody learns who has a password.
        """
        if len(password) > MOST:
            return False
        async with self._room:
            if kept is None:
                if self._nobodys is None:
                    self._nobodys = await asyncio.to_thread(self._hasher.hash, secrets.token_hex())
                await asyncio.to_thread(self._matches, self._nobodys, password)
                return False
            return await asyncio.to_thread(self._matches, kept, password)

    async def renewed(self, kept: str, password: str) -> str | None:
        """What to keep from now on of a password that was right; None: what is kept is as it is.

        What was made with other parameters than those of today is made anew.
        """
        if not self._hasher.check_needs_rehash(kept):
            return None
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, password)

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False


def check(password: str) -> None:
    """Refuse what is no password. Raises: `InvalidRequest`."""
    is_text = "\0" not in password and not any("\ud800" <= each <= "\udfff" for each in password)
    if not LEAST <= len(password) <= MOST or not is_text:
        raise InvalidRequest(f"a password has {LEAST} to {MOST} characters; choose a longer one")


def drawn() -> tuple[str, str]:
    """A password that nobody can guess, and what is kept of it."""
    password = secrets.token_urlsafe(18)
    return password, _QUICK.hash(password)
