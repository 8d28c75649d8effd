"""Texts and pictures of applications, which strangers made, as the API gives them: as data only."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from ripieno.api.app import create_app
from ripieno.model.bundle import Bundle, BundledFile
from ripieno.wire import archive
from tests.fake_control import TOKEN, FakeControl
from tests.ui_rig import PAYLOADS

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'

DATA = ("application/json", "application/problem+json")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(FakeControl()))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as found:
        yield found


def bundle(text: str) -> Bundle:
    """An application with a text wherever one is taken, and a picture that would like to run."""
    document = {
        "name": "trap",
        "version": "1.0.0",
        "title": text,
        "summary": text,
        "description": text,
        "category": text[:60],
        "tags": [text[:50]],
        "maintainers": [text],
        "licence": text,
        "icon": "icon.svg",
        "screenshots": [{"file": "icon.svg", "title": text}],
        "components": {"web": {"type": "service", "command": ["serve", text.replace("${", "")]}},
    }
    return Bundle(document=json.dumps(document), files={"icon.svg": BundledFile(content=SVG)})


async def test_texts_are_given_as_data_and_pictures_are_shut_in(http: httpx.AsyncClient) -> None:
    for number, text in enumerate(PAYLOADS):
        packed = archive.pack(bundle(text))
        made = await http.post(
            "/api/v1/applications/archive",
            content=packed,
            headers={"Content-Type": archive.MEDIA_TYPE},
        )
        assert made.status_code == 201, made.text
        one = "/api/v1/applications/trap"
        for path in (one, f"{one}/versions", "/api/v1/applications?q=trap", f"{one}/{text[:9]}"):
            answer = await http.get(path)
            assert answer.headers["content-type"].partition(";")[0] in DATA, path
            assert answer.headers["x-content-type-options"] == "nosniff"
        shown = (await http.get(one)).json()
        assert shown["presentation"]["title"] == text
        for path in (f"{one}/icon", f"{one}/versions/1.0.0/pictures/icon.svg"):
            picture = await http.get(path)
            assert picture.headers["content-type"] == "image/svg+xml"
            assert picture.headers["content-security-policy"].startswith("sandbox; default-src")
            assert picture.headers["x-content-type-options"] == "nosniff"
        kept = await http.get(f"{one}/versions/1.0.0/archive")
        assert kept.headers["content-disposition"].startswith("attachment;"), number
        assert (await http.delete(one)).status_code == 204


@pytest.mark.parametrize(
    "content", [b"<html><script>alert(1)</script>", b"GIF89a<script>", b"<!--<svg ", b""]
)
async def test_what_is_no_picture_is_not_kept_as_one(
    http: httpx.AsyncClient, content: bytes
) -> None:
    found = bundle("plain")
    packed = archive.pack(
        Bundle(document=found.document, files={"icon.svg": BundledFile(content=content)})
    )
    refused = await http.post(
        "/api/v1/applications/archive",
        content=packed,
        headers={"Content-Type": archive.MEDIA_TYPE},
    )
    assert refused.status_code == 422
    assert (await http.get("/api/v1/applications/trap")).status_code == 404
