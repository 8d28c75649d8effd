"""Takes the pictures of all pages, of what `make demo` has left running, at both widths.

    make demo && .venv/bin/python -m docs.pictures

They are in `docs/images/pages/`, shown in `docs/pages.md`, which is written too. A test holds that
every page has its picture.
"""

import argparse
import asyncio
import base64
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, Page, Playwright, async_playwright

from ripieno import settings
from ripieno.client.client import Client
from ripieno.model.access import Role
from ripieno.testing.servers import ended
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.group import GroupRequest
from ripieno.wire.quota import QuotaRequest
from ripieno.wire.reconfiguration import ChangeKind, ChangeRequest
from ripieno.wire.saved import SaveConfigurationRequest
from ripieno.wire.user import UserRequest

DOCS = Path(__file__).parent
IMAGES = DOCS / "images" / "pages"
WIDTHS = (1280, 390)
HEIGHT = 860
CHROMIUM = "/usr/bin/chromium"
QUALITY = 82
QUIET_MS = 1500
"""How long a page is let alone, so that what it asks for is there."""

DRAFT = """\
name: spike-sorter
version: 0.1.0
title: Spike sorter
summary: Finds the spikes of single neurons in a recording.
category: Electrophysiology
tags: [spikes, draft]
parameters:
  properties:
    threshold: {type: number, title: Threshold, default: 4.5}
components:
  web:
    type: service
    command: [python3, -m, http.server, "${port}"]
    tcp_ports: {http: auto}
    health: {http: /}
routes:
  - {component: web, tcp_port: http}
"""


Step = Callable[[Page], Awaitable[None]]


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A page: the name of its pictures, its path, and what there is to say of it.

    `route` is its entry in the table of pages; `then` is done on it before the picture is taken.
    """

    name: str
    route: str
    path: str
    title: str
    said: str
    then: Step | None = None


async def show_plan(page: Page) -> None:
    """Ask what another value of a parameter would change."""
    await page.get_by_label("Who plays").select_option("solo")
    await page.locator("#change-parameters").get_by_role("button", name="Show the plan").click()
    await page.locator("#plan h2, #plan h3").first.wait_for()


async def show_menu(page: Page) -> None:
    """Open the menu of the page."""
    await page.locator("details.menu summary").click()


D = "/deployments/{name}"
SIGN_IN = Shown(
    "sign-in", "/sign-in", "/sign-in", "Signing in", "By password, by a link, or by a provider."
)
LINK = Shown(
    "sign-in-link",
    "/sign-in/link/{text}",
    "",
    "A one-time link",
    "It is used up by the button only, so that no preview of a mail program spends it.",
)
PAGES = (
    Shown("catalogue", "/", "/", "Catalogue", "Search as you type; the address holds the search."),
    Shown(
        "application",
        "/applications/{name}",
        "/applications/hawkes-explorer",
        "An application",
        "What it is, the form of its parameters, what was saved, and the command that the form "
        "stands for.",
    ),
    Shown(
        "publishing",
        "/publish",
        "/publish",
        "Publishing",
        "A draft is checked as it is written; icon, screenshots and files come with it.",
    ),
    Shown(
        "importing",
        "/publish/import",
        "/publish/import",
        "Importing",
        "Images, Compose files and Boutiques descriptors become drafts.",
    ),
    Shown(
        "editing",
        "/applications/{name}/edit",
        "/applications/spike-sorter/edit",
        "Editing a draft",
        "What is wrong is said with its line; what is published stays as it is.",
    ),
    Shown(
        "deployments",
        "/deployments",
        "/deployments",
        "Deployments",
        "How they are, where they are, and why they wait.",
    ),
    Shown("overview", D, "/deployments/ensemble", "One deployment", "The assembly, live."),
    Shown(
        "timeline",
        f"{D}/timeline",
        "/deployments/ensemble/timeline",
        "Timeline",
        "Every reconfiguration: predicted against real, the critical path marked.",
    ),
    Shown("logs", f"{D}/logs", "/deployments/ensemble/logs", "Logs", "Of all components."),
    Shown(
        "metrics",
        f"{D}/metrics",
        "/deployments/ensemble/metrics",
        "Metrics",
        "CPU, memory, and requests through the door.",
    ),
    Shown(
        "events",
        f"{D}/events",
        "/deployments/ensemble/events",
        "Events",
        "What happened, in sentences.",
    ),
    Shown(
        "configuration",
        f"{D}/configuration",
        "/deployments/ensemble/configuration",
        "Configuration",
        "Parameters, replicas, version, document, and how it was before.",
    ),
    Shown(
        "plan",
        f"{D}/configuration",
        "/deployments/ensemble/configuration",
        "A plan",
        "What would happen is shown before it does.",
        show_plan,
    ),
    Shown(
        "open",
        f"{D}/open",
        "/deployments/ensemble/open",
        "The application",
        "In a frame, with a bar; it comes back by itself when it was away.",
    ),
    Shown(
        "hosts",
        "/hosts",
        "/hosts",
        "Hosts and runtimes",
        "The machines that components run on, how they are, and what each way to run can do.",
    ),
    Shown("users", "/admin/users", "/admin/users", "Users", "Who may do what."),
    Shown(
        "user",
        "/admin/users/{name}",
        "/admin/users/ada",
        "A user",
        "Role, a link to let them in, and what they leave behind.",
    ),
    Shown("groups", "/admin/groups", "/admin/groups", "Groups", "Users who share something."),
    Shown(
        "group",
        "/admin/groups/{name}",
        "/admin/groups/neuro",
        "A group",
        "Its members, and who of them manages it.",
    ),
    Shown("quotas", "/admin/quotas", "/admin/quotas", "Quotas", "How much may run."),
    Shown("tokens", "/admin/tokens", "/admin/tokens", "Tokens", "What lets programs in."),
    Shown(
        "audit",
        "/admin/audit",
        "/admin/audit",
        "Audit trail",
        "Who did what, from where, with what result.",
    ),
    Shown(
        "account",
        "/account",
        "/account",
        "Your account",
        "Password, sessions and tokens of your own.",
    ),
    Shown(
        "menu",
        "/",
        "/",
        "The menu",
        "Light or dark, English or French, and the way out.",
        show_menu,
    ),
)

NO_PAGES = {
    "/applications/{name}/saved/{saved}": "leads to the form",
    "/applications/{name}/icon/{digest}": "a picture",
    "/applications/{name}/pictures/{version}/{file:path}": "a picture",
    "/deployments/{name}/components/{component}/tail": "part of a page",
    "/deployments/{name}/logs.txt": "a file",
    "/sign-in/provider": "leads to the provider",
    "/sign-in/provider/back": "leads to where somebody wanted to be",
    "/admin": "leads to the users",
    "/reach/{route}": "leads to the application",
}
"""What else can be asked for, and why it has no picture; streams have none either."""


async def take(home: Path, only: str | None = None) -> None:
    """Take all pictures of the server whose folder that is, or that of one page."""
    url = settings.running(home)
    async with Client(url, (home / settings.TOKEN_FILE).read_text().strip()) as client:
        await _furnish(client)
        IMAGES.mkdir(parents=True, exist_ok=True)
        async with async_playwright() as playwright:
            await _visit(playwright, client, url, only)
    (DOCS / "pages.md").write_text(listing())


async def _visit(playwright: Playwright, client: Client, url: str, only: str | None) -> None:
    """Go through the pages."""
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    stranger = await browser.new_page()
    page = await _admitted(browser, url + (await client.create_sign_in_link()).path)
    # Only the latest link of a user is good.
    link = dataclasses.replace(LINK, path=(await client.create_sign_in_link()).path)
    for shown, whose in ((SIGN_IN, stranger), (link, page), *((each, page) for each in PAGES)):
        if only in (None, shown.name):
            await _shoot(whose, url, shown)
    await browser.close()


async def _furnish(client: Client) -> None:
    """Let there be somebody besides the administrator, and something of everything."""
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
        await client.put_member("neuro", "emil", is_manager=False)
    await client.set_quota("everyone", QuotaRequest(deployments=5, cpus=4))
    await client.set_quota("group:neuro", QuotaRequest(deployments=20, memory_mib=16384))
    await client.save_configuration(
        "hawkes-explorer", "Bursts", SaveConfigurationRequest(settings={"branching": "0.95"})
    )
    await client.register(DRAFT, is_draft=True)
    running = {each.name for each in (await client.deployments()).items}
    if "brain-atlas" not in running:
        made = await client.deploy(DeployRequest(application="brain-atlas"))
        await ended(client, made.reconfiguration.id)
        await client.change("brain-atlas", ChangeRequest(kind=ChangeKind.STOP))


async def _admitted(browser: Browser, link: str) -> Page:
    page = await browser.new_page()
    await page.goto(link)
    await page.wait_for_url(lambda address: "/sign-in" not in address)
    return page


async def _shoot(page: Page, url: str, shown: Shown) -> None:
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        answer = await page.goto(url + shown.path)
        if answer is None or answer.status != 200:
            raise SystemExit(f"{shown.path} answers {answer and answer.status}")
        await page.wait_for_timeout(QUIET_MS)
        if shown.then is not None:
            await shown.then(page)
            await page.wait_for_timeout(QUIET_MS)
        session = await page.context.new_cdp_session(page)
        taken = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        (IMAGES / file_of(shown, width)).write_bytes(base64.b64decode(taken["data"]))


def file_of(shown: Shown, width: int) -> str:
    """What the picture of a page is called."""
    return f"{shown.name}-{width}.webp"


def listing() -> str:
    """The document that shows the pictures."""
    lines = [
        "# The pages",
        "",
        "What people see in a browser, on a screen and on a telephone. These are pictures of what",
        "`make demo` leaves running; `python -m docs.pictures` takes them anew.",
    ]
    for each in (SIGN_IN, LINK, *PAGES):
        lines += ["", f"## {each.title}", "", each.said, ""]
        lines += [
            f"![{each.title}, {width} pixels wide](images/pages/{file_of(each, width)})"
            for width in WIDTHS
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take pictures of all pages.")
    parser.add_argument("--home", type=Path, default=DOCS.parent / ".demo", help="the server's")
    parser.add_argument("--only", help="the name of one page")
    arguments = parser.parse_args()
    asyncio.run(take(arguments.home.absolute(), arguments.only))
