"""The pages about deployments in a browser: what happens shows, what is pressed happens."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Dialog, Page, expect
from starlette.responses import HTMLResponse

from ripieno.control.views import (
    AssemblyView,
    ComponentUsage,
    DeploymentState,
    LogLine,
    MetricsView,
    ReplicaUsage,
    RouteState,
    RouteView,
    Standing,
)
from ripieno.model.component_type import ComponentType, Transition
from ripieno.model.port import Port, PortKind
from ripieno.model.route import Mode
from ripieno.testing.control_rig import Rig, open_rig
from tests.fake_control import NOW, WEB, FakeControl
from tests.serving import serving
from tests.ui_rig import ADMIN, PAYLOADS, WIDTHS, barriers, browsing, chromium, overflow, unnamed

pytestmark = pytest.mark.asyncio(loop_scope="module")


TABS = ("", "/timeline", "/logs", "/metrics", "/events", "/configuration", "/open")

SHOP = """
name: shop
version: 1.0.0
parameters:
  type: object
  properties: {words: {type: string, default: hello}}
components:
  store:
    type: service
    command: [sleep, "100000"]
    tcp_ports: {sql: 0}
    provides: {sql: sql}
    # What is ready is never thought to have failed, and is started again by those who test only.
    health: {command: [sh, -c, "test ! -e FLAG"], interval_s: 0.1, failures: 10000}
  web:
    type: service
    command: [sh, -c, 'while :; do echo "$0 $((n += 1))"; sleep 0.05; done', "${parameters.words}"]
    uses: {store: sql}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@asynccontextmanager
async def at_work(browser: Browser, home: Path) -> AsyncIterator[tuple[Rig, BrowserContext]]:
    """A real control with a browser before it."""
    async with (
        open_rig(home) as rig,
        browsing(rig.control, browser=browser, caller=ADMIN) as context,
    ):
        yield rig, context


async def full(control: FakeControl, text: str = "web") -> None:
    """A deployment in which everything is something, with a text wherever one can stand."""
    await control.deploy_hello("shop")
    failed = replace(
        WEB, name=text, failure=text, status="failed", transitions=("start",), waiting_for=text
    )
    life = ComponentType(
        name="service",
        initial="absent",
        places=("absent", "ready"),
        transitions=(
            Transition(name="start", source="absent", target="ready", behaviour="deploy"),
        ),
        ports=(
            Port(name="in", kind=PortKind.USE, on=("ready",)),
            Port(name="out", kind=PortKind.PROVIDE, on=("ready",)),
        ),
    )
    seen = Standing(
        name=text,
        type="service",
        kind=text,
        status="failed",
        places=("ready",),
        target=("ready",),
        docked=(),
        running=("start",),
        failed=(),
        arrived=(),
        active_ports=("out",),
        waiting_for=text,
    )
    control.graph = AssemblyView(
        types={"service": life},
        components=(seen, replace(seen, name="other")),
        connections=(("other.in", f"{text}.out"),),
    )
    control.names["shop"] = replace(
        control.names["shop"],
        components=(failed, replace(WEB, name="other")),
        state=DeploymentState.FAILED,
        reason=text,
        connections=(("other.in", f"{text}.out"),),
    )
    control.used = MetricsView(
        interval_s=5.0,
        components=(
            ComponentUsage(
                component=text,
                at=(1e9, 1e9 + 5),
                cpus=(0.5, 1.0),
                memory_bytes=(2e6, 3e6),
                requests_per_s=(0.0, 2.0),
                replicas=(ReplicaUsage(index=0, cpus=1.0, memory_bytes=3000000, processes=2),),
            ),
        ),
    )
    control.lines.append(
        LogLine(component=text, replica=0, stream="stderr", offset=0, text=f"\x1b[31m{text}\x1b[0m")
    )
    control.record(
        "transition.failed",
        deployment=control.names["shop"].id,
        component=text,
        data={"transition": "start", "cause": text},
    )


async def test_pages_fit_the_window_and_name_their_controls(browser: Browser) -> None:
    control = FakeControl()
    await full(control, "a-component-with-a-name-that-is-far-too-long-for-any-telephone")
    for width in WIDTHS:
        async with browsing(control, browser=browser, width=width) as context:
            page = await context.new_page()
            for address in ("/deployments", *(f"/deployments/shop{each}" for each in TABS)):
                await page.goto(address)
                assert await overflow(page) == 0, (address, width)
                assert await unnamed(page) == [], address
                if width == WIDTHS[0]:
                    assert await barriers(page) == [], address
                assert await page.locator("h1").count() == 1, address


@pytest.mark.parametrize("payload", [PAYLOADS[0], PAYLOADS[4]])
async def test_nothing_that_is_told_runs_in_the_browser(browser: Browser, payload: str) -> None:
    control = FakeControl()
    await full(control, payload)
    asked: list[str] = []

    async def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    async with browsing(control, browser=browser) as context:
        page = await context.new_page()
        page.on("dialog", refuse)
        for tab, shown in (
            ("", ".node .name"),
            ("/timeline", "#gantt"),
            ("/logs", ".line .said"),
            ("/metrics", ".u-legend"),
            ("/events", ".event"),
        ):
            await page.goto(f"/deployments/shop{tab}")
            await expect(page.locator(shown).first).to_be_visible()
            hostile = page.locator("[onerror], [onload], [onmouseover], main script")
            await expect(hostile).to_have_count(0)
        await page.goto("/deployments/shop/logs")
        await expect(page.locator(".said .ansi-red")).to_have_text(payload)
    assert not asked


async def test_the_graph_shows_a_restart_as_it_goes(browser: Browser, tmp_path: Path) -> None:
    async with at_work(browser, tmp_path / "home") as (rig, context):
        flag = tmp_path / "flag"
        await rig.deploy(SHOP.replace("FLAG", str(flag)))
        page = await context.new_page()
        await page.goto("/deployments/shop")
        node = page.locator(".node[data-name=store]")
        await expect(node).to_have_class(re.compile("good"))
        await expect(page.locator(".wire.active")).to_have_count(1)
        flag.touch()  # It does not become ready again as long as this is there.
        row = page.locator("#component-store")
        await row.get_by_role("button", name="Restart store").click()
        await expect(page.locator(".toast")).to_contain_text("is being restarted")
        await expect(node).to_have_class(re.compile("busy"))
        await expect(node.locator(".token.running")).to_have_count(1)
        await expect(row).to_contain_text("become_ready_again")
        await expect(page.locator("#head")).to_contain_text("going on")
        await expect(page.locator("#component-web")).to_contain_text("Waits")
        flag.unlink()
        await expect(node).to_have_class(re.compile("good"))
        await expect(page.locator("#head .going-on")).to_have_count(0)
        await page.get_by_role("link", name="Timeline", exact=True).click()
        await expect(page.locator("#gantt")).to_contain_text("Restart")
        await expect(page.locator(".bar.done")).not_to_have_count(0)


async def test_lines_are_followed_until_somebody_scrolls(browser: Browser, tmp_path: Path) -> None:
    async with at_work(browser, tmp_path / "home") as (rig, context):
        await rig.deploy(SHOP.replace("FLAG", "none"))
        page = await context.new_page()
        await page.goto("/deployments/shop/logs?component=web")
        log = page.locator("#log")
        await expect(log.locator(".line").nth(60)).to_be_attached()
        at_end = "(log) => log.scrollHeight - log.scrollTop - log.clientHeight < 40"
        await page.wait_for_function(f"({at_end})(document.getElementById('log'))")
        await log.hover()
        await page.mouse.wheel(0, -2000)
        await expect(page.locator("#log-follow")).to_have_attribute("aria-pressed", "false")
        await expect(page.locator("#log-new")).to_contain_text("new lines")
        top = await log.evaluate("(log) => log.scrollTop")
        count = await log.locator(".line").count()
        await expect(log.locator(".line").nth(count + 5)).to_be_attached()
        assert await log.evaluate("(log) => log.scrollTop") == top
        await page.locator("#log-new").click()
        await expect(page.locator("#log-follow")).to_have_attribute("aria-pressed", "true")
        await page.locator("#log-search").fill("HELLO 7")
        await expect(log.locator(".line:visible").first).to_contain_text("hello 7")
        await expect(page.locator("#log-count")).to_contain_text("of")


async def test_very_many_lines_stay_usable(browser: Browser) -> None:
    control = FakeControl()
    await control.deploy_hello("shop")
    for number in range(30_000):
        control.lines.append(
            LogLine(component="web", replica=0, stream="stdout", offset=number, text=f"n {number}")
        )
    async with browsing(control, browser=browser) as context:
        page = await context.new_page()
        await page.goto("/deployments/shop/logs")
        last = page.locator(".line").last
        await expect(last).to_contain_text("n 29999")
        assert 19_000 < await page.locator(".line").count() <= 20_200
        await page.locator("#log-search").fill("n 29998")
        await expect(page.locator(".line:visible")).to_have_count(1)


async def test_a_parameter_is_planned_applied_and_watched(browser: Browser, tmp_path: Path) -> None:
    async with at_work(browser, tmp_path / "home") as (rig, context):
        await rig.deploy(SHOP.replace("FLAG", "none"))
        page = await context.new_page()
        await page.goto("/deployments/shop/configuration")
        await page.get_by_label("words").fill("bonjour")
        form = page.locator("#change-parameters")
        await form.get_by_role("button", name="Show the plan").click()
        plan = page.locator("[data-plan]")
        await expect(plan).to_contain_text("its command changed")
        await expect(plan).to_contain_text("1 component stays as it is")
        assert (await rig.control.deployment("shop")).parameters == {}
        await plan.get_by_role("button", name="Apply").click()
        await page.wait_for_url(re.compile("/timeline"))
        await expect(page.locator("#gantt")).to_contain_text("completed")
        assert (await rig.control.deployment("shop")).parameters == {"words": "bonjour"}
        await page.goto("/deployments/shop/logs?component=web")
        await expect(page.locator("#log")).to_contain_text("bonjour")


async def test_a_plan_that_is_no_longer_true_cannot_be_applied(
    browser: Browser, tmp_path: Path
) -> None:
    async with at_work(browser, tmp_path / "home") as (rig, context):
        await rig.deploy(SHOP.replace("FLAG", "none"))
        page = await context.new_page()
        await page.goto("/deployments/shop/configuration")
        await page.get_by_label("words").fill("bonjour")
        await page.locator("#change-parameters").get_by_role("button").click()
        apply = page.locator("[data-plan]").get_by_role("button", name="Apply")
        await expect(apply).to_be_enabled()
        await page.get_by_label("words").fill("salut")
        await expect(apply).to_be_disabled()
        await page.locator("#change-parameters").get_by_role("button").click()
        await expect(apply).to_be_enabled()
        await rig.change("shop", "scale", replicas={"web": 2})
        await expect(page.locator("#stale")).to_contain_text("changed since you opened")
        await apply.click()
        await expect(page.locator("[data-plan]")).to_contain_text("Somebody changed it")
        assert (await rig.control.deployment("shop")).parameters == {}


async def test_what_has_failed_is_retried(browser: Browser, tmp_path: Path) -> None:
    async with at_work(browser, tmp_path / "home") as (rig, context):
        door = tmp_path / "door"
        document = f"""
name: late
version: 1.0.0
components:
  guest:
    type: service
    command:
      - sh
      - -c
      - "test -e {door} || {{ echo 'the <b>door</b> is shut'; exit 3; }}; exec sleep 1000"
    deadline_s: 1
    restart: {{backoff_s: 0.05}}
    health: {{command: [test, -e, "{door}"], interval_s: 0.1}}
"""
        await rig.begin(document)
        page = await context.new_page()
        await page.goto("/deployments/late")
        failure = page.locator("#failure-guest")
        await expect(failure.locator(".lines")).to_contain_text("the <b>door</b> is shut")
        door.touch()
        await failure.get_by_role("button", name="Retry").click()
        await expect(failure).to_have_count(0)
        await expect(page.locator("#head h1")).to_contain_text("running")


async def test_a_deployment_is_removed_after_a_question(browser: Browser, tmp_path: Path) -> None:
    async with at_work(browser, tmp_path / "home") as (rig, context):
        await rig.deploy(SHOP.replace("FLAG", "none"))
        page = await context.new_page()
        other = await context.new_page()
        await other.goto("/deployments/shop")
        await page.goto("/deployments")
        await page.get_by_role("button", name="Remove shop").click()
        question = page.get_by_role("dialog")
        await expect(question).to_contain_text("shop")
        await question.get_by_role("button", name="Keep it").click()
        await expect(question).to_be_hidden()
        await page.get_by_role("button", name="Remove shop").click()
        await question.get_by_role("button", name="Remove").click()
        await expect(page.get_by_text("Nothing is deployed yet")).to_be_visible()
        await expect(other.locator("#head")).to_contain_text("was removed")


def door() -> FastAPI:
    """A door that lets in whoever has a ticket, to an application that says which."""
    app = FastAPI()
    app.state.streams = type("Streams", (), {"close": lambda self: None})()
    app.state.tickets = 0

    @app.get("/.ripieno/enter")
    async def enter(ticket: str) -> HTMLResponse:
        app.state.tickets += 1
        return HTMLResponse(f"<h1>visit {app.state.tickets}</h1>")

    return app


async def test_an_application_is_shown_as_soon_as_it_is_ready(browser: Browser) -> None:
    control = FakeControl()
    await control.deploy_hello("shop")
    id = control.names["shop"].id
    async with serving(door()) as url:
        way = RouteView(
            name="shop",
            deployment="shop",
            component="web",
            tcp_port="http",
            mode=Mode.HOST,
            url=f"{url}/",
            path="/",
            title="",
            state=RouteState.STOPPED,
            reason="nobody has used it",
            owner="alice",
            access=(),
        )
        control.ways["shop"] = way
        async with browsing(control, browser=browser, frames=(url,)) as context:
            page: Page = await context.new_page()
            await page.goto("/deployments/shop/open")
            await expect(page.locator(".stage")).to_contain_text("nobody has used it")
            await page.locator(".stage").get_by_role("button", name="Start").click()
            await expect(page.locator(".toast")).to_contain_text("is being started")
            control.ways["shop"] = replace(way, state=RouteState.WAITING, reason="it comes up")
            control.record("noted", deployment=id)
            await expect(page.locator(".stage")).to_contain_text("goes on by itself")
            control.ways["shop"] = replace(way, state=RouteState.READY, reason=None)
            control.record("noted", deployment=id)
            frame = page.frame_locator("#application")
            await expect(frame.get_by_role("heading")).to_have_text("visit 1")
            await expect(page.locator(".curtain")).to_be_hidden()
            # Another process: the frame is loaded anew, with a ticket of its own.
            began = NOW.replace(year=2027)
            again = replace(WEB, replicas=(replace(WEB.replicas[0], started_at=began),))
            control.names["shop"] = replace(control.names["shop"], components=(again,))
            control.record("noted", deployment=id)
            await expect(frame.get_by_role("heading")).to_have_text("visit 2")
            control.ways["shop"] = replace(way, state=RouteState.FAILED, reason="exit code 3")
            control.record("noted", deployment=id)
            await expect(page.locator(".stage")).to_contain_text("exit code 3")
            await expect(page.locator("#application")).to_be_hidden()
