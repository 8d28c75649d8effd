"""An application with its files as one archive: a tar file, compressed with gzip.

The document is `application.yaml` at the top, other files are beside and below it. An archive that
comes from somewhere is untrusted: only plain files and folders are read, nothing is written to a
disk, and no more is unpacked than an application may have.
"""

import io
import tarfile
import zlib

from ripieno.model import bundle as bundles
from ripieno.model.bundle import DOCUMENT, Bundle, BundledFile, BundleError
from ripieno.model.node import quoted
from ripieno.wire.base import MOST_DOCUMENT

MEDIA_TYPE = "application/gzip"

MOST_ARCHIVE_BYTES = 32 * 2**20
"""The largest archive, as it is sent."""

_MOST_TAR_BYTES = bundles.MOST_BYTES + 4 * 2**20
"""The largest archive when it is unpacked, with what a tar file needs besides."""

_PIECE_BYTES = 2**20
_ENDINGS = (DOCUMENT, "application.yml")


def pack(bundle: Bundle) -> bytes:
    """The archive of a bundle; equal bundles make equal archives."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, DOCUMENT, bundle.document.encode(), is_executable=False)
        for path, file in sorted(bundle.files.items()):
            _add(tar, path, file.content, is_executable=file.is_executable)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(written.getvalue()) + packer.flush()


def _add(tar: tarfile.TarFile, path: str, content: bytes, *, is_executable: bool) -> None:
    entry = tarfile.TarInfo(path)
    entry.size = len(content)
    entry.mode = 0o755 if is_executable else 0o644
    tar.addfile(entry, io.BytesIO(content))


def unpack(archive: bytes) -> Bundle:
    """The bundle in an archive, which may all be in one folder.

    Raises: `BundleError` for anything that is not what `pack` could have made, or nearly so.
    """
    content = _inflated(archive) if archive.startswith(b"\x1f\x8b") else archive
    files: dict[str, BundledFile] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for entry in tar:
                _take(tar, entry, files)
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as problem:
        raise BundleError(
            f"this is no archive that can be read ({problem}); send a tar file, compressed with "
            "gzip"
        ) from problem
    files = _without_folder(files)
    document = next((files.pop(each) for each in _ENDINGS if each in files), None)
    if document is None:
        raise BundleError(f"there is no {DOCUMENT} in the archive; put it at the top")
    return Bundle(document=_text(document.content), files=files)


def _take(tar: tarfile.TarFile, entry: tarfile.TarInfo, files: dict[str, BundledFile]) -> None:
    path = entry.name.removeprefix("./").removesuffix("/")
    if entry.isdir() and path in ("", "."):
        return
    bundles.check_path(path)
    if entry.isdir():
        return
    if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise BundleError(
            f"{quoted(path)} in the archive is a link or a device; put the file itself there"
        )
    if path in files:
        raise BundleError(f"{quoted(path)} is in the archive twice; take one out")
    bundles.check_count(len(files))  # The document is one more.
    bundles.check_size(path, entry.size)
    # A sparse file is longer than what the archive holds of it.
    bundles.check_total(entry.size + sum(len(each.content) for each in files.values()))
    read = tar.extractfile(entry)
    assert read is not None
    content = read.read(entry.size)
    if len(content) < entry.size:
        raise BundleError(f"the archive breaks off within {quoted(path)}; send all of it")
    files[path] = BundledFile(content=content, is_executable=bool(entry.mode & 0o100))


def _inflated(archive: bytes) -> bytes:
    """The tar file, unless it is a bomb. Raises: `BundleError`."""
    inflater = zlib.decompressobj(31)
    written = bytearray()
    pending = archive
    try:
        while pending and not inflater.eof:
            written += inflater.decompress(pending, _PIECE_BYTES)
            pending = inflater.unconsumed_tail
            if len(written) > _MOST_TAR_BYTES:
                bundles.check_total(len(written))
        written += inflater.flush()
    except zlib.error as problem:
        raise BundleError(f"the archive is damaged ({problem}); send it again") from problem
    if not inflater.eof:
        raise BundleError("the archive breaks off; send all of it")
    return bytes(written)


def _without_folder(files: dict[str, BundledFile]) -> dict[str, BundledFile]:
    """What is in the one folder that everything is in, if the document is not at the top."""
    folders = {path.partition("/")[0] for path in files}
    if len(folders) == 1 and not any(each in files for each in _ENDINGS):
        return {path.partition("/")[2] or path: file for path, file in files.items()}
    return files


def _text(content: bytes) -> str:
    if len(content) > MOST_DOCUMENT:
        raise BundleError(f"{DOCUMENT} has {len(content)} bytes; at most {MOST_DOCUMENT} are read")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BundleError(f"{DOCUMENT} is not text in UTF-8; save it as UTF-8") from problem
