"""Pictures named in documents: what else is written there stays as it is."""

import pytest

from ripieno.control.errors import InvalidRequest
from ripieno.model import reading_applications
from ripieno.model.presentation import Picture
from ripieno.ui.depicting import depicted

HEAD = "name: viewer\nversion: 1.0.0 # mine\n"
TAIL = "components:\n  web: {type: service, command: [a]}\n"


def presented(document: str) -> tuple[str, tuple[Picture, ...]]:
    _, _, found = reading_applications.outline(document)
    return found.icon, found.screenshots


def test_nothing_chosen_changes_nothing() -> None:
    assert depicted("{ nonsense", icon=None, screenshots=()) == "{ nonsense"


@pytest.mark.parametrize(
    "before",
    [
        "",
        "icon: old.png\n",
        "screenshots: [a.png]\n",
        "screenshots:\n- a.png\n",
        "icon: 'old.png' # x\nscreenshots:\n  - {file: a.png, title: 'The first'}\n\n",
    ],
)
@pytest.mark.parametrize("end", [TAIL, TAIL.rstrip("\n")])
def test_pictures_are_added_and_the_rest_stays(before: str, end: str) -> None:
    document = depicted(HEAD + before + end, icon="a b#c.svg", screenshots=["a.png", "é.png"])
    assert document.startswith(HEAD) and TAIL in document
    icon, screenshots = presented(document)
    assert icon == "a b#c.svg"
    assert [each.file for each in screenshots] == ["a.png", "é.png"]
    assert any(each.title for each in screenshots) == ("title" in before)


def test_an_icon_alone_leaves_the_screenshots() -> None:
    document = HEAD + "screenshots:\n  # the first\n  - a.png\n" + TAIL
    assert "# the first" in depicted(document, icon="i.png", screenshots=())
    assert "# the first" in depicted(document, icon=None, screenshots=["a.png"])


def test_a_document_on_one_line_says_what_to_do() -> None:
    document = '{"name": "viewer", "version": "1.0.0", "icon": "a.png", "components": {}}'
    with pytest.raises(InvalidRequest, match="write icon: and screenshots: into it"):
        depicted(document, icon="b.png", screenshots=())
