"""The dashboards as files, and as they are over a running pipeline in a real Prometheus."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.core

from apps.tweetoscope.observability.dashboards import DASHBOARDS, path
from apps.tweetoscope.observability.panels import Dashboard, written
from apps.tweetoscope.tests.loki_server import loki_running
from apps.tweetoscope.tests.prometheus_server import (
    SHIPPED,
    Prometheus,
    PrometheusAbsent,
    program,
    prometheus_running,
)
from apps.tweetoscope.tests.test_notifier import receiving
from tweetoscope.cli.main import app
from tweetoscope.families import FAMILIES, PREFIX, SERVICES
from tweetoscope.kafka import Kafka
from tweetoscope.testing.brokers import free_ports, tansu_running
from tweetoscope.testing.services import Fleet
from tweetoscope.topics import PROPERTIES, SAMPLES, SERIES, TWEETS, all_topics

OBSERVE = SHIPPED.parent / "docs" / "observe.md"
UNITS = {"short", "s", "bytes", "percentunit", "cps"}
SELDOM = {"drifts_total"}
"""What an undisturbed run of some seconds has none of."""

ARGUMENTS = {
    "generator": ["--acceleration", "1500"],
    "collector": ["--observation", "600", "--observation", "1200"],
    "predictor": ["--threshold", "40"],
}
CHOSEN = {"$deployment": "by-hand", "$__rate_interval": "10s"}


def all_panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((SHIPPED / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]:
            yield f"{file.name}, panel {panel['id']} {panel['title']!r}", panel


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.name)
def test_the_dashboards_are_up_to_date(dashboard: Dashboard) -> None:
    file = path(dashboard)
    assert file.is_file() and file.read_text(encoding="utf-8") == written(dashboard), (
        f"{file.name} is out of date; write it again with: "
        "python -m apps.tweetoscope.observability.dashboards"
    )


def test_the_dashboards_are_what_grafana_takes() -> None:
    files = sorted((SHIPPED / "grafana" / "dashboards").glob("*.json"))
    said = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    assert len({one["uid"] for one in said}) == len(said) == len(DASHBOARDS)
    for one in said:
        assert {each["name"] for each in one["templating"]["list"]} == {"datasource", "deployment"}
        panels = one["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        taken = set[tuple[int, int]]()
        for panel in panels:
            at = panel["gridPos"]
            cells = {
                (at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])
            }  # fmt: skip
            assert not cells & taken and at["x"] + at["w"] <= 24, (
                f"{panel['title']} lies on another"
            )
            taken |= cells
            assert panel["description"].endswith("."), panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
            targets = panel["targets"]
            assert len({target["refId"] for target in targets}) == len(targets) > 0
            for target in targets:
                assert target["datasource"]["uid"] == panel["datasource"]["uid"] == "${datasource}"
                assert '{deployment="$deployment"' in target["expr"]
                assert len(targets) == 1 or target["legendFormat"], panel["title"]


def test_every_family_of_metrics_is_on_a_dashboard() -> None:
    queries = " ".join(target["expr"] for _, panel in all_panels() for target in panel["targets"])
    unseen = [family.name for family in FAMILIES if PREFIX + family.name not in queries]
    assert set(unseen) == SELDOM, "put what is new on a panel of observability/dashboards.py"


@pytest.fixture(scope="module")
def promtool() -> str:
    """The program that checks what Prometheus reads."""
    try:
        return program("promtool")
    except PrometheusAbsent as reason:
        pytest.skip(str(reason))


@contextmanager
def observed(
    folder: Path, beside: Mapping[str, list[str]]
) -> Iterator[tuple[Prometheus, dict[str, int]]]:
    """A pipeline that a Prometheus scrapes, and where each service answers it."""
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    targets = [{"labels": {"deployment": "by-hand"}, "targets": [
        f"127.0.0.1:{port}" for port in ports.values()
    ]}]  # fmt: skip
    with tansu_running() as brokers:
        cluster = Kafka(brokers)
        cluster.make(all_topics(3))
        services = Fleet(brokers, folder.parent / "said")
        try:
            for name in SERVICES:
                arguments = [*ARGUMENTS.get(name, []), *beside.get(name, [])]
                services.start(name, [*arguments, "--port", str(ports[name])])
            poster = cluster.post()
            for topic in (TWEETS, SERIES, PROPERTIES, SAMPLES):
                poster.post(topic, b"600", b"not of ours")
            poster.close()
            files = {"targets.yml": json.dumps(targets)}
            with prometheus_running(folder, "prometheus-by-hand.yml", files) as prometheus:
                yield prometheus, ports
            assert services.end() == {}
        finally:
            services.close()


@pytest.mark.long
def test_every_query_of_the_dashboards_finds_something_in_a_running_pipeline(
    tmp_path: Path, promtool: str
) -> None:
    pending = {}
    for where, panel in all_panels():
        for target in panel["targets"]:
            query = target["expr"]
            for variable, value in CHOSEN.items():
                query = query.replace(variable, value)
            pending[f"{where}, query {target['refId']}"] = query
    told = {PREFIX + family.name for family in FAMILIES if family.name not in SELDOM}

    with (
        loki_running() as loki,
        receiving() as receiver,
        observed(
            tmp_path / "prometheus",
            {"logger": ["--loki", loki.url], "notifier": ["--webhook", receiver.url]},
        ) as (prometheus, ports),
    ):

        def have_all_found() -> bool:
            for where in [where for where, query in pending.items() if prometheus.values(query)]:
                del pending[where]
            return not pending

        def untold() -> set[str]:
            names = prometheus.names("__name__")
            return {name for name in told if not {name, f"{name}_bucket"} & names}

        prometheus.until(have_all_found, lambda: "nothing came of " + "\n".join(
            f"{where}: {query}" for where, query in pending.items()
        ))  # fmt: skip
        prometheus.until(lambda: not untold(), lambda: f"nobody tells {untold()}")
        prometheus.until(
            lambda: not prometheus.unwell(), lambda: f"rules fail: {prometheus.unwell()}"
        )
        assert "by-hand" in prometheus.names("deployment")
        for name, port in ports.items():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                said = subprocess.run(
                    [promtool, "check", "metrics"],
                    input=answer.read(),
                    capture_output=True,
                    check=False,
                )
            assert said.returncode == 0, f"{name}: {said.stdout.decode()}{said.stderr.decode()}"
        with loki.changed:
            speak = loki.changed.wait_for(
                lambda: {line.labels["service"] for line in loki.taken} >= set(SERVICES), 60.0
            )
        assert speak, f"only { ({line.labels['service'] for line in loki.taken}) } are in Loki"


@pytest.mark.parametrize("name", sorted(file.name for file in SHIPPED.glob("prometheus*.yml")))
def test_prometheus_takes_the_configurations(name: str, promtool: str) -> None:
    check = [promtool, "check", "config", "--syntax-only", str(SHIPPED / name)]
    said = subprocess.run(check, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_commands_that_are_told_are_commands() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    commands = [line.removesuffix(" &").split() for line in OBSERVE.read_text().splitlines()]
    told = [words for words in commands if words[:1] == ["tweetoscope"]]
    assert {words[1] for words in told} == set(SERVICES) - {"dashboard"}
    for words in told:
        command = group.get_command(typer.Context(group), words[1])
        assert command is not None
        command.make_context(words[1], words[2:])  # which fails for what it does not know
    named = re.findall(r"--config\.file=(\S+)|\.\./observability/(\S+?)\)", OBSERVE.read_text())
    assert named and all((SHIPPED / "".join(one)).is_file() for one in named)
