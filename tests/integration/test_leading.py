"""Taking deployments up again when the server starts."""

import sqlite3
from pathlib import Path

import pytest

from ripieno.control.errors import Conflict
from ripieno.store.records import Batch, EventRecord
from ripieno.store.store import Store
from ripieno.testing import control_rig

DOCUMENT = """
name: one
version: 1.0.0
components:
  c: {type: service, command: [sleep, '1000'], restart: {condition: always, backoff_s: 0.1}}
"""


async def test_a_deployment_that_cannot_be_read_keeps_no_other_down(tmp_path: Path) -> None:
    async with control_rig.open_rig(tmp_path) as rig:
        await rig.deploy(DOCUMENT, name="good")
        id = (await rig.deploy(DOCUMENT, name="broken")).id
    with sqlite3.connect(tmp_path / "ripieno.db") as database:
        database.execute("UPDATE markings SET snapshot = '{}' WHERE deployment = ?", (id,))
    database.close()
    async with control_rig.open_rig(tmp_path) as rig:
        good = await rig.until("good", lambda view: view.components[0].restarts == 1)
        await rig.settled(good.id)
        with pytest.raises(Conflict, match="could not be taken up"):
            await rig.ask("broken", "remove")
        findings = await rig.control.doctor()
        assert any(each.subject == f"deployment {id}" and not each.is_well for each in findings)
        await rig.change("good", "remove")


async def test_a_deployment_is_stored_together_with_what_brings_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[Batch] = []
    commit = Store.commit

    async def noted(store: Store, deployment: str, batch: Batch) -> list[EventRecord]:
        batches.append(batch)
        return await commit(store, deployment, batch)

    monkeypatch.setattr(Store, "commit", noted)
    async with control_rig.open_rig(tmp_path) as rig:
        await rig.deploy(DOCUMENT, name="one")
        await rig.change("one", "remove")
    first = batches[0]
    assert first.deployment is not None and first.deployment.name == "one"
    assert [each.kind for each in first.reconfigurations] == ["deploy"]
