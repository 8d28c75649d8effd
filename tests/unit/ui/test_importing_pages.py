"""Beginning an application with what others wrote."""

import json

import pytest

from tests.fake_control import FakeControl
from tests.ui_rig import ALICE, CSRF_TOKEN, PAULA, Pages, intruders, words

DESCRIPTOR = {
    "name": "Skull stripping",
    "tool-version": "2.1.0",
    "schema-version": "0.5",
    "description": "Takes the skull off <b>",
    "command-line": "bet [IN] [OUT]",
    "inputs": [{"id": "volume", "name": "Volume", "type": "String", "value-key": "[IN]"}],
    "output-files": [{"id": "o", "name": "O", "path-template": "out.nii", "value-key": "[OUT]"}],
}


@pytest.fixture
def pages() -> Pages:
    return Pages(FakeControl(), PAULA)


async def test_a_descriptor_becomes_a_draft_in_the_editor(pages: Pages) -> None:
    page = await pages.post("/publish/import/boutiques", {"text": json.dumps(DESCRIPTOR)})
    assert page.status_code == 200
    assert "name: skull-stripping" in page.text
    assert "This is an application" in page.text
    assert "Found" in words(page.text)
    assert intruders(page.text) == []


async def test_a_compose_file_comes_with_its_variables(pages: Pages) -> None:
    compose = "services:\n  web: {image: 'nginx:1.27', environment: {WHO: \"${WHO}\"}}\n"
    page = await pages.client.post(
        "/publish/import/compose",
        data={"csrf_token": CSRF_TOKEN, "text": ""},
        files=[
            ("file", ("compose.yaml", compose.encode())),
            ("others", (".env", b"WHO=the variable of a file\n")),
        ],
    )
    assert "name: composed" in page.text
    assert "nginx:1.27" in page.text
    assert "the variable of a file" in page.text


async def test_a_descriptor_may_be_a_file(pages: Pages) -> None:
    page = await pages.client.post(
        "/publish/import/boutiques",
        data={"csrf_token": CSRF_TOKEN, "text": ""},
        files={"file": ("bet.json", json.dumps(DESCRIPTOR).encode())},
    )
    assert "name: skull-stripping" in page.text


async def test_an_image_becomes_a_draft_or_says_why_not(pages: Pages) -> None:
    page = await pages.post("/publish/import/image", {"text": " registry.test/neuro/viewer:1.2 "})
    assert page.status_code == 200
    assert "registry.test/neuro/viewer:1.2" in page.text
    assert "This is an application" in page.text
    page = await pages.post("/publish/import/image", {"text": "<b>no image</b>"})
    assert page.status_code == 422
    assert "&lt;b&gt;no image" in page.text
    assert 'role="alert"' in page.text


async def test_what_is_no_descriptor_comes_back_with_the_reason(pages: Pages) -> None:
    page = await pages.post("/publish/import/boutiques", {"text": "{ <script> "})
    assert page.status_code == 422
    assert "line 1: not JSON" in page.text
    assert "{ &lt;script&gt; " in page.text
    assert (await pages.post("/publish/import/nonsense", {"text": "x"})).status_code == 422


async def test_what_is_missing_is_told_in_the_language_of_the_visitor(pages: Pages) -> None:
    text = 'services: {web: {image: "nginx:1", environment: {DB_PASSWORD: "${DB_PASSWORD:?}"}}}'
    page = await pages.client.post(
        "/publish/import/compose",
        data={"csrf_token": CSRF_TOKEN, "text": text},
        headers={"Accept-Language": "fr"},
    )
    assert "le secret db-password, pour web.DB_PASSWORD ; fixez-le" in words(page.text)


@pytest.mark.parametrize("kind", ["compose", "boutiques"])
async def test_who_has_chosen_no_file_is_told_so(pages: Pages, kind: str) -> None:
    page = await pages.post(f"/publish/import/{kind}", {"text": " "})
    assert page.status_code == 422
    assert "there is nothing to import; choose a file" in words(page.text)


async def test_a_file_that_is_too_large_has_a_page_that_says_so(pages: Pages) -> None:
    page = await pages.client.post(
        "/publish/import/compose",
        data={"csrf_token": CSRF_TOKEN, "text": ""},
        files={"file": ("compose.yaml", b"x" * 3_000_000)},
    )
    assert page.status_code == 413
    assert "That is too large" in words(page.text)


async def test_only_publishers_import() -> None:
    pages = Pages(FakeControl(), ALICE)
    assert (await pages.get("/publish/import")).status_code == 403
    assert (await pages.post("/publish/import/boutiques", {"text": "x"})).status_code == 403
