"""Logs on this machine: bounded without moving an offset, sampled against the clock, read.

Used by the local host. A log that has outgrown its limit gets a hole where its oldest part was
(fallocate(2)), so its size goes on growing while its blocks do not. All here blocks for a moment
on the file system; the sweep belongs in a thread.
"""

import asyncio
import ctypes
import errno
import logging
import math
import os
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ripieno.runtimes.host import Stream
from ripieno.runtimes.keeper import STREAMS

CHUNK_BYTES = 64 * 1024
"""The most that one piece of a log holds."""

SHORT_PAUSE_S, LONG_PAUSE_S = 0.05, 0.5
"""How long a follower rests before it looks for more: longer the longer nothing came."""

INDEX_LIMIT_BYTES = 32 * 1024
"""An index that has outgrown this loses every other sample of its older half."""

_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # linux/falloc.h
_BLOCK = 4096
_log = logging.getLogger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A process folder whose logs are to be kept within a limit."""

    folder: str
    limit_bytes: int


class Sweeper:
    """Goes over logs, remembering what it saw: samples what grew, and drops what is too much."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._is_warned = False

    def sweep(self, watched: Iterable[Watched], now: float) -> bool:
        """Look at all logs once; whether any grows so fast that it should be looked at soon."""
        is_fast = False
        for each in watched:
            for stream in STREAMS:
                is_fast |= self._look(f"{each.folder}/{stream}", each.limit_bytes, now)
        return is_fast

    def forget(self, folder: str) -> None:
        """Drop what is remembered of a folder."""
        for stream in STREAMS:
            self._sizes.pop(f"{folder}/{stream}", None)

    def _look(self, log: str, limit_bytes: int, now: float) -> bool:
        try:
            found = os.stat(f"{log}.log")
        except OSError:
            return False
        before = self._sizes.get(log)
        if before == found.st_size:
            return False
        self._sizes[log] = found.st_size
        with suppress(OSError):  # On a full disk the sample is missing, no more.
            sample(log, now, found.st_size)
        if found.st_blocks * 512 > limit_bytes:
            try:
                punch(f"{log}.log", found.st_size - limit_bytes // 2)
            except OSError as problem:
                if not self._is_warned:
                    self._is_warned = True
                    _log.warning("logs cannot be shortened", extra={"cause": str(problem)})
        return before is not None and found.st_size - before > limit_bytes // 8


def sample(log: str, now: float, size: int) -> None:
    """Note where a log stands; `log` is its path without the ending."""
    with open(f"{log}.index", "ab", buffering=0) as file:
        file.write(b"%d %d\n" % (math.ceil(now), size))  # Rounded so that nothing later is missed.
        is_large = file.tell() > INDEX_LIMIT_BYTES
    if is_large:
        lines = Path(f"{log}.index").read_bytes().splitlines(keepends=True)
        half = len(lines) // 2
        thinned = Path(f"{log}.index.new")
        thinned.write_bytes(b"".join([*lines[:half:2], *lines[half:]]))
        thinned.replace(f"{log}.index")


def punch(path: str, end: int) -> None:
    """Give the disk back what a file holds before `end`; its size and other offsets stay.

    Raises: OSError where the file system cannot.
    """
    length = end // _BLOCK * _BLOCK
    if length <= 0:
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        done = _libc.fallocate(
            descriptor, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(0), ctypes.c_int64(length)
        )
        if done != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)
    finally:
        os.close(descriptor)


def size(folder: str, stream: Stream) -> int:
    """The offset after the last byte; 0 if there is no log."""
    try:
        return os.stat(f"{folder}/{stream}.log").st_size
    except FileNotFoundError:
        return 0


def offset_at(index: str, since: float) -> int:
    """Where a log stood at a time, read from the text of its index."""
    found = 0
    for line in index.splitlines():
        at, _, offset = line.partition(" ")
        if not offset.isdigit() or float(at) > since:
            break
        found = int(offset)
    return found


def read_index(folder: str, stream: Stream) -> str:
    """The text of a log's index; empty if there is none."""
    try:
        return Path(f"{folder}/{stream}.index").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ""


def read(descriptor: int, offset: int) -> tuple[int, bytes]:
    """The next piece at or after an offset, holes skipped, with its offset; b"" at the end."""
    try:
        offset = os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as problem:
        if problem.errno == errno.ENXIO:
            return offset, b""
        if problem.errno != errno.EINVAL:  # A file system that knows no holes.
            raise
    return offset, os.pread(descriptor, CHUNK_BYTES, offset)


async def pieces(
    folder: str, stream: Stream, offset: int, *, follow: bool
) -> AsyncGenerator[tuple[int, bytes]]:
    """The pieces of a log from an offset on; with `follow` until the folder is removed.

    Raises: OSError.
    """
    pause_s = SHORT_PAUSE_S
    descriptor = None
    try:
        while True:
            if descriptor is None:
                descriptor = _opened(f"{folder}/{stream}.log")
            at, data = (offset, b"") if descriptor is None else read(descriptor, offset)
            if data:
                offset = at + len(data)
                pause_s = SHORT_PAUSE_S
                yield at, data
                continue
            if not follow or _is_removed(folder, descriptor):
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONG_PAUSE_S)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _is_removed(folder: str, descriptor: int | None) -> bool:
    if descriptor is None:
        return not os.path.isdir(folder)
    return os.fstat(descriptor).st_nlink == 0
