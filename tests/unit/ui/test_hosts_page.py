"""The page of hosts: what is there, and a new one only once its key was compared."""

import dataclasses
import re
from collections.abc import Mapping

import pytest

from ripieno.control.errors import Conflict
from ripieno.control.host_views import Finding, HostView, Load
from ripieno.model.access import Caller
from ripieno.model.host import HostConfig, HostKind
from ripieno.runtimes.errors import HostUnreachable
from tests.fake_control import FakeControl
from tests.ui_rig import ADMIN, ALICE, PAYLOADS, VIEWER, Pages, intruders, words

NEW = {"name": "node-1", "address": "ada@node-1.example.org:2222", "directory": "/srv/ripieno"}


CONFIG = HostConfig(name="node-1", kind=HostKind.SSH, address="node-1", directory="/srv")


async def shown(control: FakeControl, caller: Caller) -> str:
    return (await Pages(control, caller).get("/hosts")).text


async def test_hosts_are_shown_as_they_are() -> None:
    control = FakeControl()
    await control.add_host(CONFIG, trust="SHA256:abc", caller="admin")
    page = words(await shown(control, VIEWER))
    for text in ("node-1", "connected", "2 cpus", "SHA256:abc", "/srv"):
        assert text in page


async def test_runtimes_tell_what_they_can_do_and_what_is_in_use() -> None:
    page = words(await shown(FakeControl(), VIEWER))
    for text in ("Processes over SSH", "images of containers", "0.5 cpu", "2 replicas", "0.25 cpu"):
        assert text in page


async def test_what_is_not_well_is_said_with_its_remedy() -> None:
    control = FakeControl()
    view = await control.add_host(CONFIG, trust="first", caller="admin")
    finding = Finding(subject="tools", is_well=False, said="lacks setsid", remedy="install setsid")
    control.machines["node-1"] = dataclasses.replace(
        view, checks=(finding,), load=Load(components=3, replicas=3, cpus=1.5, memory_mib=512)
    )
    page = await shown(control, VIEWER)
    assert "lacks setsid. What to do: install setsid." in words(page)
    assert '<meter min="0" max="2" high="2" value="1.5"' in page


async def test_what_can_be_done_is_what_the_visitor_may() -> None:
    control = FakeControl()
    await control.add_host(CONFIG, trust="first", caller="admin")
    for caller, may in (
        (VIEWER, ()),
        (ALICE, ("Check",)),
        (ADMIN, ("Check", "Forget", "New host")),
    ):
        page = await shown(control, caller)
        for text in ("Check", "Forget", "New host"):
            assert (f"<span>{text}</span>" in page or f"</svg>{text}" in page) == (text in may)


async def test_key_is_compared_before_a_host_is_added() -> None:
    control = FakeControl()
    pages = Pages(control, ADMIN)
    asked = await pages.post("/hosts/scan", NEW)
    assert "SHA256:abc" in words(asked.text)
    assert not control.machines
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    assert {name: sent[name] for name in NEW} == NEW
    added = await pages.post("/hosts", sent)
    assert added.headers["location"] == "/hosts?saved=added"
    assert control.machines["node-1"].fingerprint == "SHA256:abc"
    assert control.machines["node-1"].address == "node-1.example.org"


@pytest.mark.parametrize("fingerprint", ["", "first"])
async def test_host_whose_key_was_not_compared_is_not_added(fingerprint: str) -> None:
    control = FakeControl()
    refused = await Pages(control, ADMIN).post("/hosts", {**NEW, "fingerprint": fingerprint})
    assert refused.status_code == 422
    assert not control.machines


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"name": "Node 1"}, "host name"),
        ({"address": "no where"}, "is no address"),
        ({"address": "node-1:99999"}, "port"),
        ({"directory": "relative"}, "absolute path"),
        ({"directory": "/srv/../etc"}, "without . and .."),
        ({"jump": "a b"}, "jump"),
    ],
)
async def test_what_makes_no_sense_is_said_beside_the_form(
    change: Mapping[str, str], because: str
) -> None:
    refused = await Pages(FakeControl(), ADMIN).post("/hosts/scan", {**NEW, **change})
    assert refused.status_code == 422
    assert because in words(refused.text)
    if "name" not in change:
        assert 'value="node-1"' in refused.text


async def test_host_that_does_not_answer_is_told() -> None:
    control = FakeControl()
    pages = Pages(control, ADMIN)
    control.error = HostUnreachable("node-1 does not answer", host="node-1")
    refused = await pages.post("/hosts/scan", NEW)
    assert refused.status_code == 422
    assert "node-1 does not answer" in words(refused.text)


async def test_host_is_forgotten_unless_it_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    control = FakeControl()
    await control.add_host(CONFIG, trust="first", caller="admin")
    pages = Pages(control, ADMIN)

    async def in_use(name: str, *, caller: str) -> None:
        raise Conflict("3 components are on host node-1; move or remove them first")

    with monkeypatch.context() as patch:
        patch.setattr(control, "remove_host", in_use)
        refused = await pages.post("/hosts/node-1/remove")
        assert refused.status_code == 409
        assert "move or remove them first" in words(refused.text)
    await pages.post("/hosts/node-1/remove")
    assert not control.machines


async def test_check_shows_the_host_in_its_place() -> None:
    control = FakeControl()
    await control.add_host(CONFIG, trust="first", caller="admin")
    part = await Pages(control, ALICE).post("/hosts/node-1/check", htmx=True)
    assert "<html" not in part.text
    assert 'id="host-node-1"' in part.text


async def test_texts_of_hosts_never_run() -> None:
    control = FakeControl()
    looking, changing = Pages(control, VIEWER), Pages(control, ADMIN)
    for text in PAYLOADS:
        control.machines["node-1"] = HostView(
            name="node-1",
            kind="ssh",
            address=text,
            directory=text,
            state=text,
            components=0,
            facts={"os": text, "kernel": text, "architecture": text},
            problem=text,
            fingerprint=text,
            checks=(Finding(subject=text, is_well=False, said=text, remedy=text),),
        )
        for pages in (looking, changing):
            page = (await pages.get("/hosts")).text
            assert not intruders(page)
            assert "node-1" in page
        refused = await changing.post("/hosts/scan", dict.fromkeys(NEW, text))
        assert refused.status_code == 422
        assert not intruders(refused.text)
