"""The catalogue: searched, narrowed, paged, and empty."""

import html
import re

import httpx
import pytest

from ripieno.ui.pages import catalogue
from tests.fake_control import FakeControl
from tests.ui_rig import ALICE, PAULA, Pages, words

DOCUMENT = """
name: {name}
version: 1.0.0
title: {title}
summary: {summary}
category: {category}
tags: [{tags}]
components:
  web: {{type: service, command: [sleep, 100]}}
"""


def keep(control: FakeControl, name: str, *, is_draft: bool = False, **said: str) -> None:
    known = {"title": name.title(), "summary": "", "category": "Imaging", "tags": "mri", **said}
    control.keep(DOCUMENT.format(name=name, **known), owner="paula", is_draft=is_draft)


@pytest.fixture
def control() -> FakeControl:
    found = FakeControl()
    keep(found, "brain-atlas", tags="mri, atlas", summary="Regions of a brain")
    keep(found, "hawkes", category="Simulation", tags="bokeh")
    keep(found, "tractography", tags="mri")
    return found


def names(page: httpx.Response) -> list[str]:
    return re.findall('id="a-([^"]*)"', page.text)


def chosen(page: httpx.Response) -> list[str]:
    return re.findall('<input type="checkbox"[^>]* value="([^"]*)" checked>', page.text)


async def test_the_catalogue_shows_what_there_is(control: FakeControl) -> None:
    page = await Pages(control).get("/")
    assert names(page) == ["brain-atlas", "hawkes", "tractography"]
    assert "3 applications" in words(page.text)
    assert "Regions of a brain" in page.text
    assert "Imaging 2 Simulation 1" in words(page.text)


async def test_a_search_is_a_part_of_the_page_for_htmx_and_a_page_for_others(
    control: FakeControl,
) -> None:
    pages = Pages(control)
    part = await pages.part("/?q=brai")
    assert names(part) == ["brain-atlas"]
    assert "<html" not in part.text
    assert "1 application found" in words(part.text)
    page = await pages.get("/?q=brai")
    assert names(page) == ["brain-atlas"]
    assert 'name="q" value="brai"' in page.text


async def test_facets_narrow_together_and_stay_chosen(control: FakeControl) -> None:
    pages = Pages(control)
    page = await pages.get("/?category=Imaging&tag=mri&tag=atlas")
    assert names(page) == ["brain-atlas"]
    assert chosen(page) == ["Imaging", "mri", "atlas"]
    page = await pages.get("/?tag=none")
    assert names(page) == []
    assert chosen(page) == ["none"]  # So that it can be taken out again.
    assert "Nothing fits this search" in page.text


async def test_pages_of_a_search_keep_the_search(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "PAGE", 1)
    pages = Pages(control)
    page = await pages.get("/?tag=mri")
    assert names(page) == ["brain-atlas"]
    following = re.search('rel="next" href="([^"]*)"', page.text)
    assert following is not None
    page = await pages.get(html.unescape(following[1]))
    assert names(page) == ["tractography"]
    assert chosen(page) == ["mri"]
    assert 'rel="start" href="/?tag=mri"' in page.text
    assert 'rel="next"' not in page.text


async def test_an_address_that_makes_no_sense_is_no_fault(control: FakeControl) -> None:
    pages = Pages(control)
    for address in ("/?q=%00%22*%27--&tag=&category=", "/?q=" + "x" * 5000, "/?tag=a" * 50):
        assert (await pages.get(address)).status_code == 200, address
    assert (await pages.get("/?q=a&after=nonsense")).status_code == 422


async def test_an_empty_catalogue_says_who_can_fill_it() -> None:
    control = FakeControl()
    assert "Somebody who may publish" in (await Pages(control, ALICE).get("/")).text
    page = await Pages(control, PAULA).get("/")
    assert "Publish the first one." in page.text
    assert 'href="/publish"' in page.text


async def test_publishers_find_their_drafts(control: FakeControl) -> None:
    keep(control, "unfinished", is_draft=True)
    pages = Pages(control, PAULA)
    assert "unfinished" not in names(await pages.get("/"))
    page = await pages.get("/?mine=1")
    assert "unfinished" in names(page)
    assert 'data-state="draft"' in page.text
    assert "Those I may edit" not in (await Pages(control, ALICE).get("/")).text


async def test_applications_of_others_are_not_shown() -> None:
    control = FakeControl()
    keep(control, "secret")
    await control.share("secret", owner=None, visibility=("group:chem",), caller="paula")
    assert names(await Pages(control, ALICE).get("/")) == []
    assert (await Pages(control, ALICE).get("/applications/secret")).status_code in (403, 404)
    assert names(await Pages(control, PAULA).get("/")) == ["secret"]
