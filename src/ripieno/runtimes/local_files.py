"""Putting files where they belong on this machine: unchanged ones stay, others appear complete.

Used by the local host, in a thread: everything here blocks.
"""

import os
import shutil
import stat
from io import BytesIO
from typing import BinaryIO

from ripieno.runtimes import errors, local_folder, outbox
from ripieno.runtimes.errors import FileMissing
from ripieno.runtimes.host import Transfer

CONTENT_MODE = 0o644
_PIECE_BYTES = 1024 * 1024


def open_source(transfer: Transfer, host: str) -> tuple[BinaryIO, int, int]:
    """The source's bytes, their number, and the mode for the target; close the first.

    Raises: FileMissing, PermissionDenied.
    """
    if isinstance(transfer.source, bytes):
        mode = CONTENT_MODE if transfer.mode is None else transfer.mode
        return BytesIO(transfer.source), len(transfer.source), mode
    try:
        file = open(transfer.source, "rb")  # noqa: SIM115  # Whoever asked closes it.
    except IsADirectoryError as problem:
        raise FileMissing(
            f"{transfer.source}, to be sent to {transfer.target}, is a folder",
            host=host,
            remedy="name the files in it",
        ) from problem
    except OSError as problem:
        raise errors.of_os_error(
            problem, f"the server's file for {transfer.target} cannot be read", host=host
        ) from problem
    found = os.fstat(file.fileno())
    mode = stat.S_IMODE(found.st_mode) if transfer.mode is None else transfer.mode
    return file, found.st_size, mode


def put(directory: str, transfer: Transfer, host: str) -> bool:
    """Bring one file to its target; False if it was there unchanged.

    Raises: FileMissing, PermissionDenied, DiskFull, PermanentFailure.
    """
    target = f"{directory}/{outbox.check_target(transfer, host)}"
    part = outbox.part_of(target)
    source, size_bytes, mode = open_source(transfer, host)
    with source:
        try:
            if _is_same(source, size_bytes, target):
                if stat.S_IMODE(os.stat(target).st_mode) != mode:
                    os.chmod(target, mode)
                return False
            source.seek(0)
            local_folder.make_directory(directory)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            try:
                with open(part, "wb", opener=_private) as file:
                    shutil.copyfileobj(source, file, _PIECE_BYTES)
                os.chmod(part, mode)
                os.replace(part, target)
            except BaseException:
                if os.path.lexists(part):
                    os.unlink(part)
                raise
        except OSError as problem:
            raise errors.of_os_error(
                problem, f"{transfer.target} cannot be written", host=host
            ) from problem
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _is_same(source: BinaryIO, size_bytes: int, target: str) -> bool:
    try:
        if os.stat(target).st_size != size_bytes:
            return False
        with open(target, "rb") as file:
            while piece := source.read(_PIECE_BYTES):
                if file.read(len(piece)) != piece:
                    return False
    except FileNotFoundError:
        return False
    return True
