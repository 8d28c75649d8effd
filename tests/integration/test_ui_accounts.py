"""Signing in, the account and the pages of administrators in a real browser."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from ripieno.model.access import Role
from tests.accounts import PASSWORD
from tests.serving import serving
from tests.ui_rig import HEIGHT, WIDTHS, barriers, chromium, overflow, unnamed
from tests.visitors import House
from tests.visitors import house as opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = (
    "/account",
    "/admin/users",
    "/admin/users/alice",
    "/admin/groups",
    "/admin/groups/neuro",
    "/admin/tokens",
    "/admin/quotas",
    "/admin/audit",
    "/hosts",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with opened(tmp_path_factory.mktemp("house")) as found:
        await found.add("alice", Role.DEPLOYER)
        await found.control.change_user(
            "alice",
            display_name="Alice with-a-word-that-is-far-too-long-for-a-telephone-of-this-world",
            email="alice-with-a-long-name@a-department-with-a-long-name.example.org",
            caller="admin",
        )
        await found.control.add_group("neuro", description="Third floor " * 20, caller="admin")
        await found.control.put_member("neuro", "alice", is_manager=True, caller="admin")
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(house: House) -> AsyncIterator[str]:
    async with serving(house.app) as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser, url: str) -> AsyncIterator[BrowserContext]:
    complaints: list[str] = []
    found = await browser.new_context(
        base_url=url, viewport={"width": WIDTHS[0], "height": HEIGHT}, locale="en-GB"
    )
    found.set_default_timeout(60_000)
    found.on("weberror", lambda error: complaints.append(str(error.error)))
    found.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    yield found
    await found.close()
    assert not [each for each in complaints if "status of 422" not in each]


async def signed_in(house: House, context: BrowserContext, user: str) -> Page:
    page = await context.new_page()
    text, _ = await house.control.create_sign_in_link(user, caller="admin")
    await page.goto(f"/sign-in/link/{text}")
    await expect(page.get_by_role("heading", name="Catalogue")).to_be_visible()
    return page


async def test_somebody_signs_in_with_the_keyboard_alone(context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto("/account")
    await expect(page).to_have_url(re.compile(r"/sign-in\?next=/account$"))
    await expect(page.get_by_label("User name")).to_be_focused()
    await page.keyboard.type("alice")
    await page.keyboard.press("Tab")
    await page.keyboard.type("not this")
    await page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("The name or the password is not right")
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/account$"))
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Alice")
    row = page.get_by_role("row").filter(has_text="this one")
    await expect(row).to_contain_text("Chrome")
    await row.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    await page.goto("/account")
    await expect(page).to_have_url(re.compile("/sign-in"))


async def test_link_that_is_opened_signs_in_and_one_that_is_clicked_asks(
    house: House, context: BrowserContext, url: str
) -> None:
    page = await signed_in(house, context, "alice")
    await context.clear_cookies()
    text, _ = await house.control.create_sign_in_link("alice", caller="admin")
    await page.set_content(f'<a href="{url}/sign-in/link/{text}">Look at this</a>')
    await page.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Sign in as alice")).to_be_visible()
    await page.get_by_role("button", name="Sign in as alice").click()
    await expect(page.get_by_role("heading", name="Catalogue")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
async def test_pages_fit_and_all_their_controls_have_names(
    house: House, context: BrowserContext, width: int
) -> None:
    page = await context.new_page()
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    await page.goto("/sign-in")
    assert (await overflow(page), await unnamed(page), await barriers(page)) == (0, [], [])
    page = await signed_in(house, context, "admin")
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    for path in PAGES:
        await page.goto(path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert (path, await overflow(page), await unnamed(page)) == (path, 0, [])
        for summary in await page.locator("details.fold > summary").all():
            await summary.click()
        assert (path, await overflow(page), await unnamed(page)) == (path, 0, [])
        if width == WIDTHS[0]:
            assert (path, await barriers(page)) == (path, [])


async def test_audit_trail_is_searched_as_somebody_types(
    house: House, context: BrowserContext
) -> None:
    page = await signed_in(house, context, "admin")
    await page.goto("/admin/groups")
    await page.get_by_text("New group").click()
    await page.get_by_label("Name").fill("lab-of-the-browser")
    await page.get_by_role("button", name="Make the group").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("lab-of-the-browser")
    await page.goto("/admin/audit")
    await page.get_by_label("Done to").fill("of-the-browser")
    rows = page.locator("#entries tbody tr")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("group.add")
    await expect(page).to_have_url(re.compile("thing=of-the-browser"))
    await page.get_by_label("Result").select_option("refused")
    await expect(page.get_by_text("Nothing like this was done")).to_be_visible()


async def test_dialog_keeps_what_is_not_to_be_removed(
    house: House, context: BrowserContext
) -> None:
    page = await signed_in(house, context, "admin")
    await page.goto("/admin/groups/neuro")
    await page.get_by_role("button", name="Remove neuro").click()
    dialog = page.get_by_role("dialog", name="Remove neuro?")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    assert (await house.control.group("neuro")).members


async def test_host_is_looked_at_in_its_place(house: House, context: BrowserContext) -> None:
    page = await signed_in(house, context, "admin")
    await page.goto("/hosts")
    local = page.get_by_role("region", name="local")
    await local.get_by_role("button", name="Check local").click()
    await expect(local).to_contain_text("of memory")
    await expect(page).to_have_url(re.compile("/hosts$"))
