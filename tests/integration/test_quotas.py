"""Quotas: who has enough running gets no more, however they ask for it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ripieno.control.errors import InvalidRequest, NotFound, QuotaExceeded
from ripieno.control.gate import Gate
from ripieno.control.usage import DEFAULT_CPUS, DEFAULT_MEMORY_MIB, Use
from ripieno.model.access import Role
from ripieno.model.errors import ModelError
from ripieno.testing.control_rig import Rig, open_rig

NAP = """\
name: {name}
version: 1.0.0
components:
  nap:
    type: service
    command: [sleep, "600"]
    resources: {{cpus: {cpus}, memory_mib: {memory_mib}}}
    replicas: {replicas}
"""

PLAIN = """\
name: plain
version: 1.0.0
components:
  nap: {type: service, command: [sleep, "600"]}
  once: {type: job, command: ["true"]}
"""


def nap(name: str = "nap", *, cpus: float = 0.5, memory_mib: int = 100, replicas: int = 1) -> str:
    """An application of one service that waits."""
    return NAP.format(name=name, cpus=cpus, memory_mib=memory_mib, replicas=replicas)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path / "home") as rig:
        for name in ("ada", "bob"):
            await rig.control.add_user(name, role=Role.DEPLOYER, caller="admin")
        yield rig


async def limit(rig: Rig, subject: str, **limits: float) -> None:
    given = {"deployments": None, "cpus": None, "memory_mib": None, **limits}
    await rig.control.set_quota(subject, caller="admin", **given)  # type: ignore[arg-type]  # a test's own words


async def used(rig: Rig, user: str) -> Use:
    return next(iter(await rig.control.quotas(user=user))).used


async def test_a_deployment_too_many_is_refused_with_the_quota_the_use_and_the_remedy(
    rig: Rig,
) -> None:
    await limit(rig, "user:ada", deployments=1)
    await rig.begin(nap("one"), caller="ada")
    with pytest.raises(QuotaExceeded) as refusal:
        await rig.begin(nap("two"), caller="ada")
    assert str(refusal.value) == (
        "the quota of user:ada is 1 running deployment, with 1 in use; two would take 1 more: "
        "stop or remove something, or ask an administrator for more"
    )
    await rig.begin(nap("three"), caller="bob")
    with pytest.raises(NotFound):
        await rig.control.deployment("two")


async def test_what_is_scaled_changed_or_started_again_is_counted(rig: Rig) -> None:
    await limit(rig, "user:ada", cpus=1.0, memory_mib=300)
    made, _ = await rig.begin(nap(), caller="ada")
    await rig.settled(made.id)
    assert await used(rig, "ada") == Use(deployments=1, cpus=0.5, memory_mib=100)
    await rig.change(made.id, "scale", replicas={"nap": 2})
    with pytest.raises(QuotaExceeded, match="user:ada is 1 CPU, with 1 in use; nap would take"):
        await rig.ask(made.id, "scale", replicas={"nap": 3})
    with pytest.raises(QuotaExceeded, match=r"300 MiB of memory, with 200 in use; .* 200 more"):
        await rig.ask(made.id, "apply", document=nap(cpus=0.1, memory_mib=200, replicas=2))
    await rig.change(made.id, "stop")
    assert await used(rig, "ada") == Use()
    await rig.begin(nap("other"), caller="ada")
    with pytest.raises(QuotaExceeded, match=r"with 0\.5 in use; nap would take 1 more"):
        await rig.ask(made.id, "start")
    # The owner's quota counts, whoever asks.
    await rig.control.remove_quota("user:ada", caller="admin")
    await rig.change(made.id, "start")


async def test_who_has_too_much_already_may_take_less(rig: Rig) -> None:
    made, _ = await rig.begin(nap(replicas=3), caller="ada")
    await rig.settled(made.id)
    await limit(rig, "user:ada", cpus=0.5, deployments=0)
    await rig.change(made.id, "scale", replicas={"nap": 2})
    await rig.change(made.id, "restart")
    with pytest.raises(QuotaExceeded):
        await rig.ask(made.id, "scale", replicas={"nap": 3})
    await rig.change(made.id, "stop")
    with pytest.raises(QuotaExceeded, match="is 0 running deployments, with 0 in use; nap would"):
        await rig.ask(made.id, "start")


async def test_of_many_at_the_same_time_so_many_pass_as_fit(rig: Rig) -> None:
    await limit(rig, "user:ada", deployments=3)
    asked = [rig.begin(nap(f"nap-{number}"), caller="ada") for number in range(8)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in done if isinstance(each, BaseException)]
    assert {type(each) for each in refused} == {QuotaExceeded}
    assert len(refused) == 5
    assert (await used(rig, "ada")).deployments == 3


async def test_of_two_changes_at_the_same_time_one_passes(rig: Rig) -> None:
    await limit(rig, "user:ada", cpus=1.5)
    names = ("one", "two")
    for name in names:
        made, _ = await rig.begin(nap(name), caller="ada")
        await rig.settled(made.id)
    asked = [rig.ask(name, "scale", replicas={"nap": 2}) for name in names]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in done].count(QuotaExceeded) == 1


async def test_what_was_refused_takes_nothing(rig: Rig) -> None:
    await limit(rig, "user:ada", deployments=1, cpus=1.0, memory_mib=1_048_576)
    with pytest.raises(QuotaExceeded):
        await rig.begin(nap(cpus=2), caller="ada")
    with pytest.raises(QuotaExceeded, match="is 1048576 MiB of memory, with 0 in use"):
        await rig.begin(nap(memory_mib=2_097_152), caller="ada")
    await rig.begin(nap(), caller="ada")


async def test_a_groups_quota_counts_what_its_members_have_together(rig: Rig) -> None:
    await rig.control.add_group("neuro", caller="admin")
    for name in ("ada", "bob"):
        await rig.control.put_member("neuro", name, is_manager=False, caller="admin")
    await limit(rig, "group:neuro", deployments=2)
    await rig.begin(nap("one"), caller="ada")
    await rig.begin(nap("two"), caller="bob")
    with pytest.raises(QuotaExceeded, match="quota of group:neuro is 2 running deployments"):
        await rig.begin(nap("three"), caller="bob")
    await rig.control.remove_member("neuro", "ada", caller="admin")
    await rig.begin(nap("three"), caller="bob")


async def test_what_holds_for_everyone_holds_for_each_where_their_own_says_nothing(
    rig: Rig,
) -> None:
    await limit(rig, "everyone", deployments=1, cpus=5)
    await limit(rig, "user:bob", deployments=2)
    await rig.begin(nap("one"), caller="ada")
    with pytest.raises(QuotaExceeded, match="user:ada"):
        await rig.begin(nap("two"), caller="ada")
    await rig.begin(nap("two"), caller="bob")
    await rig.begin(nap("three"), caller="bob")
    (quota,) = await rig.control.quotas(user="bob")
    assert (quota.subject, quota.deployments, quota.cpus) == ("user:bob", 2, 5)


async def test_what_says_nothing_counts_something_and_what_is_done_nothing(rig: Rig) -> None:
    await limit(rig, "user:ada", deployments=9)
    made, _ = await rig.begin(PLAIN, caller="ada")
    await rig.settled(made.id)
    expected = Use(deployments=1, cpus=DEFAULT_CPUS, memory_mib=DEFAULT_MEMORY_MIB)
    assert await used(rig, "ada") == expected
    await rig.change(made.id, "remove")
    assert await used(rig, "ada") == Use()


async def test_quotas_are_set_for_who_is_there(rig: Rig) -> None:
    for subject in ("user:eve", "group:neuro"):
        with pytest.raises(NotFound):
            await limit(rig, subject, deployments=1)
    with pytest.raises(ModelError):
        await limit(rig, "public", deployments=1)
    with pytest.raises(InvalidRequest, match="limits nothing"):
        await limit(rig, "user:ada")
    with pytest.raises(InvalidRequest):
        await limit(rig, "user:ada", cpus=-1)
    with pytest.raises(NotFound):
        await rig.control.remove_quota("user:ada", caller="admin")
    await limit(rig, "user:ada", deployments=1)
    await limit(rig, "everyone", cpus=2)
    ada = Gate(rig.control, await rig.control.caller_named("ada"))
    assert [each.subject for each in await ada.quotas()] == ["user:ada"]
    admin = Gate(rig.control, await rig.control.caller_named("admin"))
    assert [each.subject for each in await admin.quotas()] == ["everyone", "user:ada"]
