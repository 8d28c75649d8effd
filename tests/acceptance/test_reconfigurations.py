"""Deployments of real processes on this machine, reconfigured while they run."""

import asyncio
import json
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ripieno.control.errors import Conflict, Held, NameInUse, NotFound
from ripieno.control.hosts import COMPONENTS
from ripieno.control.requests import Decision, OnFailure
from ripieno.runtimes import keeper
from ripieno.testing.control_rig import (
    CALLER,
    PATIENCE_S,
    Rig,
    component,
    kill,
    open_rig,
    pids,
    running_pids,
)

SERVER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        well = not os.path.exists('sick')
        self.send_response(200 if well else 500)
        self.end_headers()
        self.wfile.write(os.environ.get('VERSION', '').encode())
    def log_message(self, *ignored): pass
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
"""


def shop(
    version: int = 1,
    *,
    web: str = "recreate",
    replicas: int = 1,
    page: str = "",
    with_cache: bool = True,
    store: str = "a",
) -> str:
    """A store, a service that holds it, a page that uses that one, and two that stand apart."""
    cache = "  cache: {type: service, command: [sleep, '100001']}\n" if with_cache else ""
    return f"""
name: shop
version: 1.0.{version}
components:
  store:
    type: service
    command: [sleep, '100000']
    env: {{DATA: '{store}'}}
    tcp_ports: {{sql: 0}}
    health: {{command: ['true']}}
    provides: {{sql: store}}
    stop: {{grace_s: 2}}
  web:
    type: service
    command: [sh, -c, 'exec sleep 100000']
    env: {{VERSION: '{version}', STORE: '${{store.url}}'}}
    tcp_ports: {{http: 0}}
    health: {{command: ['true']}}
    uses: {{store: store}}
    provides: {{http: web}}
    replicas: {replicas}
    update: {web}
  page:
    type: service
    command: [sh, -c, 'exec sleep 100000']
    env: {{WEB: '${{web.url}}', PAGE: '{page}'}}
    uses: {{web: {{interface: web, hold: starting}}}}
  loner: {{type: service, command: [sleep, '100002']}}
{cache}"""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path / "home") as rig:
        yield rig


async def answer(port: int) -> str | None:
    """What a page on a port answers, None if nobody does."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return None
    try:
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        said = await reader.read()
    except OSError:
        return None
    finally:
        writer.close()
    return said.rpartition(b"\r\n\r\n")[2].decode()


def environment(pid: int) -> dict[str, str]:
    words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(each.decode().split("=", 1) for each in words if b"=" in each)


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


async def test_what_a_change_does_not_touch_keeps_its_process(rig: Rig) -> None:
    before = pids(await rig.deploy(shop()))
    view = await rig.change("shop", "apply", document=shop(2))
    after = pids(view)
    assert {name for name in before if before[name] != after[name]} == {"web/0"}
    assert after == running_pids(view.id)
    assert environment(after["web/0"])["VERSION"] == "2"
    view = await rig.change("shop", "apply", document=shop(2, page="new"))
    assert {name for name, pid in pids(view).items() if after[name] != pid} == {"page/0"}
    view = await rig.change("shop", "apply", document=shop(2, page="new", with_cache=False))
    assert set(pids(view)) == set(after) - {"cache/0"}
    assert pids(view) == running_pids(view.id)


async def test_applying_the_same_again_changes_nothing(rig: Rig) -> None:
    before = pids(await rig.deploy(shop()))
    view = await rig.change("shop", "apply", document=shop())
    assert pids(view) == before


async def test_a_held_provider_is_changed_with_its_users_and_not_with_others(rig: Rig) -> None:
    before = pids(await rig.deploy(shop()))
    after = pids(await rig.change("shop", "apply", document=shop(store="b")))
    assert {name for name in before if before[name] != after[name]} == {"store/0", "web/0"}


PAGES = """
name: pages
version: 1.0.{version}
components:
  web:
    type: service
    command: [{python}, server.py]
    env: {{VERSION: '{version}'}}
    files: [{{target: server.py, content: {content}}}]
    tcp_ports: {{http: 0}}
    health: {{http: /, interval_s: 0.1, failures: 2, timeout_s: 2}}
    provides: {{http: http}}
    replicas: {replicas}
    update: rolling
    restart: {{backoff_s: 0.1}}
  user:
    type: service
    command: [sleep, '100000']
    env: {{WEB: '${{web.url}}'}}
    uses: {{web: {{interface: http, hold: starting}}}}
"""


def pages(version: int, *, replicas: int = 1, content: str = SERVER) -> str:
    return PAGES.format(
        version=version, replicas=replicas, python=sys.executable, content=json.dumps(content)
    )


def ports(rig_view: object, name: str = "web") -> list[int]:
    return [each.tcp_ports["http"] for each in component(rig_view, name).replicas]  # type: ignore[arg-type]


@pytest.mark.parametrize("replicas", [1, 3])
async def test_a_rolling_update_always_has_a_replica_that_answers(rig: Rig, replicas: int) -> None:
    view = await rig.deploy(pages(1, replicas=replicas))
    user = pids(view)["user/0"]
    assert environment(user)["WEB"] == component(view, "web").addresses["http"]
    seen: set[str] = set()
    asked = await rig.ask("pages", "apply", document=pages(2, replicas=replicas))
    while True:
        now = await rig.control.deployment("pages")
        answers = [await answer(port) for port in ports(now)]
        # Between the look and the question one may have gone, and another is there by then.
        if not any(answers):
            now = await rig.control.deployment("pages")
            answers = [await answer(port) for port in ports(now)]
        assert any(answers), "nobody answers"
        seen.update(filter(None, answers))
        if (await rig.control.reconfiguration(asked.id)).state.is_over:
            break
    await rig.ended(asked.id)
    view = await rig.control.deployment("pages")
    assert seen == {"1", "2"}
    assert {await answer(port) for port in ports(view)} == {"2"}
    assert len(ports(view)) == replicas
    assert environment(pids(view)["user/0"])["WEB"] == component(view, "web").addresses["http"]
    assert pids(view)["user/0"] != user, "the user was not told of the new address"
    assert pids(view) == running_pids(view.id)


FOLLOWING = """
name: following
version: 1.0.{version}
components:
  web:
    type: service
    command: [sh, -c, 'sleep 0.3; touch up; exec sleep 100000']
    env: {{VERSION: '{version}'}}
    tcp_ports: {{http: 0}}
    provides: {{http: web}}
    update: rolling
    health: {{command: [test, -e, up], interval_s: 0.1}}
  user:
    type: service
    command: [sleep, '100000']
    uses: {{web: web}}
    env: {{WEB: '${{web.url}}'}}
  apart:
    type: service
    command: [sh, -c, 'rm -f up; sleep 1.5; touch up; exec sleep 100000']
    restart: {{backoff_s: 0.05, backoff_cap_s: 0.1}}
    # What was there before is taken away in time to be seen, or else is missed for 1.5 s only.
    health: {{command: [test, -e, up], interval_s: 0.1, failures: 100}}
"""


async def test_a_crash_elsewhere_does_not_keep_users_from_being_told_of_a_new_address(
    rig: Rig,
) -> None:
    view = await rig.deploy(FOLLOWING.format(version=1))
    change = await rig.ask(view.id, "apply", document=FOLLOWING.format(version=2))
    await rig.until_told(view.id, "reconfiguration.started", count=2)
    kill(pids(view)["apart/0"])
    await rig.ended(change.id, "completed")
    view = await rig.settled(view.id)
    assert environment(pids(view)["user/0"])["WEB"] == component(view, "web").addresses["http"]
    assert component(view, "apart").restarts == 1


CHOOSING = """
name: choosing
version: 1.0.0
parameters: {{properties: {{which: {{type: string, default: one}}}}}}
components:
  one: &provider
    type: service
    command: [sleep, '100000']
    tcp_ports: {{http: 0}}
    provides: {{http: web}}
    health: {{command: ['true'], interval_s: 0.1}}
  two: *provider
  user:
    type: service
    # It starts for longer than its checks would have patience with one that is at work.
    command: [sh, -c, 'echo "$WEB" >> {told}; sleep 0.8; touch up; exec sleep 100000']
    health: {{command: [test, -e, up], interval_s: 0.1, failures: 2}}
    env: {{WEB: '${{web.url}}'}}
    uses: {{web: {{interface: web, select: '${{parameters.which}}'}}}}
    update: {update}
"""


@pytest.mark.parametrize("update", ["rolling", "recreate"])
async def test_a_service_that_is_to_use_another_provider_is_replaced_once(
    rig: Rig, update: str
) -> None:
    told = rig.home / "told"
    document = CHOOSING.format(told=told, update=update)
    before = await rig.deploy(document)
    asked = await rig.ask(before.id, "apply", document=document, parameters={"which": "two"})
    await rig.ended(asked.id)
    view = await rig.settled(before.id)
    addresses = [component(view, name).addresses["http"] for name in ("one", "two")]
    assert told.read_text(encoding="utf-8").split() == addresses  # two lines
    assert pids(view) == running_pids(view.id)


async def test_a_service_is_scaled_up_and_down_without_touching_what_runs(rig: Rig) -> None:
    before = pids(await rig.deploy(shop()))
    view = await rig.change("shop", "scale", replicas={"web": 3})
    more = pids(view)
    assert len(ports(view)) == len(set(ports(view))) == 3
    assert more.items() > before.items() and len(more) == len(before) + 2
    view = await rig.change("shop", "scale", replicas={"web": 2})
    assert set(more) - set(pids(view)) == {"web/2"}
    view = await rig.change("shop", "scale", replicas={"web": 1})
    assert pids(view) == before == running_pids(view.id)


async def test_stopping_a_component_stops_those_that_hold_it_and_starting_brings_them_back(
    rig: Rig,
) -> None:
    before = pids(await rig.deploy(shop()))
    view = await rig.change("shop", "stop", components=["store"])
    assert set(before) - set(pids(view)) == {"store/0", "web/0"}
    assert pids(view) == running_pids(view.id)
    assert component(view, "web").places == ("prepared",)
    addresses = component(view, "web").replicas[0].tcp_ports
    view = await rig.change("shop", "start", components=["web"])
    after = pids(view)
    assert {name for name in before if before[name] != after[name]} == {"store/0", "web/0"}
    assert component(view, "web").replicas[0].tcp_ports == addresses
    assert view.state == "running"
    view = await rig.change("shop", "stop")
    assert view.state == "stopped" and not running_pids(view.id)
    view = await rig.change("shop", "start")
    assert view.state == "running" and set(running_pids(view.id)) == set(before)


async def test_a_restart_gives_new_processes_on_the_same_ports(rig: Rig) -> None:
    view = await rig.deploy(shop())
    before, port = pids(view), ports(view)
    view = await rig.change("shop", "restart", components=["web"])
    after = pids(view)
    assert {name for name in before if before[name] != after[name]} == {"web/0"}
    assert ports(view) == port


STEPS = """
name: steps
version: 1.0.0
component_types:
  Step:
    initial: off
    places: [off, half, on]
    transitions:
      one: {{from: off, to: half, behavior: deploy, action: {action}}}
      two: {{from: half, to: on, behavior: deploy, action: {action}}}
      fall: {{from: on, to: off, behavior: remove}}
      back: {{from: half, to: off, behavior: remove, dock_set: back}}
components:
  a: {{type: Step}}
  b: {{type: Step}}
  c: {{type: service, command: [sleep, '100000']}}
"""


def steps(action: str = "{call: ripieno.sleep, with: {seconds: 0.2}}") -> str:
    return STEPS.format(action=action)


async def test_a_paused_reconfiguration_begins_nothing_more_until_it_is_resumed(rig: Rig) -> None:
    view, record = await rig.begin(steps())
    await rig.control.pause(record.id, caller=CALLER)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            paused = await rig.control.reconfiguration(record.id)
            if {each.state for each in paused.timeline} == {"done", "held"}:
                break
            await asyncio.sleep(0.01)
    assert paused.state == "paused"
    seen = len(await rig.events("steps"))
    with pytest.raises(Conflict, match="paused"):
        await rig.control.pause(record.id, caller=CALLER)
    assert len(await rig.events("steps")) == seen
    await rig.control.resume(record.id, caller=CALLER)
    await rig.ended(record.id)
    assert (await rig.control.deployment(view.id)).state == "running"
    told = [each.kind for each in await rig.events("steps")]
    assert "reconfiguration.paused" in told and "reconfiguration.resumed" in told


async def test_what_has_begun_is_told_before_it_is_written(rig: Rig) -> None:
    deployment = await rig.deploy(shop())
    lock = sqlite3.connect(rig.home / "ripieno.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    restarting = asyncio.create_task(rig.ask(deployment.id, "restart"))
    async with asyncio.timeout(PATIENCE_S):
        while not (begun := (await rig.control.deployment("shop")).reconfiguration):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    told = await rig.control.reconfiguration(begun)
    assert (told.kind, told.state) == ("restart", "running")
    assert not restarting.done()
    lock.close()
    assert (await restarting).id == begun
    await rig.ended(begun, "completed")


@pytest.mark.parametrize("is_paused", [False, True])
async def test_a_cancelled_deployment_ends_in_a_legal_state_and_can_go_on(
    rig: Rig, is_paused: bool
) -> None:
    _, record = await rig.begin(steps("{call: ripieno.sleep, with: {seconds: 30}}"))
    if is_paused:
        await rig.control.pause(record.id, caller=CALLER)
    await rig.until_told("steps", "transition.ended", component="c")
    await rig.control.cancel(record.id, caller=CALLER)
    await rig.ended(record.id, "cancelled")
    view = await rig.control.deployment("steps")
    assert {each.status for each in view.components} == {"idle"}
    assert component(view, "a").places == ("off",)
    view = await rig.change("steps", "apply", document=steps())
    assert view.state == "running"
    view = await rig.change(view.id, "remove")
    assert not running_pids(view.id)


async def test_a_cancelled_change_leaves_what_was_done_and_undoes_nothing(rig: Rig) -> None:
    document = """
name: pair
version: 1.0.{v}
components:
  quick: {{type: service, command: [sleep, '100000'], env: {{V: '{v}'}}}}
  slow:
    type: service
    command: [sleep, '100000']
    env: {{V: '{v}'}}
    health: {{command: [{check}]}}
"""
    before = pids(await rig.deploy(document.format(v=1, check="'true'")))
    asked = await rig.ask("pair", "apply", document=document.format(v=2, check="'false'"))
    await rig.until("pair", lambda view: component(view, "slow").transitions == ("become_ready",))
    await rig.until("pair", lambda view: component(view, "quick").status == "idle")
    await rig.control.cancel(asked.id, caller=CALLER)
    await rig.ended(asked.id, "cancelled")
    view = await rig.control.deployment("pair")
    assert running_pids(view.id) == pids(view)
    assert environment(pids(view)["quick/0"])["V"] == "2"
    view = await rig.change("pair", "apply", document=document.format(v=1, check="'true'"))
    assert view.state == "running" and set(running_pids(view.id)) == set(before)
    assert {environment(pid)["V"] for pid in pids(view).values()} == {"1"}


async def test_a_second_change_is_refused_by_name_of_the_first_or_queued_behind_it(
    rig: Rig,
) -> None:
    _, first = await rig.begin(steps())
    with pytest.raises(Held, match=first.id):
        await rig.ask("steps", "stop")
    second = await rig.ask("steps", "stop", components=["c"], queues=True)
    third = await rig.ask("steps", "start", components=["c"], queues=True)
    assert (second.state, third.state) == ("queued", "queued")
    fourth = await rig.ask("steps", "stop", queues=True)
    await rig.control.cancel(fourth.id, caller=CALLER)
    await rig.ended(third.id)
    order = [
        each.reconfiguration for each in await rig.events("steps", "reconfiguration.completed")
    ]
    assert order == [first.id, second.id, third.id]
    assert (await rig.control.reconfiguration(fourth.id)).state == "cancelled"
    assert (await rig.settled("steps")).state == "running"


async def test_what_is_queued_behind_a_change_that_is_rolled_back_does_not_bring_it_in(
    rig: Rig,
) -> None:
    await rig.deploy(shop(1))
    bad = shop(2).replace("exec sleep 100000'", "exit 3'", 1)
    first = await rig.ask("shop", "apply", document=bad.replace("deadline_s", ""))
    second = await rig.ask("shop", "scale", replicas={"cache": 2}, queues=True)
    # It is started again and again until its deadline.
    await rig.until_told("shop", "component.note")
    await rig.control.cancel(first.id, caller=CALLER)
    await rig.ended(second.id)
    view = await rig.control.deployment("shop")
    assert len(component(view, "cache").replicas) == 2


def failing(version: int, *, on: str = "exit 3") -> str:
    return f"""
name: shop
version: 1.0.{version}
components:
  store: {{type: service, command: [sleep, '100000'], provides: {{}}}}
  web:
    type: service
    command: [sh, -c, 'echo {version}; {on}']
    restart: {{condition: never}}
    deadline_s: 5
"""


async def test_a_failed_change_is_rolled_back_to_exactly_what_ran_before(rig: Rig) -> None:
    view = await rig.deploy(failing(1, on="exec sleep 100000"))
    before, document = pids(view), view.document
    asked = await rig.ask("shop", "apply", document=failing(2))
    record = await rig.ended(asked.id, "failed")
    assert record.rollback is not None
    assert "exit code 3" in (record.reason or "") and "2" in (record.reason or "")
    await rig.ended(record.rollback)
    view = await rig.settled("shop")
    after = pids(view)
    assert after["store/0"] == before["store/0"]
    assert (view.version, view.document) == ("1.0.1", document)
    assert "sleep" in command_line(after["web/0"]) and after == running_pids(view.id)


async def test_a_failed_rolling_update_leaves_the_old_replicas_alone(rig: Rig) -> None:
    before = pids(await rig.deploy(pages(1, replicas=2)))
    broken = pages(2, replicas=2, content="import sys; sys.exit('no such thing')")
    broken = broken.replace("backoff_s: 0.1", "backoff_s: 0.1, limit: 1")
    asked = await rig.ask("pages", "apply", document=broken)
    record = await rig.ended(asked.id, "failed")
    assert "no such thing" in (record.reason or "")
    assert record.rollback is not None
    await rig.ended(record.rollback)
    view = await rig.settled("pages")
    assert pids(view) == before == running_pids(view.id)


async def test_a_failed_scaling_takes_its_new_replicas_away(rig: Rig) -> None:
    document = """
name: few
version: 1.0.0
components:
  web:
    type: service
    command: [sh, -c, 'test $0 -lt 2 && exec sleep 100000; exit 7', '${replica}']
    restart: {condition: never}
"""
    before = pids(await rig.deploy(document))
    asked = await rig.ask("few", "scale", replicas={"web": 4})
    record = await rig.ended(asked.id, "failed")
    assert "exit code 7" in (record.reason or "")
    assert record.rollback is not None
    await rig.ended(record.rollback)
    view = await rig.settled("few")
    assert pids(view) == before == running_pids(view.id)


async def test_a_roll_that_fails_half_way_is_rolled_back_too(rig: Rig) -> None:
    document = """
name: half
version: 1.0.{v}
components:
  web:
    type: service
    command: [sh, -c, '{test}exec sleep 100000']
    env: {{V: '{v}'}}
    restart: {{condition: never}}
    update: rolling
    replicas: 2
"""
    await rig.deploy(document.format(v=1, test=""))
    # The first new one is well, the second one is not.
    marker = rig.home / "once"
    test = f"mkdir {marker} || exit 8; "
    asked = await rig.ask("half", "apply", document=document.format(v=2, test=test))
    record = await rig.ended(asked.id, "failed")
    assert record.rollback is not None
    await rig.ended(record.rollback)
    view = await rig.settled("half")
    assert len(pids(view)) == 2 and pids(view) == running_pids(view.id)
    assert {environment(pid)["V"] for pid in pids(view).values()} == {"1"}


async def test_a_start_that_fails_half_way_leaves_no_process(rig: Rig) -> None:
    document = """
name: half
version: 1.0.{v}
components:
  web:
    type: service
    command: ['./run-${{replica}}', '100000']
    files: [{{target: run-0, content: "#!/bin/sh\\nexec sleep 100000\\n", mode: 0o755}}]
    replicas: {replicas}
"""
    one = document.format(v=1, replicas=1)
    before = await rig.deploy(one)
    asked = await rig.ask("half", "apply", document=document.format(v=2, replicas=3))
    record = await rig.ended(asked.id, "failed")
    assert "run-1" in (record.reason or "") or "run-2" in (record.reason or "")
    assert record.rollback is not None
    await rig.ended(record.rollback)
    view = await rig.settled("half")
    assert set(pids(view)) == set(pids(before))
    assert pids(view) == running_pids(view.id)


async def test_a_failed_deployment_stays_as_it_is_and_says_why_with_the_last_lines(
    rig: Rig,
) -> None:
    document = """
name: sad
version: 1.0.0
components:
  good: {type: service, command: [sleep, '100000']}
  bad:
    type: service
    command: [sh, -c, 'echo the disk is made of cheese >&2; exit 3']
    restart: {limit: 1, backoff_s: 0.05}
"""
    view = await rig.deploy(document, expected="failed")
    assert view.state == "failed"
    assert "the disk is made of cheese" in (view.reason or "")
    assert "exit code 3" in (component(view, "bad").failure or "")
    assert set(pids(view)) >= {"good/0"} and set(running_pids(view.id)) == {"good/0"}
    (failed,) = await rig.events("sad", "transition.failed")
    assert "the disk is made of cheese" in failed.data["cause"]
    view = await rig.change("sad", "remove")
    assert not running_pids(view.id)


async def test_a_failed_deployment_is_undone_if_that_is_asked_for(rig: Rig) -> None:
    view, record = await rig.begin(failing(1), on_failure=OnFailure.ROLLBACK)
    failed = await rig.ended(record.id, "failed")
    assert failed.rollback is not None
    await rig.ended(failed.rollback)
    assert not running_pids(view.id)
    assert (await rig.control.deployment(view.id)).components == ()


@pytest.mark.parametrize("decision", list(Decision))
async def test_what_has_failed_is_tried_again_skipped_or_abandoned(
    rig: Rig, decision: Decision
) -> None:
    marker = rig.home / "may-go-on"
    document = f"""
name: sad
version: 1.0.0
component_types:
  Step:
    initial: off
    places: [off, on]
    transitions:
      rise: {{from: off, to: on, behavior: deploy, action: {{run: [test, -e, {marker}]}}}}
      fall: {{from: on, to: off, behavior: remove}}
components:
  a: {{type: Step}}
"""
    view = await rig.deploy(document, expected="failed")
    assert component(view, "a").status == "failed"
    with pytest.raises(Conflict, match=r"a\.fall has not failed"):
        await rig.control.decide("sad", "a", "fall", decision, caller=CALLER)
    marker.touch()
    await rig.control.decide("sad", "a", "rise", decision, caller=CALLER)
    view = await rig.until("sad", lambda view: component(view, "a").status == "idle")
    place = "off" if decision is Decision.ABANDON else "on"
    assert component(view, "a").places == (place,)
    assert view.state == ("degraded" if decision is Decision.ABANDON else "running")
    with pytest.raises(Conflict, match="has not failed"):
        await rig.control.decide("sad", "a", None, decision, caller=CALLER)


ACTIONS = """
import asyncio
from pathlib import Path
from ripieno.actions import action

@action("test.note")
async def note(context):
    path = Path(context.settings["file"])
    with path.open("a") as file:
        file.write(f"{context.command} {context.attempt} {context.arguments['what']}\\n")
    done = await context.host.run(["echo", "hello"])
    context.say(done.stdout.decode().strip())
    return {"out": {"said": context.arguments["what"], "got": context.inputs.get("need")}}

@action("test.bad")
async def bad(context):
    raise ValueError("this cannot be")
"""

OWN = """
name: own
version: 1.0.0
component_types:
  First:
    initial: off
    places: [off, on]
    transitions:
      rise:
        from: off
        to: on
        behavior: deploy
        action: {{call: {call}, with: {{what: '${{settings.word}}'}}}}
      fall: {{from: on, to: off, behavior: remove, action: {{run: [touch, {file}.fallen]}}}}
    ports:
      out: {{kind: provide, on: [on]}}
  Second:
    initial: off
    places: [off, on]
    transitions:
      rise:
        from: off
        to: on
        behavior: deploy
        action: {{run: [sh, -c, 'echo "$WORD" >> {file}.word'], env: {{WORD: '${{need.said}}'}}}}
      fall: {{from: on, to: off, behavior: remove}}
    ports:
      need: {{kind: use, on: [rise], interface: out}}
components:
  one: {{type: First, with: {{word: hello, file: {file}}}}}
  two: {{type: Second}}
"""


@pytest.fixture
async def own_rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    (tmp_path / "own_actions_of_a_test.py").write_text(ACTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_actions_of_a_test", raising=False)
    async with open_rig(tmp_path / "home", actions=["own_actions_of_a_test"]) as rig:
        yield rig


async def test_own_component_types_call_coroutines_and_run_commands(
    own_rig: Rig, tmp_path: Path
) -> None:
    file = tmp_path / "notes"
    view = await own_rig.deploy(OWN.format(file=file, call="test.note"))
    command, attempt, word = file.read_text().split()
    assert command.startswith(f"{view.id}/") and (attempt, word) == ("1", "hello")
    assert file.with_suffix(".word").read_text() == "hello\n"
    (said,) = await own_rig.events(view.id, "component.note")
    assert (said.component, said.data["text"]) == ("one", "hello")
    await own_rig.change(view.id, "remove")
    assert file.with_suffix(".fallen").exists()


async def test_an_action_that_raises_fails_with_its_words(own_rig: Rig, tmp_path: Path) -> None:
    view = await own_rig.deploy(
        OWN.format(file=tmp_path / "notes", call="test.bad"), expected="failed"
    )
    assert "ValueError: this cannot be" in (view.reason or "")


async def test_an_action_that_nobody_has_registered_fails_and_says_what_there_is(
    rig: Rig, tmp_path: Path
) -> None:
    view = await rig.deploy(
        OWN.format(file=tmp_path / "notes", call="no.such-thing"), expected="failed"
    )
    assert "no.such-thing" in (view.reason or "") and "--actions" in (view.reason or "")


JOBS = """
name: jobs
version: 1.0.0
components:
  job:
    type: job
    command: [sh, -c, '{command}']
    tcp_ports: {{}}
  external:
    type: external
    address: {{host: 127.0.0.1, tcp_ports: {{sql: {port}}}}}
    provides: {{sql: store}}
    deadline_s: {deadline_s}
  user:
    type: service
    command: [sleep, '100000']
    env: {{STORE: '${{store.url}}'}}
    uses: {{store: store}}
"""


async def test_jobs_run_once_and_what_exists_is_used_by_its_address(
    rig: Rig, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        document = JOBS.format(command=f"echo x >> {tmp_path}/ran", port=port, deadline_s=5)
        view = await rig.deploy(document)
        assert component(view, "job").places == ("done",)
        assert (tmp_path / "ran").read_text() == "x\n"
        user = pids(view)["user/0"]
        assert environment(user)["STORE"] == f"store://127.0.0.1:{port}"
        view = await rig.change("jobs", "apply", document=document)
        assert (tmp_path / "ran").read_text() == "x\n"
        view = await rig.change("jobs", "restart", components=["job"])
        assert (tmp_path / "ran").read_text() == "x\nx\n"
        assert pids(view)["user/0"] == user
        view = await rig.change("jobs", "stop")
        assert view.state == "stopped" and component(view, "job").places == ("done",)
        view = await rig.change("jobs", "start")
        assert view.state == "running" and (tmp_path / "ran").read_text() == "x\nx\n"
        view = await rig.change("jobs", "remove")
        assert not running_pids(view.id)


async def test_a_job_that_fails_and_an_external_that_is_not_there_say_so(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    document = JOBS.format(command="echo oh no; exit 4", port=port, deadline_s=0.5)
    view = await rig.deploy(document, expected="failed")
    assert "exit code 4" in (component(view, "job").failure or "")
    assert "oh no" in (component(view, "job").failure or "")
    assert "was not found within 0.5 s" in (component(view, "external").failure or "")


async def test_a_cancelled_job_does_not_run_on(rig: Rig) -> None:
    document = """
name: long
version: 1.0.0
components:
  job: {type: job, command: [sleep, '100000']}
"""
    view, record = await rig.begin(document)
    await rig.until_running(view.id, 1)
    await rig.control.cancel(record.id, caller=CALLER)
    await rig.ended(record.id, "cancelled")
    assert not running_pids(view.id)


async def test_a_cancelled_command_does_not_run_on(rig: Rig) -> None:
    view, record = await rig.begin(steps("{run: [sleep, '100000']}"))
    await rig.until_running(view.id, 3)
    await rig.control.cancel(record.id, caller=CALLER)
    await rig.ended(record.id, "cancelled")
    assert set(running_pids(view.id)) == {"c/0"}


async def test_secrets_reach_the_process_and_nothing_else(rig: Rig) -> None:
    await rig.control.set_secret("password", "xyzzy-plugh-42", caller=CALLER)
    document = """
name: secretive
version: 1.0.0
components:
  web:
    type: service
    command: [sh, -c, 'test -n "$PASSWORD" || exit 1; exec sleep 100000']
    env: {PASSWORD: {secret: password}}
"""
    view = await rig.deploy(document)
    assert environment(pids(view)["web/0"])["PASSWORD"] == "xyzzy-plugh-42"
    await rig.change("secretive", "restart")
    told = json.dumps([each.data for each in await rig.events(view.id)])
    assert "xyzzy" not in told
    view = await rig.change("secretive", "remove")
    assert b"xyzzy" not in everything_under(rig.home)


def everything_under(folder: Path) -> bytes:
    found = [each.read_bytes() for each in folder.rglob("*") if each.is_file()]
    with sqlite3.connect(folder / "ripieno.db") as database:
        found.append("\n".join(database.iterdump()).encode())
    database.close()
    return b"\n".join(found)


async def test_files_are_brought_before_the_start(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("from the server")
    document = """
name: files
version: 1.0.0
components:
  store:
    type: service
    command: [sleep, '100000']
    tcp_ports: {sql: 0}
    health: {command: ['true']}
    provides: {sql: store}
  web:
    type: service
    command: [sh, run.sh]
    uses: {store: store}
    files:
      - {target: run.sh, content: 'cat data/data.txt url; echo; exec sleep 9999', mode: 0o700}
      - {target: data/data.txt, source: data.txt}
      - {target: url, content: '${store.url}'}
    health: {command: [test, -s, url]}
"""
    view = await rig.deploy(document, directory=tmp_path)
    folder = rig.home / COMPONENTS / view.id / "web" / "0" / keeper.CWD
    url = component(view, "store").addresses["sql"]
    assert (folder / "data/data.txt").read_text() == "from the server"
    assert (folder / "url").read_text() == url
    assert (folder / "run.sh").stat().st_mode & 0o777 == 0o700
    # It is healthy by what was brought, before it has said anything.
    async with asyncio.timeout(60.0):
        said = ""
        async for line in rig.control.logs(
            view.id, component="web", replica=None, follow=True, since=None, tail=None
        ):
            said += line.text
            if url in said:
                break
    assert said == f"from the server{url}"


async def test_two_deployments_of_one_name_at_once_are_one_deployment(rig: Rig) -> None:
    document = "name: one\nversion: 1.0.0\ncomponents: {a: {type: service, command: [sleep, '9']}}"
    answers = await asyncio.gather(*(rig.begin(document) for _ in range(5)), return_exceptions=True)
    made = [each for each in answers if not isinstance(each, BaseException)]
    refused = [each for each in answers if isinstance(each, BaseException)]
    assert len(made) == 1 and all(isinstance(each, NameInUse) for each in refused)
    await rig.ended(made[0][1].id)
    view = await rig.change("one", "remove")
    assert view.state == "removed"
    await rig.deploy(document)


async def test_unknown_things_are_refused_by_name(rig: Rig) -> None:
    await rig.deploy(shop())
    with pytest.raises(NotFound, match="nosuch"):
        await rig.ask("nosuch", "stop")
    with pytest.raises(NotFound, match=r"nosuch.*store"):
        await rig.ask("shop", "stop", components=["nosuch"])
    with pytest.raises(NotFound, match="nosuch"):
        await rig.ask("shop", "scale", replicas={"nosuch": 2})
