"""How long a deployment stays up by itself, as the web UI says it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ripieno.control.views import DeploymentState, LifeView, RouteState, RouteView
from ripieno.model.route import Mode
from tests.fake_control import FakeControl
from tests.ui_rig import VIEWER, Pages, words

SLACK = timedelta(seconds=30)
"""So that a minute is not over before the page is made."""


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


async def shop(control: FakeControl, life: LifeView, **changed: Any) -> None:
    await control.deploy_hello("shop")
    control.names["shop"] = replace(control.names["shop"], life=life, **changed)


def ahead(**span: float) -> datetime:
    return datetime.now(UTC) + timedelta(**span) + SLACK


def lasting(**said: float | str | datetime | timedelta) -> LifeView:
    """A life; what is a span is a moment so long from now."""
    now = datetime.now(UTC) + SLACK
    told = {
        name: now + each if isinstance(each, timedelta) else each for name, each in said.items()
    }
    return LifeView(**told)  # type: ignore[arg-type]  # a test's words


@pytest.mark.parametrize(
    ("life", "told", "brief"),
    [
        (
            {"idle_stop_min": 30},
            "It is in use; after 30 min without use it is stopped.",
            "in use",
        ),
        (
            {"idle_stop_min": 30, "idle_stop_at": timedelta(minutes=12)},
            "Nobody uses it: it is stopped in 12 min unless somebody comes.",
            "unused, stops in 12 min",
        ),
        (
            {"idle_stop_min": 30, "problem": "nobody can tell"},
            "It is not stopped after 30 min without use: nobody can tell.",
            "no idle stop",
        ),
        (
            {"lifetime_h": 8, "ends_at": timedelta(hours=3)},
            "Its life time ends in 3 h: then it is stopped, used or not.",
            "ends in 3 h",
        ),
    ],
)
async def test_the_page_and_the_bar_say_how_long_yet(
    control: FakeControl, life: dict[str, Any], told: str, brief: str
) -> None:
    await shop(control, lasting(**life))
    pages = Pages(control)
    assert told in words((await pages.get("/deployments/shop")).text)
    assert brief in words((await pages.get("/deployments/shop/open")).text)


async def test_what_passes_soon_is_a_warning(control: FakeControl) -> None:
    await shop(control, LifeView(lifetime_h=8, ends_at=ahead(minutes=50), is_ending=True))
    page = (await Pages(control).get("/deployments/shop")).text
    assert 'class="life warn"' in page and 'class="life muted"' not in page


async def test_its_owner_gives_it_more_and_others_do_not(control: FakeControl) -> None:
    ends_at = ahead(hours=1)
    await shop(control, LifeView(lifetime_h=8, ends_at=ends_at))
    pages = Pages(control)
    assert 'action="/deployments/shop/extension"' in (await pages.get("/deployments/shop")).text
    done = await pages.post("/deployments/shop/extension", {"hours": "8"}, htmx=True)
    assert done.status_code == 204
    assert control.names["shop"].life.ends_at == ends_at + timedelta(hours=8)
    assert (await pages.post("/deployments/shop/extension", {"hours": "x"})).status_code == 422
    control.names["shop"] = replace(control.names["shop"], readers=("user:victor",))
    others = Pages(control, VIEWER)
    assert "/extension" not in (await others.get("/deployments/shop")).text
    refused = await others.post("/deployments/shop/extension", {"hours": "8"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("rest", "badge", "told"),
    [
        ("idle", "stopped, idle", "It was stopped because nobody used it."),
        ("lifetime", "stopped", "It was stopped at the end of its life time."),
        (None, "stopped", "Start it to use it."),
    ],
)
async def test_why_it_was_stopped_is_told(
    control: FakeControl, rest: str | None, badge: str, told: str
) -> None:
    await shop(control, LifeView(stopped_for=rest), state=DeploymentState.STOPPED)
    pages = Pages(control)
    for address in ("/deployments", "/deployments/shop"):
        page = words((await pages.get(address)).text)
        assert badge in page and told in page


async def test_who_opens_it_wakes_it(control: FakeControl) -> None:
    await shop(control, LifeView(stopped_for="idle"), state=DeploymentState.STOPPED)
    way = RouteView(
        name="shop-web",
        deployment="shop",
        component="web",
        tcp_port="http",
        mode=Mode.HOST,
        url="http://shop-web.localhost/",
        path="/",
        title="",
        state=RouteState.IDLE,
        reason="nobody has used it for a while; a visit starts it",
        owner="alice",
        access=(),
    )
    control.ways["shop-web"] = way
    pages = Pages(control)
    assert "shop is being woken" in words((await pages.get("/deployments/shop/open")).text)
    assert control.woken == ["shop-web"]
    control.ways["shop-web"] = replace(way, refusal="the quota of user:alice is 1")
    page = words((await pages.get("/deployments/shop/open")).text)
    assert "shop cannot be started now" in page and "the quota of user:alice is 1" in page
