"""What a researcher does, in a real browser and through the real door."""

import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, FrameLocator, Page, async_playwright, expect
from pydantic import SecretStr

from ripieno.model.access import Role, Scope
from ripieno.testing.doors import DoorRig, open_door
from ripieno.wire.user import UserRequest
from tests.ui_rig import HEADLESS

SERVE = Path(__file__).parents[1] / "fixtures" / "frontends" / "serve.py"
PASSWORD = "a long enough password"
PATIENCE_MS = 60_000

DOCUMENT = f"""
name: live-view
version: 1.0.0
title: Live view
description: A page over a **websocket** and server-sent events.
tags: [live, example]
parameters:
  type: object
  properties:
    who: {{type: string, title: Who speaks, default: nobody, maxLength: 40}}
components:
  web:
    type: service
    command: ['{sys.executable}', '{SERVE}', '${{port}}']
    env: {{NAME: '${{parameters.who}}'}}
    tcp_ports: {{http: auto}}
    provides: {{http: page}}
    update: rolling
    health: {{http: /headers, interval_s: 1}}
routes:
  - {{component: web, tcp_port: http, path: /live}}
"""


@contextlib.asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=HEADLESS, args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        yield browser
        await browser.close()


async def signed_in(browser: Browser, rig: DoorRig, user: str) -> Page:
    """A browser of its own in which somebody has signed in with their password."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(rig.server.url)
    await page.get_by_label("User name").fill(user)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="Catalogue")).to_be_visible()
    return page


async def shows(frame: FrameLocator, who: str) -> None:
    """The application says over its websocket who it is, and answers."""
    await expect(frame.locator("#who")).to_have_text(who)
    await expect(frame.locator("#socket")).to_have_text("over the websocket")
    await expect(frame.locator("#event")).to_contain_text("tick")


@pytest.mark.long
async def test_from_the_catalogue_to_the_audit_trail(tmp_path: Path) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    async with open_door(tmp_path / "home") as rig, browsing() as browser:
        for name, role in (("ada", Role.DEPLOYER), ("bob", Role.DEPLOYER), ("root", Role.ADMIN)):
            await rig.client.add_user(
                UserRequest(name=name, role=role, password=SecretStr(PASSWORD))
            )
        await rig.client.register(DOCUMENT)

        page = await signed_in(browser, rig, "ada")
        await find(page)
        await deploy(page)
        rig.deployments.append((await rig.client.deployment("talk")).id)
        await use(page)
        await change(page)
        await scale(page)
        stranger = await signed_in(browser, rig, "bob")
        await be_refused(stranger, rig)
        await stop(page)
        await find_in_the_audit(await signed_in(browser, rig, "root"))


async def find(page: Page) -> None:
    """Search as one types, and open what was found."""
    await page.get_by_role("searchbox").press_sequentially("websock")
    await page.get_by_role("link", name="Live view").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Live view")


async def deploy(page: Page) -> None:
    """Fill in the form, and see what it stands for."""
    await page.get_by_label("Name of the deployment").fill("talk")
    await page.get_by_label("Who speaks").fill("the first")
    command = page.locator("#told")
    await expect(command).to_contain_text("ripieno deploy live-view")
    await expect(command).to_contain_text("'who=the first'")
    await expect(command).to_contain_text("Predicted to be up after")
    await page.locator("#launch button.primary").click()
    await page.wait_for_url(re.compile("/deployments/talk"))


async def use(page: Page) -> None:
    """Open it in a frame, where it is signed in by itself."""
    at = page.url.partition("/deployments/")[0]
    await page.goto(f"{at}/deployments/talk/open")
    await shows(page.frame_locator("iframe"), "the first")
    await page.goto(f"{at}/deployments/talk/logs")
    await expect(page.get_by_text("a websocket was opened").first).to_be_visible()


async def change(page: Page) -> None:
    """Change a parameter: look at the plan, apply it, and see it in the frame."""
    at = page.url.partition("/deployments/")[0]
    await page.goto(f"{at}/deployments/talk/configuration")
    await page.get_by_label("Who speaks").fill("the second")
    await page.locator("#change-parameters").get_by_role("button", name="Show the plan").click()
    await expect(page.locator("#plan")).to_contain_text("no interruption")
    await apply(page)
    await page.goto(f"{at}/deployments/talk/timeline")
    await expect(page.get_by_text("completed").nth(1)).to_be_visible()
    await page.goto(f"{at}/deployments/talk/open")
    await shows(page.frame_locator("iframe"), "the second")


async def apply(page: Page) -> None:
    """Have the plan that is shown carried out, and be led to where that is seen."""
    await page.locator("#plan").get_by_role("button", name="Apply").click()
    await expect(page).not_to_have_url(re.compile("/configuration"))
    await page.wait_for_load_state()


async def scale(page: Page) -> None:
    """Have two of it."""
    at = page.url.partition("/deployments/")[0]
    await page.goto(f"{at}/deployments/talk/configuration")
    replicas = page.locator("#change-replicas")
    if not await replicas.is_visible():
        await page.get_by_role("heading", name="Replicas").click()
    await replicas.get_by_label("web").fill("2")
    await replicas.get_by_role("button", name="Show the plan").click()
    await apply(page)
    await page.goto(f"{at}/deployments/talk")
    await expect(page.get_by_text("2/2").first).to_be_visible()


async def be_refused(page: Page, rig: DoorRig) -> None:
    """Neither the page, nor the API, nor the door lets a stranger in."""
    at = page.url.partition("/deployments/")[0].rstrip("/")
    answer = await page.goto(f"{at}/deployments/talk")
    assert answer is not None and answer.status in (403, 404)
    route = await rig.route("talk")
    answer = await page.goto(str(route.url))
    assert answer is not None and answer.status in (403, 404)
    await expect(page.locator("#who")).to_have_count(0)
    made = await rig.client.create_token("own", user="bob", scopes=[Scope.READ, Scope.DEPLOY])
    async with rig.visiting("talk", token=made.token) as http:
        assert (await http.get("headers")).status_code == 403
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/reconfigurations")):
            address = f"{rig.server.url}/api/v1/deployments/talk{path}"
            asked = await http.request(method, address, json={"kind": "stop"})
            assert asked.json()["type"] == "urn:ripieno:problem:not-found", f"{method} {path}"


async def stop(page: Page) -> None:
    """Stop it; the frame says so."""
    at = page.url.partition("/deployments/")[0]
    await page.goto(f"{at}/deployments/talk")
    await page.get_by_role("button", name="Stop", exact=True).first.click()
    await expect(page.get_by_text("stopped").first).to_be_visible()


async def find_in_the_audit(page: Page) -> None:
    """The administrator finds who did what, and who was refused."""
    at = page.url.rstrip("/")
    await page.goto(f"{at}/admin/audit?user=ada")
    await expect(page.get_by_text("deployment.deploy").first).to_be_visible()
    await expect(page.get_by_text("deployment.change").first).to_be_visible()
    await page.goto(f"{at}/admin/audit?user=bob&result=refused")
    await expect(page.get_by_text("route.reach").first).to_be_visible()
