"""Texts that strangers wrote, in every field that pages show: none of them runs."""

import json
from urllib.parse import quote

import pytest

from tests.fake_control import FakeControl
from tests.ui_rig import PAYLOADS, Pages, intruders, register


def document(payload: str) -> str:
    """An application with a text in every field that takes one."""
    text = payload
    return json.dumps(
        {
            "name": "trap",
            "version": "1.0.0",
            "title": text,
            "summary": text,
            "description": text,
            "category": text[:60],
            "tags": [text[:50]],
            "maintainers": [text],
            "licence": text,
            "source": f'https://source.test/{quote(text)}"x',
            "documentation": f"https://docs.test/{quote(text)}'x",
            "parameters": {
                "title": text,
                "description": text,
                "required": ["needed"],
                "properties": {
                    "needed": {"type": "string", "title": text, "description": text},
                    "text": {"type": "string", "default": text},
                    "long": {"type": "string", "default": text, "maxLength": 9999},
                    "choice": {"enum": [text, "other"], "default": text},
                    "list": {"type": "array", "default": [text]},
                    "number": {"type": "integer", "minimum": 1, "maximum": 3, "title": text},
                },
            },
            "configurations": {
                "trap": {
                    "title": text,
                    "description": text,
                    "parameters": {"text": text},
                    "components": {"web": {"args": [text], "env": {"A": text}}},
                }
            },
            "components": {
                "web": {
                    "type": "service",
                    "command": ["python3", "-m", "http.server", "${port}"],
                    "args": ["x"],
                    "tcp_ports": {"http": "auto"},
                }
            },
        }
    )


@pytest.mark.parametrize("payload", [each for each in PAYLOADS if "${" not in each])
async def test_no_text_of_an_application_runs(payload: str) -> None:
    control = FakeControl()
    register(control, document(payload))
    pages = Pages(control)
    fields = {"configuration": "trap", "shown_configuration": "", "set.needed": payload}
    for page in (
        await pages.get("/"),
        await pages.get("/applications/trap"),
        await pages.get("/applications/trap?configuration=trap"),
        await pages.post("/applications/trap/form", fields, htmx=True),
        await pages.post("/applications/trap/told", fields, htmx=True),
    ):
        assert page.status_code == 200
        assert intruders(page.text) == []


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_nothing_that_is_sent_runs_in_the_answer(payload: str) -> None:
    control = FakeControl()
    register(control, document("plain"))
    pages = Pages(control)
    fields = {"name": payload, "version": "", "set.needed": payload, "set.number": payload}
    for page in (
        await pages.client.get("/", params={"q": payload, "tag": payload, "category": payload}),
        await pages.client.get("/applications/trap", params={"launch": "", **fields}),
        await pages.client.get("/applications/trap", params={"version": payload}),
        await pages.client.get(f"/applications/{payload.replace('/', '')}"),
        await pages.client.get(f"/{payload.replace('/', '')}"),
        await pages.post("/applications/trap/told", fields),
        await pages.post("/applications/trap/deploy", fields),
        await pages.post("/preferences", {"theme": payload}),
    ):
        assert intruders(page.text) == []


def test_an_intruder_would_be_found() -> None:
    for page in (
        "<p onclick=x>",
        "<script>x</script>",
        "<a href=' JavaScript:x'>",
        "<base href=/>",
    ):
        assert intruders(page), page
    assert intruders('<script src="/static/a.js"></script><a href="/x">') == []
