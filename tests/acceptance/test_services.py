"""Services on real processes: checks, restarts and tries are as their files say."""

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ripieno.control.hosts import COMPONENTS
from ripieno.control.requests import Decision
from ripieno.runtimes import keeper
from ripieno.testing.control_rig import (
    CALLER,
    Rig,
    component,
    kill,
    open_rig,
    pids,
    running_pids,
)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path / "home") as rig:
        yield rig


async def test_a_service_that_is_not_ready_in_time_fails_and_says_what_was_missing(
    rig: Rig,
) -> None:
    document = """
name: late
version: 1.0.0
components:
  web:
    type: service
    command: [sh, -c, 'echo still warming up; exec sleep 100000']
    tcp_ports: {http: 0}
    deadline_s: 0.5
"""
    view = await rig.deploy(document, expected="failed")
    failure = component(view, "web").failure or ""
    assert "not ready within 0.5 s" in failure and "nothing listens" in failure
    assert "still warming up" in failure


HEALTHY = """
name: well
version: 1.0.0
components:
  web:
    type: service
    command: [{python}, server.py]
    files: [{{target: server.py, content: {content}}}]
    tcp_ports: {{http: 0}}
    health: {{{health}, interval_s: 0.1, failures: 2, timeout_s: 5}}
    restart: {{backoff_s: 0.1, condition: {condition}}}
    replicas: {replicas}
    stop: {{grace_s: 2}}
  user:
    type: service
    command: [sleep, '100000']
    uses: {{web: http}}
"""
SICKENING = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if os.path.exists('sick') else 200)
        self.end_headers()
    def log_message(self, *ignored): pass
if os.path.exists('sick'): os.unlink('sick')
open('up', 'w').close()
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
"""


def healthy(health: str, *, replicas: int = 1, condition: str = "always") -> str:
    return HEALTHY.format(
        python=sys.executable,
        content=json.dumps(SICKENING),
        health=health,
        replicas=replicas,
        condition=condition,
    ).replace("    stop: {grace_s: 2}\n", "    stop: {grace_s: 2}\n    provides: {http: http}\n")


@pytest.mark.parametrize(
    ("health", "replicas"),
    [
        ("http: /", 1),
        ("http: /", 2),
        ("command: [sh, -c, 'test -e up && test ! -e sick']", 1),
    ],
)
async def test_a_service_that_becomes_unhealthy_is_started_again(
    rig: Rig, health: str, replicas: int
) -> None:
    view = await rig.deploy(healthy(health, replicas=replicas))
    before, port = pids(view), component(view, "web").replicas[-1].tcp_ports
    sick = f"web/{replicas - 1}"
    (rig.home / COMPONENTS / view.id / sick / keeper.CWD / "sick").touch()
    (told,) = await rig.until_told("well", "component.unhealthy")
    assert told.data["slot"] == replicas - 1
    view = await rig.until(
        "well", lambda view: view.state == "running" and pids(view).get(sick) != before[sick]
    )
    assert {name for name in before if before[name] != pids(view)[name]} == {sick}
    assert component(view, "web").replicas[-1].tcp_ports == port
    assert pids(view) == running_pids(view.id)
    lost = await rig.events("well", "component.provider_lost")
    assert [each.component for each in lost] == (["user"] if replicas == 1 else [])


async def test_an_unhealthy_service_that_is_never_restarted_can_be_stopped(rig: Rig) -> None:
    view = await rig.deploy(healthy("http: /", condition="never"))
    (rig.home / COMPONENTS / view.id / "web/0" / keeper.CWD / "sick").touch()
    await rig.until_told("well", "component.given_up")
    view = await rig.settled("well", "degraded")
    assert pids(view) == running_pids(view.id)
    view = await rig.change("well", "stop")
    assert not running_pids(view.id)
    view = await rig.change("well", "start")
    assert view.state == "running"


async def test_a_policy_says_who_is_started_again(rig: Rig) -> None:
    document = """
name: policies
version: 1.0.0
components:
  never: {type: service, command: [sleep, '100000'], restart: {condition: never}}
  always: {type: service, command: [sleep, '100000'], restart: {backoff_s: 0.05}}
  failing:
    type: service
    command: [sh, -c, 'trap "exit 0" TERM; while :; do sleep 0.05; done']
    restart: {condition: on_failure, backoff_s: 0.05}
"""
    view = await rig.deploy(document)
    before = pids(view)
    for name in ("never/0", "always/0"):
        kill(before[name])
    os.kill(before["failing/0"], 15)
    given_up = await rig.until_told("policies", "component.given_up", count=2)
    assert {each.component for each in given_up} == {"never", "failing"}
    gone = before["always/0"]
    await rig.until("policies", lambda view: pids(view).get("always/0", gone) != gone)
    view = await rig.settled("policies", "degraded")
    assert component(view, "never").places == ("prepared",)
    assert set(running_pids(view.id)) == {"always/0"}
    view = await rig.change("policies", "start")
    assert view.state == "running" and set(running_pids(view.id)) == set(before)
    kill(pids(view)["failing/0"])
    await rig.until_told("policies", "component.restarting", component="failing")
    await rig.settled("policies")


async def test_checks_know_what_the_process_knows_for_as_long_as_it_runs(rig: Rig) -> None:
    view = await rig.deploy(
        """
name: asked
version: 1.0.0
components:
  web:
    type: service
    command: [sleep, '100000']
    env: {NAME: '${deployment}'}
    health:
      command: [sh, -c, 'echo "$0 $NAME" >> checks', '${deployment}/${component}/${replica}']
      interval_s: 0.05
"""
    )
    checks = rig.home / COMPONENTS / view.id / "web/0" / keeper.CWD / "checks"
    await rig.until("asked", lambda _: len(checks.read_text().splitlines()) > 3)
    assert {*checks.read_text().split()} == {"asked/web/0"}
    assert component(await rig.control.deployment("asked"), "web").restarts == 0


async def test_what_is_never_restarted_is_brought_back_where_somebody_tries_again(
    rig: Rig,
) -> None:
    marker = rig.home / "may-go-on"
    view = await rig.deploy(
        f"""
name: once
version: 1.0.0
components:
  a:
    type: service
    command: [sh, -c, 'test -e {marker} && exec sleep 100000']
    restart: never
""",
        expected="failed",
    )
    assert component(view, "a").status == "failed"
    marker.touch()
    await rig.control.decide("once", "a", None, Decision.RETRY, caller=CALLER)
    view = await rig.settled("once")
    assert set(running_pids(view.id)) == {"a/0"} == set(pids(view))
