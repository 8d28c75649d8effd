"""The frame of all pages: who gets in, what the browser is told, what goes wrong."""

import json
import re

import httpx

from ripieno.control.errors import Held
from ripieno.store.registered import Found, Search
from ripieno.ui.headers import content_security_policy
from tests.fake_control import FakeControl
from tests.ui_rig import ADMIN, CSRF_TOKEN, Pages, words


async def test_a_stranger_is_sent_to_sign_in_and_back() -> None:
    pages = Pages(FakeControl(), caller=None)
    sent = await pages.get("/?q=brain&tag=mri")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=/%3Fq%3Dbrain%26tag%3Dmri"
    part = await pages.part("/?q=brain")
    assert part.headers["hx-redirect"] == "/sign-in"


async def test_every_page_says_what_the_browser_may_do() -> None:
    pages = Pages(FakeControl())
    for address in ("/", "/no-such-page", "/static/x/none.css"):
        headers = (await pages.get(address)).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


def test_frames_are_those_of_the_door() -> None:
    assert "frame-src 'none'" in content_security_policy()
    policy = content_security_policy(("http://*.localhost:8643", "http://localhost:8644"))
    assert "frame-src http://*.localhost:8643 http://localhost:8644;" in policy


async def test_pages_have_no_script_or_style_of_their_own() -> None:
    page = await Pages(FakeControl()).get("/")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page.text)


async def test_pages_are_kept_by_nobody() -> None:
    page = await Pages(FakeControl()).get("/")
    assert page.headers["cache-control"] == "no-store"


async def test_an_address_that_is_not_there_says_what_to_do() -> None:
    page = await Pages(FakeControl()).get("/no-such-page")
    assert page.status_code == 404
    assert "There is no such page" in words(page.text)
    assert "begin at the catalogue" in words(page.text)
    assert "openapi" not in words(page.text), "That is for programs."


async def test_the_api_answers_below_its_prefix_as_without_the_site() -> None:
    page = await Pages(FakeControl()).get("/api/v1/no-such-path")
    assert page.status_code == 401
    page = await Pages(FakeControl()).get(
        "/api/v1/no-such-path", Authorization="Bearer token-of-alice"
    )
    assert page.headers["content-type"] == "application/problem+json"


async def test_what_is_refused_becomes_a_page_or_a_toast() -> None:
    pages = Pages(_Failing(Held("r-1 holds it <b>; wait & see")))
    page = await pages.get("/")
    assert page.status_code == 409
    assert "Another change is going on" in words(page.text)
    assert "r-1 holds it &lt;b&gt;; wait &amp; see" in page.text
    part = await pages.part("/")
    assert part.text == ""
    assert part.headers["hx-reswap"] == "none"
    assert "r-1 holds it <b>; wait" in json.loads(part.headers["hx-trigger"])["toast"]["text"]


async def test_a_fault_is_told_by_its_number_only() -> None:
    page = await Pages(_Failing(RuntimeError("a secret of the server"))).get("/")
    assert page.status_code == 500
    assert "a secret" not in page.text
    assert re.search("incident [0-9a-f]{12}", page.text)


async def test_the_theme_and_the_language_are_remembered() -> None:
    pages = Pages(FakeControl())
    assert "data-theme" not in _root(await pages.get("/"))
    chosen = await pages.post("/preferences", {"theme": "dark", "back": "/?q=a"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/?q=a")
    assert 'data-theme="dark"' in _root(await pages.get("/"))
    await pages.post("/preferences", {"language": "fr", "back": "/"})
    page = await pages.get("/")
    assert 'lang="fr"' in _root(page)
    assert "Catalogue" in page.text


async def test_going_back_never_leads_elsewhere() -> None:
    pages = Pages(FakeControl())
    for back in ("https://evil.test/", "//evil.test", "/\\evil.test", "\\\\evil.test", "x", ""):
        location = (await pages.post("/preferences", {"back": back})).headers["location"]
        assert location == "/", back
    location = (await pages.post("/preferences", {"back": "///evil.test"})).headers["location"]
    assert not location.startswith("//")


async def test_the_language_of_the_browser_is_taken() -> None:
    pages = Pages(FakeControl())
    for header, code in (
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("de,en;q=0.5,fr;q=0.4", "en"),
        ("en;q=0.1, fr", "fr"),
        ("x;q=nonsense", "en"),
    ):
        page = await pages.get("/", Accept_Language=header)
        assert f'lang="{code}"' in _root(page), header


async def test_the_navigation_is_by_role_and_says_where_one_is() -> None:
    page = await Pages(FakeControl()).get("/")
    assert re.search(r'href="/" aria-current="page">\s*Catalogue', page.text)
    assert 'href="/admin"' not in page.text
    assert CSRF_TOKEN in page.text
    assert 'href="/admin"' in (await Pages(FakeControl(), caller=ADMIN).get("/")).text


class _Failing(FakeControl):
    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self._failure = failure

    async def search(self, search: Search) -> Found:
        raise self._failure


def _root(page: httpx.Response) -> str:
    found = re.search("<html[^>]*>", page.text)
    assert found is not None
    return found[0]
