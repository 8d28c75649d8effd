"""What components use over time: a runtime that says what it is told to, and a clock that obeys."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from ripieno.control import metrics
from ripieno.control.metrics import Metrics, Series
from ripieno.control.state import Held
from ripieno.runtimes.base import Ended, Handle, Replica
from ripieno.runtimes.host import Condition, Process, Usage

MIB = 2**20


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def monotonic(self) -> float:
        return self.now_s

    def time(self) -> float:
        return self.now_s


class Runtime:
    """Says what replicas use."""

    def __init__(self) -> None:
        self.used: dict[int, Usage] = {}
        self.asked: list[list[Handle]] = []

    async def usage(self, handles: Sequence[Handle]) -> list[dict[int, Usage]]:
        self.asked.append(list(handles))
        return [
            {e.slot: self.used[e.slot] for e in handle.replicas if e.slot in self.used}
            for handle in handles
        ]


class Rig:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.clock = Clock()
        monkeypatch.setattr(metrics, "time", self.clock)
        self.runtime = Runtime()
        self.held: dict[str, Held] = {}
        state = SimpleNamespace(id="d-1", held=self.held)
        self.led = [SimpleNamespace(state=state)]
        leading: Any = SimpleNamespace(all=self.led)
        self.metrics = Metrics(
            leading=leading,
            runtime=self.runtime,  # type: ignore[arg-type]  # it has the one verb that is asked
            **options,
        )

    def run(self, component: str, *slots: int, key: str = "k", age_s: float = 3600.0) -> None:
        replicas = tuple(
            Replica(
                slot=slot,
                name=f"d-1/{component}/{slot}",
                key=key,
                process=Process(name="p", key=key, pid=slot, start_time=1, boot_id="b", group=slot),
                started_at=datetime.now(UTC) - timedelta(seconds=age_s),
            )
            for slot in slots
        )
        self.held[component] = Held(handle=Handle(host="h", address="a", replicas=replicas))

    async def sample(self, after_s: float = 5.0, **cpu_s: float) -> None:
        self.clock.now_s += after_s
        self.runtime.used = {
            int(slot[1:]): Usage(cpu_s=value, memory_bytes=MIB, processes=2)
            for slot, value in cpu_s.items()
        }
        await self.metrics.sample()


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(monkeypatch)


async def test_processors_are_what_was_used_between_two_samples(rig: Rig) -> None:
    rig.run("web", 0, 1)
    await rig.sample(s0=100.0, s1=7.0)
    await rig.sample(s0=105.0, s1=9.5)
    (web,) = rig.metrics.view("d-1").components
    assert list(web.cpus) == [None, 1.5]
    assert list(web.memory_bytes) == [2 * MIB, 2 * MIB]
    assert [(each.index, each.cpus, each.processes) for each in web.replicas] == [
        (0, 1.0, 2),
        (1, 0.5, 2),
    ]
    assert rig.metrics.latest("d-1") == (1.5, 2 * MIB)
    assert rig.metrics.latest("d-2") is None


async def test_a_process_that_has_just_begun_is_measured_from_its_beginning(rig: Rig) -> None:
    rig.run("web", 0, age_s=2.0)
    await rig.sample(s0=1.0)
    (cpus,) = rig.metrics.view("d-1").components[0].cpus
    assert cpus == pytest.approx(0.5, abs=0.2)


async def test_another_process_in_the_same_slot_does_not_give_a_negative_rate(rig: Rig) -> None:
    rig.run("web", 0)
    await rig.sample(s0=100.0)
    rig.run("web", 0, key="k2")
    await rig.sample(s0=1.0)
    await rig.sample(s0=0.5)  # A child has taken what it used with it.
    assert rig.metrics.view("d-1").components[0].cpus == (None, None, 0.0)


async def test_what_has_ended_is_not_asked_and_its_past_stays_for_an_hour(rig: Rig) -> None:
    rig.run("web", 0)
    await rig.sample(s0=1.0)
    rig.held["web"].ended[0] = Ended(slot=0, key="k", condition=Condition.EXITED)
    await rig.sample()
    assert rig.runtime.asked[-1] == []
    (web,) = rig.metrics.view("d-1").components
    assert len(web.at) == 1 and web.replicas == ()
    await rig.sample(after_s=metrics.KEPT_S)
    assert rig.metrics.view("d-1").components == ()


async def test_a_removed_deployment_is_forgotten(rig: Rig) -> None:
    rig.run("web", 0)
    await rig.sample(s0=1.0)
    rig.led.clear()
    await rig.sample()
    assert rig.metrics.view("d-1").components == ()


async def test_a_view_begins_after_a_moment(rig: Rig) -> None:
    rig.run("web", 0)
    for cpu_s in (1.0, 2.0, 3.0):
        await rig.sample(s0=cpu_s)
    first = rig.metrics.view("d-1").components[0].at[0]
    later = rig.metrics.view("d-1", since=datetime.fromtimestamp(first, UTC)).components[0]
    assert len(later.at) == len(later.cpus) == 2 and later.at[0] > first


async def test_the_more_there_is_to_ask_the_less_often_it_is_asked(rig: Rig) -> None:
    assert rig.metrics.interval_s == metrics.SHORTEST_S
    rig.run("many", *range(500))
    await rig.sample()
    assert rig.metrics.interval_s == pytest.approx(10.0)


async def test_requests_through_the_door_become_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {("d-1", "web"): 100}

    async def traffic() -> dict[tuple[str, str], int]:
        return counts

    rig = Rig(monkeypatch, traffic=traffic)
    rig.run("web", 0)
    rig.run("store", 1)
    await rig.sample(s0=1.0, s1=1.0)
    counts["d-1", "web"] = 150
    await rig.sample(s0=1.0, s1=1.0)
    by_name = {each.component: each for each in rig.metrics.view("d-1").components}
    assert by_name["web"].requests_per_s == (0.0, 10.0)
    assert by_name["store"].requests_per_s == (None, None)


def test_a_series_keeps_an_hour_and_not_much_more() -> None:
    series = Series()
    for number in range(3000):
        series.add(5.0 * number, 0.5, 1.0, math.nan)
    assert 3600 / 5 <= len(series.at) <= 1.25 * 3600 / 5 + 1
    assert len({len(each) for each in series.columns}) == 1
    assert series.at[-1] == 5.0 * 2999
