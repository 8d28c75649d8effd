"""Looking at deployments of a real control: what they use, how they stand, how they were."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from ripieno.control.errors import InvalidRequest
from ripieno.control.gate import Gate
from ripieno.control.requests import Change, Source
from ripieno.control.views import ReconfigurationKind
from ripieno.model.access import Caller, Role
from ripieno.testing.control_rig import Rig, open_rig

PATIENCE_S = 60.0
ALICE = Caller(user="alice", role=Role.DEPLOYER)
ADMIN = Caller(user="admin", role=Role.ADMIN)
BUSY = """
name: busy
version: 1.0.0
parameters:
  type: object
  properties: {words: {type: string, default: hello}}
components:
  loop:
    type: service
    command: [sh, -c, "while :; do :; done", "${parameters.words}"]
    resources: {cpus: 0.5, memory_mib: 64}
  idle:
    type: service
    command: [sleep, "100000"]
"""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path / "home") as rig:
        yield rig


async def test_a_busy_process_is_told_from_an_idle_one(rig: Rig) -> None:
    await rig.deploy(BUSY)
    metrics = rig.control._metrics
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await metrics.sample()
            by_name = {
                each.component: each for each in (await rig.control.metrics("busy")).components
            }
            last = by_name["loop"].replicas[0].cpus
            if last is not None and last > 0.05:
                break
            await asyncio.sleep(0.05)
    idle = by_name["idle"].replicas[0]
    assert idle.cpus is not None and idle.cpus < last
    assert idle.memory_bytes > 0 and idle.processes == 1
    figures = await rig.control.figures()
    assert figures.deployments == {"running": 1} and figures.replicas == 2
    ((glance,), _) = await Gate(rig.control, ADMIN).glances(text="BUS", limit=10)
    assert (glance.ready, glance.total) == (2, 2)
    assert (glance.cpus, glance.memory_mib) == (0.5, 64)
    assert glance.usage is not None and glance.usage[1] > 0
    local = await Gate(rig.control, ADMIN).check_host("local")
    # A component that says nothing of what it needs counts as quotas count it.
    assert (local.load.components, local.load.cpus, local.load.memory_mib) == (2, 0.6, 192)
    assert local.load.used_memory_bytes and (local.load.used_cpus or 0.0) > 0.05
    assert [each.subject for each in local.checks] == ["link", "tools", "disk", "images"]
    here, over_ssh = await Gate(rig.control, ALICE).runtimes()
    assert (here.name, here.hosts, here.load) == ("local", ("local",), local.load)
    assert (over_ssh.name, over_ssh.hosts, over_ssh.load.components) == ("ssh", (), 0)
    assert here.abilities["commands"] and not here.abilities["images"]
    await rig.change("busy", "stop")
    ((glance,), _) = await Gate(rig.control, ADMIN).glances(limit=10)
    assert (glance.ready, glance.total) == (0, 2), "It rests, and nothing of it is up."
    idle_now = (await rig.control.host("local")).load
    assert (idle_now.components, idle_now.cpus) == (2, 0.0)  # What is stopped is promised nothing.


async def test_a_list_has_what_one_may_look_at_by_owner_and_text(rig: Rig) -> None:
    for name in ("one", "two", "three"):
        await rig.deploy(BUSY, name=name)
    everything, hers = Gate(rig.control, ADMIN), Gate(rig.control, ALICE)
    page, after = await everything.glances(limit=2)
    assert [each.deployment.name for each in page] == ["one", "three"] and after
    page, after = await everything.glances(after=after, limit=2)
    assert [each.deployment.name for each in page] == ["two"] and after is None
    assert (await everything.glances(text="t", owner="tester", limit=9))[0][0].deployment.name
    assert (await everything.glances(owner="alice", limit=9))[0] == []
    assert (await hers.glances(limit=9))[0] == []


async def test_an_assembly_has_life_cycles_and_tokens(rig: Rig) -> None:
    await rig.deploy(BUSY)
    seen = await rig.control.assembly("busy")
    by_name = {each.name: each for each in seen.components}
    assert by_name["loop"].places == ("ready",) and by_name["loop"].status == "idle"
    life_cycle = seen.types[by_name["loop"].type]
    assert "become_ready" in life_cycle.transition_by_name
    gone = (await rig.control.ownership("busy")).id
    await rig.change("busy", "remove")
    assert (await rig.control.assembly(gone)).components == ()


async def test_a_tick_comes_with_every_change_and_says_nothing_else(rig: Rig) -> None:
    await rig.deploy(BUSY)
    async with aclosing(rig.control.ticks("busy")) as ticks:
        first = asyncio.ensure_future(anext(ticks))
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            await rig.change("busy", "restart", components=["idle"])
            assert await first <= await rig.control.last_event_id()


async def test_a_deployment_goes_back_to_how_it_was(rig: Rig) -> None:
    view = await rig.deploy(BUSY, parameters={"words": "first"})
    begin = (await rig.control.reconfigurations("busy", after=None, limit=9))[0][-1]
    await rig.change("busy", "scale", components=(), replicas={"idle": 2})
    scaled = (await rig.control.reconfigurations("busy", after=None, limit=9))[0][0]
    applied = await rig.ask("busy", "apply", parameters={"words": "second"})
    await rig.ended(applied.id)

    async def go_back(id: str) -> dict[str, object]:
        change = Change(kind=ReconfigurationKind.APPLY, returns_to=id)
        preview = await rig.control.preview("busy", change)
        assert not preview.plan.is_empty
        asked = await rig.control.change("busy", change, caller="tester")
        await rig.ended(asked.id)
        seen = await rig.control.deployment("busy")
        replicas = {each.name: each.wanted_replicas for each in seen.components}
        return {**seen.parameters, **replicas}

    assert await go_back(scaled.id) == {"words": "first", "loop": 1, "idle": 2}
    assert await go_back(begin.id) == {"words": "first", "loop": 1, "idle": 1}
    both = Change(
        kind=ReconfigurationKind.APPLY, returns_to=begin.id, source=Source(settings={"words": "x"})
    )
    with pytest.raises(InvalidRequest, match="apply other parameters afterwards"):
        await rig.control.preview("busy", both)
    other = await rig.deploy(BUSY, name="other")
    theirs = (await rig.control.reconfigurations(other.id, after=None, limit=9))[0][0]
    change = Change(kind=ReconfigurationKind.APPLY, returns_to=theirs.id)
    with pytest.raises(InvalidRequest, match="cannot go back"):
        await rig.control.change(view.id, change, caller="tester")
