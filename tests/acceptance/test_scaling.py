"""What was scaled stays as it was scaled, until a file, a parameter or somebody says otherwise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ripieno.control.requests import Change, Source
from ripieno.control.views import DeploymentView, ReconfigurationKind
from ripieno.testing.control_rig import Rig, open_rig, running_pids

DOCUMENT = """
name: sized
version: 1.0.0
parameters:
  type: object
  properties:
    workers: {type: integer, default: 1}
    word: {type: string, default: a}
components:
  plain: {type: service, command: [sleep, '1000'], env: {WORD: '${parameters.word}'}}
  stated:
    type: service
    command: [sleep, '1000']
    replicas: '${parameters.workers}'
"""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path / "home") as rig:
        yield rig


def replicas(view: DeploymentView) -> dict[str, int]:
    return {each.name: each.wanted_replicas for each in view.components}


async def test_scaling_outlives_changes_that_say_nothing_of_it(rig: Rig) -> None:
    async def applied(**asked: object) -> DeploymentView:
        record = await rig.ask("sized", "apply", **asked)  # type: ignore[arg-type]
        await rig.ended(record.id)
        return await rig.control.deployment("sized")

    async def notes(source: Source) -> str:
        change = Change(kind=ReconfigurationKind.APPLY, source=source)
        return "; ".join((await rig.control.preview("sized", change)).warnings)

    await rig.deploy(DOCUMENT)
    view = await rig.change("sized", "scale", replicas={"plain": 3, "stated": 2})
    told = await notes(Source(parameters={"word": "b"}))
    assert "plain has 3 replicas, to which it was scaled, where the application says 1" in told
    assert "stated has 2 replicas" in told

    view = await applied(parameters={"word": "b"})
    assert replicas(view) == {"plain": 3, "stated": 2}
    assert len(running_pids(view.id)) == 5
    view = await applied(parameters={"workers": 4})
    assert replicas(view) == {"plain": 3, "stated": 4}

    assert "stated" not in await notes(Source(document=DOCUMENT))
    view = await applied(document=DOCUMENT)
    assert replicas(view) == {"plain": 3, "stated": 1}

    await rig.change("sized", "scale", replicas={"plain": 1})
    assert not await notes(Source(parameters={"word": "c"}))
