"""The web UI in a real browser: what only scripts, styles and people with keyboards find out."""

import re
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from ripieno.control.errors import QuotaExceeded
from tests.fake_control import FakeControl
from tests.ui_rig import PAULA, WIDTHS, barriers, browsing, chromium, overflow, register, unnamed

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_BYTES = 300_000

DOCUMENT = """
name: brain-viewer
version: 1.2.0
title: Brain viewer
description: An MRI, with-a-word-that-is-far-too-long-for-a-telephone-of-this-world.
parameters:
  required: [subject]
  properties:
    subject: {type: string}
    memory_mib: {type: integer, minimum: 64, maximum: 4096, default: 256, title: Memory}
configurations:
  large: {title: Large volumes, parameters: {memory_mib: 4096}}
components:
  viewer:
    type: service
    command: [python3, -m, http.server, "${port}"]
    tcp_ports: {http: auto}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


async def test_pages_fit_the_window_and_name_their_controls(browser: Browser) -> None:
    control = FakeControl()
    register(control, DOCUMENT)
    for width in WIDTHS:
        async with browsing(control, browser=browser, width=width) as context:
            page = await context.new_page()
            for address in ("/", "/applications/brain-viewer", "/applications/none"):
                await page.goto(address)
                assert await overflow(page) == 0, (address, width)
                assert await unnamed(page) == [], address
                assert await barriers(page) == [], address
                assert await page.locator("h1").count() == 1


async def test_the_catalogue_is_light(browser: Browser) -> None:
    control = FakeControl()
    register(control, DOCUMENT)
    async with browsing(control, browser=browser) as context:
        page = await context.new_page()
        await page.goto("/", wait_until="networkidle")
        weighed = await page.evaluate(
            "performance.getEntries().map((each) => [each.name, each.decodedBodySize ?? 0])"
        )
        names = [name.rpartition("/")[2] for name, _ in weighed]
        assert {"htmx.min.js", "base.css", "app.js"} <= set(names)
        assert 50_000 < sum(size for _, size in weighed) <= MOST_BYTES, weighed


async def test_the_form_follows_what_is_filled_in(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = FakeControl()
    register(control, DOCUMENT)
    async with browsing(control, browser=browser) as context:
        page = await context.new_page()
        await page.goto("/applications/brain-viewer")
        command = page.locator("#told .copyable code")
        await page.get_by_label("subject").fill("sub 1")
        await expect(command).to_have_text("ripieno deploy brain-viewer --set 'subject=sub 1'")
        await page.locator("input[type=range]").fill("512")
        await expect(command).to_contain_text("memory_mib=512")
        number = page.locator("input[type=number]")
        await expect(number).to_have_value("512")
        await number.fill("9999")
        error = page.get_by_text("Give a whole number from 64 to 4096.")
        await expect(error).to_be_visible()
        await expect(number).to_have_attribute("aria-invalid", "true")
        await page.get_by_role("button", name="Deploy").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(number).to_be_focused()
        await page.get_by_label("Configuration", exact=True).select_option("large")
        await expect(number).to_have_value("4096")
        await expect(command).to_contain_text("--configuration large")
        await expect(page.get_by_label("subject")).to_have_value("sub 1")

        async def refused(*_: object, **__: object) -> NoReturn:
            raise QuotaExceeded("all of it is used")

        monkeypatch.setattr(control, "deploy", refused)
        await page.set_viewport_size({"width": 390, "height": 500})
        await page.get_by_role("button", name="Deploy").click()
        told = page.get_by_role("alert").filter(has_text="all of it is used")
        await expect(told).to_be_in_viewport()


async def test_a_configuration_is_saved_and_fills_the_form_in_again(browser: Browser) -> None:
    control = FakeControl()
    register(control, DOCUMENT)
    async with browsing(control, browser=browser) as context:
        page = await context.new_page()
        await page.goto("/applications/brain-viewer")
        await page.get_by_label("subject").fill("sub 1")
        link = page.locator("#told [data-copies-address]")
        await expect(link).to_have_attribute("data-copies-address", re.compile("sub%201"))
        await page.get_by_role("button", name="Save this configuration").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill("My <b>usual one")
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_be_hidden()
        await expect(page.locator("#saved")).to_contain_text("My <b>usual one")
        await page.goto("/applications/brain-viewer")
        await expect(page.get_by_label("subject")).to_have_value("")
        await page.get_by_role("link", name="My <b>usual one").click()
        await expect(page.get_by_label("subject")).to_have_value("sub 1")
        await page.get_by_role("button", name="Forget My <b>usual one").click()
        await expect(page.get_by_text("Saved by you")).to_be_hidden()


async def test_the_editor_leads_to_the_faulty_line(browser: Browser) -> None:
    control = FakeControl()
    async with browsing(control, browser=browser, caller=PAULA) as context:
        page = await context.new_page()
        await page.goto("/publish")
        document = page.get_by_label("Document", exact=True)
        await document.fill("name: viewer\nversion: 1.0.0\nwrong: 1\ncomponents: {}\n")
        await expect(page.locator("[data-lines]")).to_have_text("1\n2\n3\n4\n5")
        # Who presses the button leaves the document, which is checked once more meanwhile.
        await page.evaluate(
            "() => { window.settled = new Promise((settle) =>"
            " document.addEventListener('htmx:afterSettle', settle, { once: true })); }"
        )
        await page.get_by_role("button", name="Go to line 3").hover()
        await page.mouse.down()
        await page.evaluate("() => window.settled.then(() => true)")
        await page.mouse.up()
        await expect(document).to_be_focused()
        selected = "(each) => each.value.slice(each.selectionStart, each.selectionEnd)"
        assert await document.evaluate(selected) == "wrong: 1"
        await document.fill(DOCUMENT + "icon: a.svg\n")
        missing = page.get_by_text("Files that are still missing:")
        await expect(missing).to_be_visible()
        icon = {"name": "a.svg", "mimeType": "image/svg+xml", "buffer": b"<svg ></svg>"}
        await page.get_by_label("Add files").set_input_files(icon)  # type: ignore[arg-type]
        await expect(missing).to_be_hidden()
        await page.get_by_role("button", name="Publish").click()
        await expect(page).to_have_url(re.compile("brain-viewer"))


async def test_a_keyboard_is_enough(browser: Browser) -> None:
    control = FakeControl()
    register(control, DOCUMENT)
    async with browsing(control, browser=browser) as context:
        page = await context.new_page()
        await page.goto("/")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("/")
        await expect(page.get_by_role("searchbox")).to_be_focused()
        summary = page.locator(".corner summary")
        await summary.focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Dark").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert await _lightness(page) < 0.2
        await page.keyboard.press("Escape")
        await expect(summary).to_be_focused()
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_moments_are_in_the_zone_of_the_reader(browser: Browser) -> None:
    control = FakeControl()
    register(control, DOCUMENT)
    async with browsing(control, browser=browser, locale="fr-FR") as context:
        page = await context.new_page()
        await page.goto("/applications/brain-viewer")
        moment = page.locator("time").first
        await expect(moment).to_have_attribute("datetime", "2026-01-31T12:00:00Z")
        await expect(moment).to_have_text(re.compile("31 janv. 2026.*13:00"))


async def _lightness(page: Page) -> float:
    """How light the ground of a page is, from 0 to 1."""
    colour = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / (3 * 255)
