"""Applications as they come with a request: files beside the document found where it lies."""

import dataclasses
from pathlib import PurePosixPath

from ripieno.model.application import Application


def with_directory(application: Application, directory: str) -> Application:
    """The application with the relative sources of files taken from a folder."""
    components = {}
    for name, definition in application.components.items():
        workload = definition.workload
        if workload is not None:
            files = tuple(
                each
                if each.source is None or PurePosixPath(each.source).is_absolute()
                else dataclasses.replace(each, source=str(PurePosixPath(directory, each.source)))
                for each in workload.files
            )
            workload = dataclasses.replace(workload, files=files)
        components[name] = dataclasses.replace(definition, workload=workload)
    return dataclasses.replace(application, components=components)
