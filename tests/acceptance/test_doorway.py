"""Real front ends in a real browser, behind the door: by host and by prefix, in tabs and frames.

The browser takes no cookies of third parties, as most do by now. There is one server with one door,
and every front end in each mode of a route is a component of one deployment.
"""

import contextlib
import itertools
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import (
    BrowserContext,
    FrameLocator,
    Page,
    Response,
    async_playwright,
    expect,
)

from ripieno.model.route import Mode
from ripieno.testing.doors import DoorRig, open_door
from tests.ui_rig import CHROMIUM

FRONTENDS = Path(__file__).parents[1] / "fixtures" / "frontends"
PATIENCE_MS = 60_000

BUILDS = {"react": "absolute_static", "vue": "base_href"}


def document() -> str:
    """Each front end in each mode."""
    components, routes = [], []
    for name, folder in BUILDS.items():
        files = FRONTENDS / folder / "dist"
        for mode in Mode:
            components.append(f"""
  {name}-{mode}:
    type: service
    command: ['{sys.executable}', '{FRONTENDS / "serve.py"}', '${{port}}', '{files}']
    tcp_ports: {{http: auto}}
    health: {{http: /headers, interval_s: 0.5}}
""")
            routes.append(f"""
  - {{component: {name}-{mode}, tcp_port: http, name: {name}-{mode}, mode: {mode}}}
""")
    return f"""
name: front-ends
version: 1.0.0
components:
{"".join(components)}
routes:
{"".join(routes)}
"""


@contextlib.asynccontextmanager
async def browsing(rig: DoorRig) -> AsyncIterator[BrowserContext]:
    """A browser in which the administrator has signed in to the web UI, and nowhere else."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--test-third-party-cookie-phaseout"],
            timeout=PATIENCE_MS,
        )
        context = await chromium.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(rig.server.url)
        await page.get_by_label("User name").fill("admin")
        password = (rig.server.home / "admin.password").read_text().strip()
        await page.get_by_label("Password").fill(password)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("link", name="Catalogue")).to_be_visible()
        yield context
        await chromium.close()


@contextlib.asynccontextmanager
async def tab(browser: BrowserContext) -> AsyncIterator[Page]:
    """A tab, in which nothing may fail that a page asks for or does."""
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def look(answer: Response) -> None:
        if answer.status >= 400 and not answer.url.endswith("/favicon.ico"):
            complaints.append(f"{answer.status} {answer.url}")

    page.on("response", look)
    yield page
    await page.close()
    assert not complaints


@pytest.mark.long
async def test_front_ends_are_whole_in_every_mode(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """One test, since the server, the door and the browser of it are the most of its work."""
    expect.set_options(timeout=PATIENCE_MS)
    async with open_door(tmp_path / "home") as rig, browsing(rig) as browser:
        await rig.deploy(document(), "fe")
        for name, mode in itertools.product(BUILDS, Mode):
            await rig.until_led(f"{name}-{mode}", "headers")
            url = str((await rig.route(f"{name}-{mode}")).url)
            with subtests.test("in a tab", front_end=name, mode=mode.value):
                async with tab(browser) as page:
                    await is_whole_in_a_tab(page, name, url)
            with subtests.test("in a frame", front_end=name, mode=mode.value):
                async with tab(browser) as page:
                    await page.goto(f"{rig.server.url}/deployments/fe/open?route={name}-{mode}")
                    await is_whole_in_a_frame(page, name)


async def is_whole_in_a_tab(page: Page, name: str, url: str) -> None:
    """Look at a front end deep inside it, and again after a reload."""
    await page.goto(f"{url}a/place/deep/inside" if name == "react" else url)
    await is_whole(page, name)
    if name == "react":
        await page.reload()
        await is_whole(page, name)
        await page.goto(f"{url}live")
        await is_live(page)
    else:
        # By now it is at a place that only the page itself knows of.
        assert page.url == f"{url}about"
        await page.reload()
        await expect(page.locator("#lazy")).to_have_text("hello from the server")


async def is_whole_in_a_frame(page: Page, name: str) -> None:
    """Look at a front end in the web UI, where it is a third party."""
    view = page.frame_locator("#application")
    await is_whole(view, name)
    kept = await view.locator("h1").evaluate(
        "() => { document.cookie = 'theirs=1; Secure; SameSite=None; Path=/';"
        " return document.cookie; }"
    )
    assert kept == ""
    if name == "react":
        await view.locator("h1").evaluate("() => location.assign(location.pathname + 'live')")
        await is_live(view)


async def is_whole(view: Page | FrameLocator, name: str) -> None:
    """Wait until a front end has all that it asks for: styles, lazy parts and data."""
    if name == "react":
        await expect(view.locator("#said")).to_have_text("hello from a file")
        await expect(view.locator("#lazy")).to_have_text("the lazy part is here")
        await expect(view.locator("main")).to_have_css("color", "rgb(1, 2, 3)")
    else:
        await expect(view.locator("#said")).to_have_text("home")
        await view.locator("#more").click()
        await expect(view.locator("#lazy")).to_have_text("hello from the server")


async def is_live(view: Page | FrameLocator) -> None:
    """Wait until a page says what a websocket and an event stream have told it."""
    await expect(view.locator("#socket")).to_have_text("over the websocket")
    await expect(view.locator("#event")).to_contain_text("tick")
