"""The caretaker over a real control plane, with a clock and a door that say what they are told.

What the real door sees is in `test_door_lives`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ripieno import settings
from ripieno.bootstrap import running
from ripieno.control.errors import Conflict, InvalidRequest
from ripieno.control.passes import Passes
from ripieno.control.prompt import Prompt
from ripieno.control.requests import Change
from ripieno.control.routes import Routes
from ripieno.control.views import DeploymentView, ReconfigurationKind, RouteState
from ripieno.model.stay import Terms
from ripieno.opening import Opened
from ripieno.routing.base import Addresses, Counters, Endpoint, OpenRoute
from ripieno.settings import ServerSettings
from ripieno.store.records import AuditQuery
from ripieno.testing.control_rig import CALLER, Rig, tcp_ports

ADDRESSES = Addresses(domain="localhost", host_port=1, prefix_port=2)

SERVICE = """{{
    type: service, command: [sleep, "1000"], tcp_ports: {{http: auto}},
    health: {{command: ["true"]}}
  }}"""
TWO = f"""
name: two
version: 1.0.0
components:
  web: {SERVICE}
  store: {SERVICE}
  spare: {SERVICE}
routes:
  - {{{{component: web, tcp_port: http, {{limits}}}}}}
  - {{{{component: store, tcp_port: http, name: two-admin}}}}
"""


class ToldDoor:
    """A door that has as many connections as it is told, None: nobody can see them."""

    def __init__(self) -> None:
        self.open: dict[str, int] | None = {}
        self.may_drain = asyncio.Event()
        self.may_drain.set()
        self.drains = asyncio.Event()

    async def show(self, routes: Sequence[OpenRoute]) -> bool:
        return True

    async def drain(self, endpoints: Collection[Endpoint], *, grace_s: float) -> bool:
        self.drains.set()
        await self.may_drain.wait()
        return True

    async def counters(self) -> Mapping[str, Counters]:
        return {}

    async def under_way(self) -> Mapping[str, int] | None:
        return self.open

    async def problem(self) -> str | None:
        return None


class House(Rig):
    """A control plane whose time goes on when it is told."""

    door: ToldDoor
    at: datetime

    async def later(self, seconds: float, name: str = "two") -> DeploymentView:
        """So much later: looked at all the time, as the caretaker does."""
        caretaker = self.control.caretaker
        while seconds > 0:
            step_s = min(seconds, 5.0)
            self.at += timedelta(seconds=step_s)
            seconds -= step_s
            await caretaker.look()
        return await self.control.deployment(name)

    def visit(self, route: str) -> None:
        """Somebody comes by a route."""
        view = self.control.visitors.routes.find(route)
        assert view is not None
        self.control.visitors.let_in(view, None, address="10.0.0.1")

    async def audited(self, user: str) -> list[tuple[str, str, str | None]]:
        found, _ = await self.control.audit(AuditQuery(user=user), after=None, limit=100)
        return [(each.action, each.result, each.reason) for each in found]


@contextlib.asynccontextmanager
async def house(
    folder: Path, *, terms: Terms | None = None, ends: bool = True
) -> AsyncIterator[House]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240  # a test's own folder
    chosen = ServerSettings(
        home=folder,
        database_url=settings.database_url(folder),
        tcp_ports=tcp_ports(),
        terms=terms or Terms(),
    )
    door = ToldDoor()
    opened = Opened(routes=Routes(door=door, addresses=ADDRESSES), passes=Passes(b"key"))
    found: House | None = None
    try:
        async with running(chosen, opened) as control:
            found = House(control, folder)
            found.door, found.at = door, datetime.now(UTC)
            control.caretaker.now = lambda: found.at
            yield found
    finally:
        if found is not None and ends:
            found.end_strays()


async def test_use_by_any_route_keeps_it_up_and_the_stop_is_explained(tmp_path: Path) -> None:
    async with house(tmp_path) as rig:
        await rig.deploy(TWO.format(limits="idle_stop_min: 1"))
        await rig.change("two", "stop", components=["spare"])
        assert (await rig.later(50)).life.idle_stop_at is not None
        rig.visit("two-admin")
        assert (await rig.later(50)).state == "running"
        rig.door.open = {"two": 1}
        in_use = (await rig.later(200)).life
        assert (in_use.idle_stop_at, in_use.idle_stop_min) == (None, 1)
        rig.door.open = None  # Traefik is started anew, say.
        assert "nobody can tell" in ((await rig.later(200)).life.problem or "")
        rig.door.open = {}
        await rig.later(70)
        view = await rig.settled("two", "stopped")
        assert view.life.stopped_for == "idle"
        assert [each.state for each in view.routes] == [RouteState.IDLE, RouteState.IDLE]
        assert (await rig.events("two", "deployment.idle"))[0].data["reason"] == (
            "nobody has used it for 1 min"
        )
        assert ("deployment.change", "allowed", "nobody has used it for 1 min") in (
            await rig.audited("system")
        )
        # A visit starts what this has stopped, and not what somebody else had.
        for _ in range(5):
            rig.visit("two")
        up = await rig.settled("two")
        assert {each.name: each.places for each in up.components} == {
            "web": ("ready",),
            "store": ("ready",),
            "spare": ("prepared",),
        }
        assert len(await rig.events("two", "deployment.woken")) == 1
        woken = AuditQuery(action="deployment.wake")
        (deed,), _ = await rig.control.audit(woken, after=None, limit=10)
        assert (deed.via, deed.address) == ("visit", "10.0.0.1")
        assert up.life.stopped_for is None
        await rig.until("two", lambda view: view.routes[0].state is RouteState.READY)


async def test_a_visit_while_it_is_stopped_starts_it_when_that_is_done(tmp_path: Path) -> None:
    async with house(tmp_path) as rig:
        await rig.deploy(TWO.format(limits="idle_stop_min: 1"))
        rig.door.may_drain.clear()
        await rig.later(70)
        async with asyncio.timeout(60):
            await rig.door.drains.wait()
        rig.visit("two")
        await rig.until_told("two", "deployment.woken")
        routes = (await rig.control.deployment("two")).routes
        assert {each.state for each in routes} == {RouteState.WAITING}
        rig.door.may_drain.set()
        await rig.settled("two")


async def test_a_visit_at_the_last_moment_wins(tmp_path: Path) -> None:
    async with house(tmp_path) as rig:
        await rig.deploy(TWO.format(limits="idle_stop_min: 1"))
        before = len(await rig.events("two"))
        prompt = Prompt(event="deployment.idle", still_holds=lambda: False)
        with pytest.raises(Conflict):
            await rig.control.change(
                "two", Change(kind=ReconfigurationKind.STOP), caller="system", prompt=prompt
            )
        assert len(await rig.events("two")) == before


async def test_nothing_is_stopped_in_the_middle_of_a_change(tmp_path: Path) -> None:
    async with house(tmp_path) as rig:
        await rig.deploy(TWO.format(limits="idle_stop_min: 1, lifetime_h: 0.02"))
        await rig.later(5)
        rig.door.may_drain.clear()
        asked = await rig.ask("two", "restart")
        async with asyncio.timeout(60):
            await rig.door.drains.wait()
        await rig.control.pause(asked.id, caller=CALLER)
        assert (await rig.later(200)).reconfiguration == asked.id
        rig.door.may_drain.set()
        await rig.control.resume(asked.id, caller=CALLER)
        await rig.settled("two")
        await rig.later(5)
        assert (await rig.settled("two", "stopped")).life.stopped_for == "lifetime"


async def test_a_life_is_warned_of_extended_and_over_at_last(tmp_path: Path) -> None:
    async with house(tmp_path, terms=Terms(lifetime_h=1, most_lifetime_h=2)) as rig:
        control = rig.control
        await rig.deploy(TWO.format(limits="mode: host"))
        view = await rig.later(5)
        assert view.life.lifetime_h == 1 and view.life.ends_at is not None
        rig.door.open = {"two": 1}  # Used or not.
        assert not (await rig.later(3600 - 400)).life.is_ending
        assert (await rig.later(60)).life.is_ending
        assert len(await rig.events("two", "deployment.expiring")) == 1
        with pytest.raises(InvalidRequest, match="more than 2 h from now"):
            await control.extend("two", 3, caller="ada")
        await control.extend("two", 1, caller="ada")
        extended = (await control.deployment("two")).life
        assert extended.ends_at == view.life.ends_at + timedelta(hours=1)
        assert not extended.is_ending
        assert (await rig.later(3600)).state == "running"
        await rig.later(400)
        assert (await rig.settled("two", "stopped")).life.stopped_for == "lifetime"
        assert len(await rig.events("two", "deployment.expiring")) == 2
        # No visit starts it; a start does, and begins another life.
        rig.visit("two")
        with pytest.raises(Conflict, match="begins when it is up"):
            await control.extend("two", 1, caller="ada")
        again = await rig.change("two", "start")
        assert again.life.stopped_for is None
        assert (await rig.later(5)).life.ends_at is not None
        assert await rig.events("two", "deployment.woken") == []


async def test_what_has_no_life_time_is_not_extended(tmp_path: Path) -> None:
    async with house(tmp_path) as rig:
        await rig.deploy(TWO.format(limits="mode: host"))
        with pytest.raises(Conflict, match="two has no life time"):
            await rig.control.extend("two", 1, caller="ada")
        with pytest.raises(InvalidRequest, match="give more than 0"):
            await rig.control.extend("two", float("nan"), caller="ada")
        assert (await rig.later(10_000)).life.stopped_for is None


async def test_clocks_survive_a_restart_and_leave_out_the_time_in_between(tmp_path: Path) -> None:
    limits = TWO.format(limits="idle_stop_min: 2, lifetime_h: 1")
    async with house(tmp_path, ends=False) as rig:
        await rig.deploy(limits)
        before = await rig.later(100)
    async with house(tmp_path) as again:
        again._deployments.append(before.id)
        again.at = rig.at + timedelta(hours=0.5)
        await again.control.caretaker.look()
        after = await again.control.deployment("two")
        assert after.state == "running"
        # The life goes on meanwhile; that nobody came, nobody can know.
        assert after.life.ends_at == before.life.ends_at
        assert after.life.idle_stop_at is None or after.life.idle_stop_at > again.at
        await again.later(70)
        assert (await again.settled("two", "stopped")).life.stopped_for == "idle"
