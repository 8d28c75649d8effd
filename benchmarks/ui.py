"""How heavy the pages of the web UI are, and how soon they are there in Chromium.

    .venv/bin/python benchmarks/ui.py [--json]

A real server with a catalogue that fills a page, every application with an icon of its own. Each
run is the first visit of a browser that has kept nothing. The largest contentful paint is what the
browser itself calls so: https://web.dev/articles/lcp
"""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from measure import Extent, Figure
from measure import main as measure_main
from ripieno.model.bundle import Bundle, BundledFile
from ripieno.testing.servers import ServerProcess
from ripieno.wire import archive

CHROMIUM = "/usr/bin/chromium"
HEADLESS = shutil.which("chromium-headless-shell") or CHROMIUM
"""Enough to see that it works: it has no windows, and starts with a third of the work."""
APPLICATIONS = 30
PATIENCE_MS = 60_000
PAINTED = """() => new Promise((done) => new PerformanceObserver((list) =>
  done(list.getEntries().at(-1).startTime)
).observe({type: "largest-contentful-paint", buffered: true}))"""

DOCUMENT = """
name: application-{number}
version: 1.{number}.0
title: Application number {number}
summary: Shows what there is to see in recording {number}, and lets one look into it from all sides.
category: Category {category}
tags: [tag-{tag}, tag-{other}, recording]
icon: icon.svg
parameters:
  properties:
    size: {{type: integer, minimum: 1, maximum: 100, default: 10, title: Size}}
    kernel: {{enum: [exponential, power], default: power, title: Kernel}}
components:
  web: {{type: service, command: [sleep, "1000"], tcp_ports: {{http: auto}}}}
"""

PAGES = (
    ("catalogue", "/", 300.0, 1000.0),
    ("application", "/applications/application-1", None, 1000.0),
    ("deployments", "/deployments", None, 1000.0),
)
"""Name, path, and what it may weigh (kB) and take (ms)."""


def bundle(number: int) -> bytes:
    """An application with a drawing as its icon, as an archive."""
    lines = "".join(
        f'<path d="M{x} {(x * number) % 97} h 3" stroke="hsl({x * number % 360} 60% 45%)"/>'
        for x in range(0, 96, 3)
    )
    icon = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">{lines}</svg>'
    document = DOCUMENT.format(
        number=number, category=number % 6, tag=number % 11, other=number % 7 + 20
    )
    files = {"icon.svg": BundledFile(content=icon.encode())}
    return archive.pack(Bundle(document=document, files=files))


async def visited(browser: Browser, url: str, link: str, path: str) -> tuple[float, float]:
    """What a first visit weighs, in kB, and when the largest of it is painted, in ms."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(f"{url}{link}")
    await page.wait_for_url(f"{url}/")
    session = await context.new_cdp_session(page)
    received = 0.0

    def count(event: dict[str, Any]) -> None:
        nonlocal received
        received += event["encodedDataLength"]

    session.on("Network.loadingFinished", count)
    await session.send("Network.enable")
    await session.send("Network.clearBrowserCache")
    await page.goto(f"{url}{path}", wait_until="networkidle" if path == "/" else "load")
    painted_ms = float(await page.evaluate(PAINTED))
    await context.close()
    return received / 1000, painted_ms


async def measure(home: Path, extent: Extent) -> dict[str, list[tuple[float, float]]]:
    """All visits of all pages."""
    chromium = CHROMIUM if extent.divisor == 1 else HEADLESS
    server = ServerProcess(home)
    server.start()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name, *_ in PAGES}
    try:
        async with await server.ready() as client, async_playwright() as playwright:
            for number in range(1, extent.size(APPLICATIONS) + 1):
                await client.register_archive(bundle(number))
            browser = await playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            for _ in range(extent.runs):
                for name, path, *_ in PAGES:
                    link = (await client.create_sign_in_link()).path
                    found[name].append(await visited(browser, server.url, link, path))
            await browser.close()
    finally:
        server.stop()
    return found


def measured(extent: Extent) -> Iterator[Figure]:
    """Each page's weight and time."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder) / "home", extent))
    for name, _, most_kb, most_ms in PAGES:
        weights, times = zip(*found[name], strict=True)
        yield Figure(
            name=f"{name}: all that a first visit loads", unit="kB", runs=weights, budget=most_kb
        )
        yield Figure(
            name=f"{name}: until the largest of it is painted",
            unit="ms",
            runs=times,
            budget=most_ms,
        )


if __name__ == "__main__":
    measure_main("The web UI in a browser", measured)
