"""Real front ends in a real browser, behind the door: by host and by prefix, in tabs and frames.

The browser takes no cookies of third parties, as most do by now. There is one server with one door,
and every front end in each mode of a route is a component of one deployment.
"""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
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

pytestmark = pytest.mark.asyncio(loop_scope="module")

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DoorRig]:
    async with open_door(tmp_path_factory.mktemp("doorway") / "home") as rig:
        await rig.deploy(document(), "fe")
        yield rig


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(door: DoorRig) -> AsyncIterator[BrowserContext]:
    """A browser in which the administrator has signed in to the web UI, and nowhere else."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--test-third-party-cookie-phaseout"],
            timeout=PATIENCE_MS,
        )
        context = await chromium.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(door.server.url)
        await page.get_by_label("User name").fill("admin")
        await page.get_by_label("Password").fill(
            (door.server.home / "admin.password").read_text().strip()
        )
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("link", name="Catalogue")).to_be_visible()
        yield context
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: BrowserContext) -> AsyncIterator[Page]:
    """A tab, in which nothing may fail that a page asks for or does."""
    tab = await browser.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))

    def look(answer: Response) -> None:
        if answer.status >= 400 and not answer.url.endswith("/favicon.ico"):
            complaints.append(f"{answer.status} {answer.url}")

    tab.on("response", look)
    yield tab
    await tab.close()
    assert not complaints


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", BUILDS)
async def test_a_front_end_is_whole_deep_inside_and_after_a_reload(
    door: DoorRig, page: Page, name: str, mode: Mode
) -> None:
    url = (await door.route(f"{name}-{mode}")).url
    await page.goto(f"{url}a/place/deep/inside" if name == "react" else str(url))
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


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", BUILDS)
async def test_a_front_end_is_whole_in_a_frame_without_cookies_of_third_parties(
    door: DoorRig, page: Page, name: str, mode: Mode
) -> None:
    await page.goto(f"{door.server.url}/deployments/fe/open?route={name}-{mode}")
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
