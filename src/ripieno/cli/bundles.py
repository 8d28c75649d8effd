"""An application with its files, read from a folder, a file or an archive to be registered.

Only those files are read that the application refers to, and none outside of its folder, wherever
links lead: the folder may be somebody else's work.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from ripieno.cli import sources
from ripieno.cli.exits import usage
from ripieno.model import bundle as bundles
from ripieno.model import reading_applications
from ripieno.model.bundle import DOCUMENT, Bundle, BundledFile, BundleError
from ripieno.model.errors import ModelError
from ripieno.wire import archive

ARCHIVES = (".tar.gz", ".tgz", ".tar")
_NAMES = (DOCUMENT, "application.yml")


def read(word: str, *, is_draft: bool = False) -> Bundle:
    """The application in a folder, a file or an archive, with the files that it refers to.

    Of a draft that cannot be read yet, only the document is taken. Raises: a `ModelError`,
    `CommandError`.
    """
    if word.endswith(ARCHIVES):
        return archive.unpack(_content(Path(word), archive.MOST_ARCHIVE_BYTES))
    file = _document_of(word)
    document = sources.read_text(file)
    try:
        application = reading_applications.application(document, file)
        wanted = bundles.wanted(application)
        folder = sources.folder_of(file)
        found = dict(_files(folder, wanted))
        bundles.selected(application, found)
    except ModelError:
        if is_draft:
            return Bundle(document=document)
        raise
    return Bundle(document=document, files=found)


def write(bundle: Bundle, folder: Path) -> None:
    """Write an application with its files into a new or empty folder. Raises: `CommandError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise usage(f"{folder} has something in it; give a new folder")
        (folder / DOCUMENT).write_bytes(bundle.document.encode())
        for path, file in bundle.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
            if file.is_executable:
                target.chmod(target.stat().st_mode | 0o111)
    except OSError as problem:
        raise usage(f"{folder} cannot be written: {problem.strerror or problem}") from problem


def _document_of(word: str) -> str:
    if word == sources.STANDARD_INPUT or not os.path.isdir(word):
        return word
    for name in _NAMES:
        path = os.path.join(word, name)
        if os.path.isfile(path):
            return path
    raise usage(f"there is no {DOCUMENT} in {word}; write one, or name the file")


def _files(folder: Path, wanted: tuple[str, ...]) -> Iterator[tuple[str, BundledFile]]:
    root = folder.resolve()
    for pattern in wanted:
        for path in _matching(root, pattern) if "*" in pattern else [pattern]:
            file = root / path
            if not file.resolve().is_relative_to(root):
                raise BundleError(
                    f"{path} is a link that leads out of {folder}; put the file itself there"
                )
            if file.is_file():
                is_executable = bool(file.stat().st_mode & 0o100)
                content = _content(file, bundles.MOST_FILE_BYTES)
                yield path, BundledFile(content=content, is_executable=is_executable)


def _matching(root: Path, pattern: str) -> list[str]:
    """The files that a pattern fits; its stars never stand for a slash."""
    found = [str(each.relative_to(root)) for each in root.glob(pattern) if each.is_file()]
    return bundles.matching(pattern, sorted(found))


def _content(file: Path, most_bytes: int) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(most_bytes + 1)
    except OSError as problem:
        raise usage(f"{file} cannot be read: {problem.strerror or problem}") from problem
    if len(content) > most_bytes:
        raise BundleError(f"{file} is too large; at most {most_bytes // 2**20} MiB are taken")
    return content
