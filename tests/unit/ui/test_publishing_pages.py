"""Publishing in the browser: the editor, files, versions, pictures."""

import re
from collections.abc import Sequence

import httpx
import pytest

from ripieno.store.registered import VersionState
from tests.fake_control import FakeControl
from tests.ui_rig import ALICE, CSRF_TOKEN, PAULA, Pages, words

DOCUMENT = """\
name: viewer
version: {version}
title: Viewer
icon: icon.svg
screenshots: [{{file: shots/one.png, title: The first}}]
components:
  web: {{type: service, command: [sleep, 100]}}
"""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
FILES = (("icon.svg", SVG), ("one.png", PNG))


@pytest.fixture
def pages() -> Pages:
    return Pages(FakeControl(), PAULA)


async def save(
    pages: Pages,
    document: str,
    *,
    action: str = "draft",
    files: Sequence[tuple[str, bytes]] = (),
    **fields: str | list[str],
) -> httpx.Response:
    """What the editor sends."""
    return await pages.client.post(
        "/publish",
        data={"csrf_token": CSRF_TOKEN, "document": document, "action": action, **fields},
        files=[("files", each) for each in files] or [("files", ("", b""))],
    )


async def published(pages: Pages, version: str = "1.0.0") -> None:
    """A version with its pictures, made in two steps, since they lie in two folders."""
    document = DOCUMENT.format(version=version)
    await save(pages, document, files=FILES[:1])
    kept = {"name": "viewer", "version": version, "kept": "icon.svg"}
    response = await save(
        pages, document, action="publish", files=FILES[1:], folder="shots", **kept
    )
    assert response.status_code == 303, words(response.text)


async def test_the_editor_begins_with_an_application_that_is_one(pages: Pages) -> None:
    page = await pages.get("/publish")
    assert "This is an application" in page.text
    assert "my-application" in page.text


async def test_only_publishers_get_the_editor() -> None:
    pages = Pages(FakeControl(), ALICE)
    assert (await pages.get("/publish")).status_code == 403
    assert (await save(pages, DOCUMENT)).status_code == 403
    assert (await pages.post("/publish/check", {"document": "x"})).status_code == 403


async def test_what_is_wrong_is_said_with_its_line(pages: Pages) -> None:
    document = "name: viewer\nversion: 1.0.0\ncomponents:\n  web: {type: servise, command: [x]}\n"
    part = await pages.post("/publish/check", {"document": document}, htmx=True)
    assert "Not an application yet" in part.text
    assert 'data-goes-to="4"' in part.text
    assert "servise" in part.text


async def test_missing_files_are_named_until_they_are_chosen(pages: Pages) -> None:
    fields = {"document": DOCUMENT.format(version="1.0.0")}
    part = await pages.post("/publish/check", fields, htmx=True)
    assert "missing: icon.svg shots/one.png" in words(part.text)
    part = await pages.post(
        "/publish/check", {**fields, "chosen": ["icon.svg", "shots/one.png"]}, htmx=True
    )
    assert "missing" not in words(part.text)


async def test_a_draft_is_saved_with_gaps_and_published_without(pages: Pages) -> None:
    document = DOCUMENT.format(version="1.0.0")
    saved = await save(pages, document)
    assert saved.headers["location"] == "/applications/viewer?version=1.0.0"
    page = await pages.get(saved.headers["location"])
    assert "This draft cannot be deployed yet" in words(page.text)
    assert 'action="/applications/viewer/publish"' not in page.text
    await published(pages)
    page = await pages.get("/applications/viewer")
    assert 'data-state="draft"' not in page.text
    assert "ripieno deploy viewer" in page.text


async def test_a_document_that_is_none_comes_back_with_the_reason(pages: Pages) -> None:
    part = await save(pages, "name: [", action="publish")
    assert part.status_code == 422
    assert "name: [" in part.text
    assert 'role="alert"' in part.text


async def test_a_published_version_stays_as_it_is(pages: Pages) -> None:
    await published(pages)
    changed = DOCUMENT.format(version="1.0.0").replace("Viewer", "Other")
    response = await save(
        pages, changed, action="publish", name="viewer", version="1.0.0", kept="icon.svg"
    )
    assert response.status_code in (409, 422)
    page = await pages.get("/applications/viewer/edit?version=1.0.0")
    assert "1.0.0 is published and stays as it is" in words(page.text)


async def test_the_editor_takes_files_that_are_larger_than_other_requests(pages: Pages) -> None:
    large = DOCUMENT.format(version="1.0.0").partition("icon")[0] + (
        "components:\n  web: {type: service, command: [x], files: [{source: a, target: a}]}\n"
    )
    saved = await save(pages, large, files=[("a", b"x" * 3_000_000)])
    assert saved.status_code == 303, words(saved.text)
    refused = await pages.post("/publish/check", {"document": "x" * 3_000_000})
    assert refused.status_code == 413
    assert "That is too large" in words(refused.text)
    assert "make the document smaller" in words(refused.text)


async def test_files_that_are_taken_out_are_gone(pages: Pages) -> None:
    await published(pages)
    page = await pages.get("/applications/viewer/edit?version=1.0.0")
    assert re.findall('name="kept" value="([^"]*)" checked', page.text) == [
        "icon.svg",
        "shots/one.png",
    ]
    document = DOCUMENT.format(version="1.1.0").replace("icon: icon.svg\n", "")
    saved = await save(
        pages, document, action="publish", name="viewer", version="1.0.0", kept="shots/one.png"
    )
    assert saved.status_code == 303
    found = await pages.control.registered("viewer", "1.1.0")
    assert list(found.version.files) == ["shots/one.png"]


@pytest.mark.parametrize("path", ["../icon.svg", "/etc/passwd", "a/../../b", "x:y", "a//b"])
async def test_files_cannot_lead_out_of_the_folder(pages: Pages, path: str) -> None:
    response = await save(
        pages, DOCUMENT.format(version="1.0.0"), files=[(path, b"x")], folder="sub"
    )
    assert response.status_code == 422
    assert "is no path of a file" in response.text


async def test_versions_are_withdrawn_and_brought_back(pages: Pages) -> None:
    await published(pages)
    fields = {"version": "1.0.0", "because": "It <b>lies</b>"}
    sent = await pages.post("/applications/viewer/yank", fields)
    page = await pages.get(sent.headers["location"])
    assert "This version is withdrawn." in page.text
    assert "It &lt;b&gt;lies&lt;/b&gt;" in page.text
    assert (await pages.post("/applications/viewer/yank", {"version": "1.0.0"})).status_code == 422
    await pages.post("/applications/viewer/unyank", {"version": "1.0.0"})
    found = await pages.control.registered("viewer", None)
    assert found.version.state is VersionState.PUBLISHED


async def test_a_draft_is_published_or_discarded_from_the_list(pages: Pages) -> None:
    begin, _, rest = DOCUMENT.partition("icon")
    document = begin + rest[rest.index("components") :]
    await save(pages, document.format(version="1.0.0"))
    sent = await pages.post("/applications/viewer/publish", {"version": "1.0.0"})
    assert sent.headers["location"] == "/applications/viewer?version=1.0.0"
    await save(pages, document.format(version="2.0.0"))
    sent = await pages.post("/applications/viewer/discard", {"version": "2.0.0"})
    assert sent.headers["location"] == "/applications/viewer"
    await save(pages, document.format(version="1.0.0").replace("name: viewer", "name: other"))
    sent = await pages.post("/applications/other/discard", {"version": "1.0.0"})
    assert sent.headers["location"] == "/"


async def test_the_owner_says_who_may_see_it(pages: Pages) -> None:
    await published(pages)
    page = await pages.get("/applications/viewer")
    assert 'name="visibility" type="text" value="everyone"' in page.text
    sent = await pages.post("/applications/viewer/share", {"visibility": "user:bob, group:neuro"})
    assert sent.headers["location"] == "/applications/viewer"
    entry = (await pages.control.registered("viewer", None)).entry
    assert entry.visibility == ("user:bob", "group:neuro")
    wrong = await pages.post("/applications/viewer/share", {"visibility": "bob"})
    assert wrong.status_code == 422
    others = Pages(pages.control, ALICE)  # She is of the group.
    assert "/share" not in (await others.get("/applications/viewer")).text
    refused = await others.post("/applications/viewer/share", {"visibility": "everyone"})
    assert refused.status_code == 403


async def test_pictures_are_sent_so_that_they_run_nothing(pages: Pages) -> None:
    await published(pages)
    page = await pages.get("/")
    icon = re.search('<img class="face" src="([^"]*)"', page.text)
    assert icon is not None
    found = await pages.get(icon[1])
    assert found.content == SVG
    assert found.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in found.headers["content-security-policy"]
    assert "immutable" in found.headers["cache-control"]
    page = await pages.get("/applications/viewer")
    shot = await pages.get("/applications/viewer/pictures/1.0.0/shots/one.png")
    assert 'src="/applications/viewer/pictures/1.0.0/shots/one.png"' in page.text
    assert (shot.headers["content-type"], shot.content) == ("image/png", PNG)
    assert shot.headers["x-content-type-options"] == "nosniff"


async def test_files_that_are_no_pictures_are_not_sent(pages: Pages) -> None:
    await published(pages)
    for path in ("none.png", "application.yaml", "%2e%2e/icon.svg"):
        found = await pages.get(f"/applications/viewer/pictures/1.0.0/{path}")
        assert found.status_code == 404, path


async def test_who_may_not_edit_sees_no_way_to(pages: Pages) -> None:
    await published(pages)
    others = Pages(pages.control, ALICE)
    page = await others.get("/applications/viewer")
    for text in ("/edit", "/yank", "/unyank", "/discard"):
        assert text not in page.text
    await save(pages, DOCUMENT.format(version="2.0.0"))
    for action, version, status in (
        ("yank", "1.0.0", 403),
        ("unyank", "1.0.0", 403),
        ("publish", "2.0.0", 403),
        ("discard", "2.0.0", 404),  # They are not told that there is a draft.
    ):
        fields = {"version": version, "because": "x"}
        refused = await others.post(f"/applications/viewer/{action}", fields)
        assert refused.status_code == status, action
    assert (await others.get("/applications/viewer/edit?version=1.0.0")).status_code == 403


async def test_pictures_that_are_chosen_are_named_in_the_document(pages: Pages) -> None:
    document = (
        "name: viewer # mine\nversion: 1.0.0\ncomponents:\n  web: {type: service, command: [a]}"
    )
    response = await pages.client.post(
        "/publish",
        data={"csrf_token": CSRF_TOKEN, "document": document, "action": "draft"},
        files=[
            ("icon", ("face.svg", SVG)),
            ("screenshots", ("one.png", PNG)),
            ("screenshots", ("two.png", PNG)),
        ],
    )
    assert response.status_code == 303
    page = (await pages.get(response.headers["location"])).text
    for picture in ("face.svg", "screenshots/one.png", "screenshots/two.png"):
        shown = await pages.get(f"/applications/viewer/pictures/1.0.0/{picture}")
        assert shown.status_code == 200 and picture in page
    assert "name: viewer # mine" in (await pages.get("/applications/viewer/edit")).text


@pytest.mark.parametrize("field", ["icon", "screenshots"])
async def test_what_is_no_picture_is_refused_with_the_document_kept(
    pages: Pages, field: str
) -> None:
    response = await pages.client.post(
        "/publish",
        data={"csrf_token": CSRF_TOKEN, "document": "name: viewer", "action": "draft"},
        files=[(field, ("a.png", b"<html>"))],
    )
    assert response.status_code == 422
    assert "is no picture that a browser shows" in words(response.text)
    assert "name: viewer" in response.text
