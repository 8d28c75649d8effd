"""The page of an application, and deploying from it."""

import html
import re

import httpx
import pytest

from ripieno.control.errors import Held
from ripieno.ui import language
from tests.fake_control import FakeControl
from tests.ui_rig import ALICE, CSRF_TOKEN, VIEWER, Pages, register, words

DOCUMENT = """
name: brain-viewer
version: 1.2.0
title: Brain viewer
description: Browse a **parcellated** MRI.
tags: [mri, two words]
source: https://git.example.org/neuro/brain-viewer
parameters:
  required: [subject]
  properties:
    subject: {type: string, description: Which one}
    atlas: {type: string, enum: [aal, desikan], default: aal}
    memory_mib: {type: integer, minimum: 64, maximum: 4096, default: 256, title: Memory}
    dark: {type: boolean, default: false}
configurations:
  large:
    title: Large volumes
    description: For more than 1 GiB.
    parameters: {memory_mib: 4096}
    resources: {cpus: 4, memory_mib: 8192}
components:
  viewer:
    type: service
    command: [python3, -m, http.server, "${port}"]
    tcp_ports: {http: auto}
"""


@pytest.fixture
def control() -> FakeControl:
    found = FakeControl()
    register(found, DOCUMENT)
    return found


@pytest.fixture
def pages(control: FakeControl) -> Pages:
    return Pages(control)


def value(page: httpx.Response, name: str) -> str:
    found = re.search(f'<input[^>]* name="{re.escape(name)}"[^>]* value="([^"]*)"', page.text)
    assert found is not None, name
    return html.unescape(found[1])


def command(page: httpx.Response) -> str:
    found = re.search(r'class="copyable"><code>(.*?)</code>', page.text)
    assert found is not None
    return html.unescape(found[1])


async def test_the_page_says_what_the_application_is(pages: Pages) -> None:
    page = await pages.get("/applications/brain-viewer")
    assert "<strong>parcellated</strong>" in page.text
    assert 'href="https://git.example.org/neuro/brain-viewer"' in page.text
    assert 'href="/?tag=two%20words"' in page.text
    assert "1.2.0" in words(page.text)


async def test_an_application_that_is_not_there_is_a_page_that_says_so(pages: Pages) -> None:
    page = await pages.get("/applications/none")
    assert page.status_code == 404
    assert "There is no such thing" in words(page.text)


async def test_the_form_shows_the_defaults_and_finds_no_fault_yet(pages: Pages) -> None:
    page = await pages.get("/applications/brain-viewer")
    assert value(page, "set.memory_mib") == "256"
    assert value(page, "set.subject") == ""
    assert value(page, "name") == "brain-viewer"
    assert value(page, "csrf_token") == CSRF_TOKEN
    assert 'type="range" min="64" max="4096" step="1"' in page.text
    assert "This is needed" not in page.text
    assert 'aria-invalid="true"' not in page.text
    assert command(page) == "ripieno deploy brain-viewer"


async def test_a_link_fills_the_form_in_and_deploys_nothing(
    control: FakeControl, pages: Pages
) -> None:
    page = await pages.get(
        "/applications/brain-viewer?launch&set.subject=it%27s+me&set.memory_mib=9999&set.gone=1"
    )
    assert value(page, "set.subject") == "it's me"
    assert "Give a whole number from 64 to 4096." in page.text
    expected = "ripieno deploy brain-viewer --set 'subject=it'\"'\"'s me' --set memory_mib=9999"
    assert command(page) == expected
    assert control.names == {}


async def test_what_the_form_stands_for_follows_it(pages: Pages) -> None:
    told = await pages.post(
        "/applications/brain-viewer/told",
        {"name": "mine", "set.subject": "sub-1", "set.memory_mib": "512", "set.dark": "true"},
        htmx=True,
    )
    said = "--name mine --set subject=sub-1 --set memory_mib=512 --set dark=true"
    assert command(told) == f"ripieno deploy brain-viewer {said}"
    link = "?launch&amp;set.subject=sub-1&amp;set.memory_mib=512&amp;set.dark=true"
    assert f'href="/applications/brain-viewer{link}"' in told.text
    assert "Predicted to be up after 0 ms." in words(told.text)


async def test_what_is_wrong_is_said_beside_its_field_as_one_types(pages: Pages) -> None:
    told = await pages.post(
        "/applications/brain-viewer/told", {"set.memory_mib": "1", "set.subject": ""}, htmx=True
    )
    errors = dict(re.findall(r'<p class="error" id="p-(\w+)-error"[^>]*>(.*?)</p>', told.text))
    assert "Give a whole number from 64 to 4096." in errors["memory_mib"]
    assert errors["subject"] == ""  # Nobody has left it out yet.
    assert "once the fields are filled in" in told.text


async def test_what_cannot_be_planned_is_said_in_place_of_the_time(
    control: FakeControl, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await pages.get("/applications/brain-viewer")
    assert "Planning" in page.text

    async def refuse(*_: object) -> None:
        raise Held("no host has 4 cpus <b>")

    monkeypatch.setattr(control, "preview", refuse)
    told = await pages.post("/applications/brain-viewer/told", {"set.subject": "sub-1"}, htmx=True)
    assert told.status_code == 200
    assert "no host has 4 cpus &lt;b&gt;" in told.text


async def test_deploying_leads_to_the_deployment(control: FakeControl, pages: Pages) -> None:
    fields = {"name": "mine", "set.subject": "sub-1", "set.memory_mib": "512"}
    sent = await pages.post("/applications/brain-viewer/deploy", fields, htmx=True)
    assert sent.headers["hx-redirect"] == "/deployments/mine"
    assert control.names["mine"].owner == ALICE.user
    sent = await pages.post("/applications/brain-viewer/deploy", {**fields, "name": "other"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/deployments/other")


async def test_a_form_with_faults_comes_back_as_it_was_filled_in(
    control: FakeControl, pages: Pages
) -> None:
    fields = {"name": "mine", "set.subject": "", "set.memory_mib": "1"}
    part = await pages.post("/applications/brain-viewer/deploy", fields, htmx=True)
    assert part.status_code == 422
    assert part.text.lstrip().startswith("<form")
    assert value(part, "set.memory_mib") == "1"
    assert value(part, "name") == "mine"
    assert "This is needed." in part.text
    assert "Give a whole number from 64 to 4096." in part.text
    page = await pages.post("/applications/brain-viewer/deploy", fields)
    assert "<html" in page.text
    assert "This is needed." in page.text
    assert control.names == {}


async def test_a_name_in_use_is_said_beside_the_name(control: FakeControl, pages: Pages) -> None:
    await control.deploy_hello("mine")
    fields = {"name": "mine", "set.subject": "sub-1"}
    part = await pages.post("/applications/brain-viewer/deploy", fields, htmx=True)
    error = re.search(r'id="f-name-error">(.*?)</p>', part.text)
    assert error is not None
    assert "there is a deployment mine" in error[1]


async def test_another_refusal_is_said_above_the_fields(
    control: FakeControl, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise Held("the quota of alice is used up; stop a deployment")

    monkeypatch.setattr(control, "deploy", refuse)
    part = await pages.post(
        "/applications/brain-viewer/deploy", {"set.subject": "sub-1"}, htmx=True
    )
    assert re.search(r'role="alert".*the quota of alice is used up', part.text, re.DOTALL)


async def test_the_name_is_one_that_is_free(control: FakeControl, pages: Pages) -> None:
    for taken, following in (
        ("brain-viewer", "brain-viewer-alice"),
        ("brain-viewer-alice", "brain-viewer-alice-2"),
        ("brain-viewer-alice-2", "brain-viewer-alice-3"),
    ):
        await control.deploy_hello(taken)
        page = await pages.get("/applications/brain-viewer")
        assert value(page, "name") == following


async def test_a_configuration_fills_in_what_it_sets_and_keeps_the_rest(pages: Pages) -> None:
    fields = {
        "name": "mine",
        "set.subject": "sub-1",
        "set.memory_mib": "512",
        "set.dark": "true",
        "configuration": "large",
        "shown_configuration": "",
    }
    part = await pages.post("/applications/brain-viewer/form", fields, htmx=True)
    assert value(part, "set.memory_mib") == "4096"
    assert value(part, "set.subject") == "sub-1"
    assert value(part, "shown_configuration") == "large"
    assert "For more than 1 GiB." in words(part.text)
    assert "4 cpu 8 GiB" in words(part.text)
    said = "--configuration large --set subject=sub-1 --set dark=true"
    assert command(part) == f"ripieno deploy brain-viewer --name mine {said}"
    back = {**fields, "set.memory_mib": "4096", "configuration": "", "shown_configuration": "large"}
    part = await pages.post("/applications/brain-viewer/form", back, htmx=True)
    assert value(part, "set.memory_mib") == "256"


async def test_who_may_not_deploy_sees_the_form_and_no_button(control: FakeControl) -> None:
    pages = Pages(control, VIEWER)
    page = await pages.get("/applications/brain-viewer")
    assert "Ask an administrator for the role of a deployer" in page.text
    assert '<button class="button primary">' not in page.text
    refused = await pages.post(
        "/applications/brain-viewer/deploy", {"set.subject": "sub-1"}, htmx=True
    )
    assert refused.status_code == 403


async def test_the_page_is_there_in_french(pages: Pages) -> None:
    page = await pages.get("/applications/brain-viewer", Accept_Language="fr")
    french = language.languages()["fr"]
    for text in ("Deploy", "Name of the deployment", "Facts", "Skip to the content"):
        assert french.gettext(text) in page.text
        assert text not in words(page.text) or french.gettext(text) == text
