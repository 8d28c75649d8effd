"""Takes the pictures of the dashboard, at both widths and in both lights.

    .venv/bin/python -m apps.tweetoscope.docs.pictures "$(ripieno open tweetoscope --print)"

after `make demo`; or of one that runs by itself, with its address. They are in `images`, shown in
`pages.md`.
"""

import argparse
import asyncio
import base64
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, async_playwright

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
SIZES = ((1280, 1120), (390, 844))
LIGHTS = ("light", "dark")
QUALITY = 82
PATIENCE_MS = 120_000
QUIET_MS = 3000
"""How long a page is let alone, so that its charts are drawn."""

PARTS = ("largest", "chosen", "alerts", "trust", "flow")
"""What a telephone shows one after the other; each has its own picture there."""


async def take(browser: Browser, address: str) -> None:
    """All pictures; the way in is good for one browser, so that its key is taken along."""
    first = await browser.new_context()
    entered = await first.new_page()
    await entered.goto(address)
    key, where = await first.storage_state(), urlsplit(entered.url)._replace(query="").geturl()
    for width, height in SIZES:
        for light in LIGHTS:
            context = await browser.new_context(
                storage_state=key,
                viewport={"width": width, "height": height},
                color_scheme="dark" if light == "dark" else "light",
                device_scale_factor=2 if width < 500 else 1,
            )
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            await page.goto(where)
            await page.locator("#chosen canvas").wait_for()
            await page.wait_for_timeout(QUIET_MS)
            await keep(page, f"dashboard-{width}-{light}")
            if width < 500:
                for part in PARTS[1:]:
                    await page.locator(f"#{part}").evaluate("each => each.scrollIntoView()")
                    await keep(page, f"{part}-{width}-{light}")
            else:
                await page.locator("#trust").evaluate("each => each.scrollIntoView()")
                await keep(page, f"trust-{width}-{light}")
            await context.close()


async def keep(page: Page, name: str) -> None:
    """What is seen now, as WebP, which the browser itself makes."""
    session = await page.context.new_cdp_session(page)
    taken = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    (IMAGES / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


async def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description="Take the pictures of the dashboard.")
    parser.add_argument("address", help="where it is, or a way in")
    given = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        await take(browser, given.address)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
