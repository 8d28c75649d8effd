"""Takes the pictures of all pages, of what `make demo` has left running, at both widths.

    make demo && .venv/bin/python -m docs.pictures

They are in `docs/images/pages/`, shown in `docs/pages.md`, which is written too.
"""

import argparse
import asyncio
import dataclasses
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from ripieno import settings
from ripieno.client.client import Client
from ripieno.model.access import Role
from ripieno.wire.group import GroupRequest
from ripieno.wire.user import UserRequest

DOCS = Path(__file__).parent
IMAGES = DOCS / "images" / "pages"
WIDTHS = (1280, 390)
HEIGHT = 860
CHROMIUM = "/usr/bin/chromium"
QUIET_MS = 1500
"""How long a page is let alone, so that what it asks for is there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A page: the name of its pictures, its path, and what there is to say of it."""

    name: str
    path: str
    title: str
    said: str


SIGN_IN = Shown("sign-in", "/sign-in", "Signing in", "By password, by a link, by a provider.")
PAGES = (
    Shown("catalogue", "/", "Catalogue", "Search as you type; the address holds the search."),
    Shown(
        "application",
        "/applications/hawkes-explorer",
        "An application",
        "What it is, the form of its parameters, and the command that the form stands for.",
    ),
    Shown("publishing", "/publish", "Publishing", "A draft is checked as it is written."),
    Shown("deployments", "/deployments", "Deployments", "How they are, where they are, and why."),
    Shown("overview", "/deployments/ensemble", "One deployment", "The assembly, live."),
    Shown(
        "timeline",
        "/deployments/ensemble/timeline",
        "Timeline",
        "Every reconfiguration: predicted against real, the critical path marked.",
    ),
    Shown("logs", "/deployments/ensemble/logs", "Logs", "Of all components, followed."),
    Shown("metrics", "/deployments/ensemble/metrics", "Metrics", "CPU, memory, requests."),
    Shown("events", "/deployments/ensemble/events", "Events", "What happened, in sentences."),
    Shown(
        "configuration",
        "/deployments/ensemble/configuration",
        "Configuration",
        "What would happen is shown before it does.",
    ),
    Shown(
        "open",
        "/deployments/ensemble/open",
        "The application",
        "In a frame, with a bar; it comes back by itself when it was away.",
    ),
    Shown("hosts", "/hosts", "Hosts", "The machines that components run on."),
    Shown("users", "/admin/users", "Users", "Who may do what."),
    Shown("groups", "/admin/groups", "Groups", "Users who share something."),
    Shown("quotas", "/admin/quotas", "Quotas", "How much may run."),
    Shown("tokens", "/admin/tokens", "Tokens", "What lets programs in."),
    Shown("audit", "/admin/audit", "Audit trail", "Who did what, from where, with what result."),
    Shown("account", "/account", "Your account", "Password, sessions and tokens of your own."),
)


async def take(home: Path) -> None:
    """Take all pictures of the server whose folder that is."""
    url = settings.running(home)
    async with Client(url, (home / settings.TOKEN_FILE).read_text().strip()) as client:
        await _people(client)
        made = await client.create_sign_in_link()
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        stranger = await browser.new_page()
        await _shoot(stranger, url, SIGN_IN)
        page = await _admitted(browser, made.url or f"{url}{made.path}")
        for each in PAGES:
            await _shoot(page, url, each)
        await browser.close()
    (DOCS / "pages.md").write_text(_listing())


async def _people(client: Client) -> None:
    """Let there be somebody besides the administrator."""
    known = {each.name for each in (await client.users()).items}
    for name, role, called in (
        ("ada", Role.PUBLISHER, "Ada Lovelace"),
        ("emil", Role.DEPLOYER, "Emil du Bois-Reymond"),
    ):
        if name not in known:
            await client.add_user(UserRequest(name=name, role=role, display_name=called))
    if "neuro" not in {each.name for each in (await client.groups()).items}:
        await client.add_group(GroupRequest(name="neuro", description="The neurophysiologists"))
        await client.put_member("neuro", "ada", is_manager=True)


async def _admitted(browser: Browser, link: str) -> Page:
    page = await browser.new_page()
    await page.goto(link)
    return page


async def _shoot(page: Page, url: str, shown: Shown) -> None:
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        answer = await page.goto(url + shown.path)
        if answer is None or answer.status != 200:
            raise SystemExit(f"{shown.path} answers {answer and answer.status}")
        await page.wait_for_timeout(QUIET_MS)
        await page.screenshot(path=IMAGES / f"{shown.name}-{width}.png")


def _listing() -> str:
    """The document that shows the pictures."""
    lines = [
        "# The pages",
        "",
        "What people see in a browser, on a screen and on a telephone. These are pictures of what",
        "`make demo` leaves running; `python -m docs.pictures` takes them anew.",
    ]
    for each in (SIGN_IN, *PAGES):
        lines += ["", f"## {each.title}", "", each.said, ""]
        lines += [
            f"![{each.title}, {width} pixels wide](images/pages/{each.name}-{width}.png)"
            for width in WIDTHS
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take pictures of all pages.")
    parser.add_argument("--home", type=Path, default=DOCS.parent / ".demo", help="the server's")
    asyncio.run(take(parser.parse_args().home.absolute()))
