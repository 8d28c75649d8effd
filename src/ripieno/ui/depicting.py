"""Pictures that were chosen in a form, named in a document: its other lines stay as they are.

Called by the editor. The document is somebody's text, with comments of theirs, so that it is
changed as a text; what came out is read again, and refused where it does not say what it should.
"""

import json
import re
from collections.abc import Sequence

from ripieno.control.errors import InvalidRequest
from ripieno.model import reading_applications
from ripieno.model.errors import ModelError
from ripieno.model.presentation import Picture

SCREENSHOTS = "screenshots"
"""The folder that screenshots are put into."""

_ICON = re.compile(r"^icon[ \t]*:.*\n?", re.MULTILINE)
_SCREENSHOTS = re.compile(r"^screenshots[ \t]*:.*\n(?:(?:[ \t-].*)?\n)*", re.MULTILINE)


def depicted(document: str, *, icon: str | None, screenshots: Sequence[str]) -> str:
    """The document with an icon (None: as it is) and with more screenshots, given by their paths.

    Raises: `InvalidRequest` if it cannot be changed; a `ModelError` if it cannot be read.
    """
    if icon is None and not screenshots:
        return document
    _, _, before = reading_applications.outline(document)
    known = {each.file for each in before.screenshots}
    wanted = (
        *before.screenshots,
        *(Picture(file=each) for each in screenshots if each not in known),
    )
    changed = document if document.endswith("\n") else f"{document}\n"
    if icon is not None:
        changed = f"{_ICON.sub('', changed)}icon: {json.dumps(icon)}\n"
    if wanted != before.screenshots:
        lines = "".join(f"  - {_written(each)}\n" for each in wanted)
        changed = f"{_SCREENSHOTS.sub('', changed)}screenshots:\n{lines}"
    if not _says(changed, icon or before.icon, wanted):
        raise InvalidRequest(
            "the pictures cannot be named in this document by themselves; write icon: and "
            "screenshots: into it, and add them as files"
        )
    return changed


def _says(document: str, icon: str, screenshots: Sequence[Picture]) -> bool:
    try:
        _, _, found = reading_applications.outline(document)
    except ModelError:
        return False
    return (found.icon, found.screenshots) == (icon, screenshots)


def _written(picture: Picture) -> str:
    if not picture.title:
        return json.dumps(picture.file, ensure_ascii=False)
    said = {"file": picture.file, "title": picture.title}
    return json.dumps(said, ensure_ascii=False)
