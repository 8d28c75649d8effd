"""The web UI over a control in memory, asked as a browser asks: without one, and with one.

`Pages` is for tests of what a page says: fast, no browser. `browsing` is for what only a browser
does: a real server on loopback and Debian's Chromium, at the widths that the pages are made for.
"""

import asyncio
import contextlib
import html.parser
import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    async_playwright,
    expect,
)
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from ripieno.api.app import create_app
from ripieno.api.problems import problem_of
from ripieno.control.gate import Gate
from ripieno.control.use_cases import UseCases
from ripieno.model.access import Caller, Role
from ripieno.store.registered import VersionRecord
from ripieno.ui.site import Site
from tests.fake_control import FakeControl
from tests.serving import serving

CHROMIUM = "/usr/bin/chromium"
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM
"""The same engine in a program without windows, which takes a third of the processor's time.

It knows of no settings for cookies, though.
"""
CSRF_TOKEN = "csrf-token-of-the-tests"
AXE = Path(__file__).parent / "fixtures" / "axe-core-4.10.3" / "axe.min.js"
WIDTHS = (1280, 390)
PATIENCE_MS = 60_000
HEIGHT = 900

ALICE = Caller(user="alice", role=Role.DEPLOYER, groups=frozenset({"neuro"}), via="session")
PAULA = Caller(user="paula", role=Role.PUBLISHER, via="session")
ADMIN = Caller(user="admin", role=Role.ADMIN, via="session")
VIEWER = Caller(user="victor", role=Role.VIEWER, via="session")


expect.set_options(timeout=PATIENCE_MS)


class SignedIn:
    """Stands for signing in: every request is of one caller, or of nobody (None)."""

    def __init__(self, app: ASGIApp, control: UseCases, caller: Caller | None) -> None:
        self._app = app
        self._control = control
        self._caller = caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._caller is not None:
            state = scope.setdefault("state", {})
            state["gate"] = Gate(self._control, self._caller)
            state["csrf_token"] = CSRF_TOKEN
        await self._app(scope, receive, send)


def app_for(
    control: UseCases, caller: Caller | None = ALICE, *, frames: Sequence[str] = ()
) -> FastAPI:
    """The whole HTTP side of a server, in which everybody is `caller`."""
    middleware = [Middleware(SignedIn, control=control, caller=caller)]
    site = Site(problem_of, middleware=middleware, frames=frames)
    app = create_app(control, site=site)
    app.state.site = site
    return app


def register(control: FakeControl, document: str) -> VersionRecord:
    """Let there be an application, as its document says."""
    return control.keep(document)


class Pages:
    """Asks for pages in the same process."""

    def __init__(self, control: FakeControl, caller: Caller | None = ALICE) -> None:
        self.control = control
        transport = httpx.ASGITransport(app=app_for(control, caller), raise_app_exceptions=True)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://ripieno.test")

    async def get(self, address: str, **headers: str) -> httpx.Response:
        """A page, as a link leads to it."""
        return await self.client.get(address, headers=_named(headers))

    async def part(self, address: str, **headers: str) -> httpx.Response:
        """A part of a page, as htmx asks for it."""
        return await self.client.get(address, headers={"HX-Request": "true", **_named(headers)})

    async def post(
        self, address: str, fields: Mapping[str, Any] | None = None, *, htmx: bool = False
    ) -> httpx.Response:
        """What a form sends, its token included."""
        headers = {"HX-Request": "true"} if htmx else {}
        return await self.client.post(
            address, data={"csrf_token": CSRF_TOKEN, **(fields or {})}, headers=headers
        )


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def words(page: str) -> str:
    """What a page says, without its tags, on one line."""
    bare = re.sub(r"<(script|style|template)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", bare).split())


PAYLOADS = (
    '"><img src=x onerror=alert(1)>',
    "'><script>alert(1)</script>",
    "</textarea></title></script><svg onload=alert(1)>",
    "javascript:alert(1)//x",
    '" onmouseover="alert(1)" x="',
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "[x](javascript:alert(1)) <a href='javascript:alert(1)'>x</a>",
)
"""Texts that run a script wherever they are taken for anything but a text."""


def intruders(page: str) -> list[str]:
    """What in a page would run although no page of ours has it: scripts, handlers, addresses."""
    reader = _Intruders()
    reader.feed(page)
    reader.close()
    return reader.found


class _Intruders(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        address = given.get("href") or given.get("src") or given.get("action") or ""
        runs = any(name.startswith("on") or name in ("style", "srcdoc") for name in given)
        leads = re.match(r"\s*(javascript|vbscript|data):", address, re.IGNORECASE)
        is_ours = tag != "script" or given.get("src", "").startswith("/static/")
        if runs or leads or not is_ours or tag in ("iframe", "object", "embed", "base", "style"):
            self.found.append(self.get_starttag_text() or tag)


async def overflow(page: Page) -> int:
    """By how many pixels a page is wider than the window."""
    found = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return int(found)


async def barriers(page: Page) -> list[str]:
    """What keeps people from using a page, as axe-core finds it: the rule and the first element."""
    await page.evaluate(AXE.read_text())
    found: list[str] = await page.evaluate(
        """async () => (await axe.run(document, {
            iframes: false,
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
          })).violations.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 200)}`)"""
    )
    return found


async def unnamed(page: Page) -> list[str]:
    """The controls of a page that have no name for a screen reader."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll(
            "a[href], button, summary, input:not([type=hidden]), select, textarea")]
          .filter((each) => !(each.ariaLabel || each.labels?.length || each.innerText?.trim()
            || each.textContent.trim()))
          .map((each) => each.outerHTML.slice(0, 200))"""
    )
    return found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's browser, which Playwright drives."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=HEADLESS, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def browsing(
    control: UseCases,
    *,
    browser: Browser | None = None,
    caller: Caller | None = ALICE,
    width: int = WIDTHS[0],
    dark: bool = False,
    locale: str = "en-GB",
    frames: Sequence[str] = (),
) -> AsyncIterator[BrowserContext]:
    """A browser before a server; its pages may use relative addresses.

    A module with several tests shares one `browser` (see `chromium`) on the event loop of the
    module. What the browser complains about in its console, or a script fails with, fails the test.
    """
    complaints: list[str] = []
    app = app_for(control, caller, frames=frames)
    shared = contextlib.nullcontext(browser) if browser is not None else chromium()
    async with serving(app) as url, shared as opened:
        context = await opened.new_context(
            base_url=url,
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            locale=locale,
            timezone_id="Europe/Paris",
            has_touch=width < 600,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: complaints.append(str(error.error)))

        def hear(said: ConsoleMessage) -> None:
            # A refusal is an answer as any other. And other tests lay cables to hosts, whereupon
            # the browser breaks off what is under way; a page opens its stream anew by itself.
            is_usual = any(each in said.text for each in ("status of 4", "ERR_NETWORK_CHANGED"))
            if said.type == "error" and not (is_usual and "/static/" not in said.location["url"]):
                complaints.append(said.text)

        context.on("console", hear)
        try:
            yield context
        finally:
            await context.close()
            app.state.site.close()
            await asyncio.sleep(0)
    assert not complaints, "\n".join(complaints)
