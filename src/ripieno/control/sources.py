"""Where the files of an application are: beside its document, or registered with it."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from ripieno.control.errors import InvalidRequest
from ripieno.model.application import Application
from ripieno.model.node import listed, quoted
from ripieno.model.workload import FileTransfer
from ripieno.store.registered import FileRecord

PLAIN_MODE, EXECUTABLE_MODE = 0o644, 0o755


def with_directory(application: Application, directory: str) -> Application:
    """The application with the relative sources of files taken from a folder."""

    def found(file: FileTransfer, source: str) -> FileTransfer:
        if PurePosixPath(source).is_absolute():
            return file
        return dataclasses.replace(file, source=str(PurePosixPath(directory, source)))

    return _with_sources(application, found)


def with_files(application: Application, files: Mapping[str, FileRecord]) -> Application:
    """The application with the sources of its files taken from those that came with it.

    Raises: `InvalidRequest` for one that did not, whatever a parameter has made of its name.
    """

    def found(file: FileTransfer, source: str) -> FileTransfer:
        kept = files.get(source)
        if kept is None:
            raise InvalidRequest(
                f"no file {quoted(source)} was registered with {application.name} "
                f"{application.version}; there are {listed(sorted(files))}"
            )
        mode = EXECUTABLE_MODE if kept.is_executable else PLAIN_MODE
        return dataclasses.replace(
            file,
            source=None,
            digest=kept.digest,
            mode=mode if file.mode is None else file.mode,
        )

    return _with_sources(application, found)


def _with_sources(
    application: Application, found: Callable[[FileTransfer, str], FileTransfer]
) -> Application:
    components = {}
    for name, definition in application.components.items():
        workload = definition.workload
        if workload is not None and workload.files:
            files = tuple(
                each if each.source is None else found(each, each.source) for each in workload.files
            )
            workload = dataclasses.replace(workload, files=files)
        components[name] = dataclasses.replace(definition, workload=workload)
    return dataclasses.replace(application, components=components)
