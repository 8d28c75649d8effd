"""The five ways to say what is run, and the configurations that they are run in.

That images run, in each of their three ways, is seen in `test_containers`, on a real engine.
"""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from ripieno.control.errors import InvalidRequest
from ripieno.control.requests import Change, Source
from ripieno.control.views import ReconfigurationKind
from ripieno.model import errors, reading_applications
from ripieno.testing import control_rig

HEAD = "name: case\nversion: 1.0.0\ncomponents:\n  tool:\n    type: job\n"
SHOW = """
import json, os, sys
print(json.dumps([sys.argv[1:], {name: os.environ.get(name) for name in ("A", "B")}]))
"""


async def printed(
    tmp_path: Path, document: str, configuration: str | None = None
) -> tuple[list[str], dict[str, str | None]]:
    """What the one job of an application prints."""
    async with control_rig.open_rig(tmp_path / "home") as rig:
        seen = await rig.deploy(document, configuration=configuration)
        lines = [
            line.text
            async for line in rig.control.logs(
                seen.id, component="tool", replica=None, follow=False, since=None, tail=None
            )
        ]
        await rig.change(seen.id, "remove")
        words, variables = json.loads(lines[-1])
        return words, variables


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A command that is installed on the host."""
    path = tmp_path / "show"
    path.write_text(f"#!/usr/bin/env python3\n{SHOW}")
    path.chmod(0o755)
    return path


async def test_a_command_is_run_as_it_is(tmp_path: Path, program: Path) -> None:
    words, _ = await printed(tmp_path, f"{HEAD}    command: ['{program}']\n")
    assert words == []


async def test_arguments_follow_the_command(tmp_path: Path, program: Path) -> None:
    document = f"{HEAD}    command: ['{program}', one]\n    args: [two, 'three four']\n"
    words, _ = await printed(tmp_path, document)
    assert words == ["one", "two", "three four"]


async def test_a_configuration_gives_other_arguments_and_variables(
    tmp_path: Path, program: Path
) -> None:
    document = (
        f"{HEAD}    command: ['{program}']\n    args: [small]\n    env: {{A: '1', B: '2'}}\n"
        "parameters: {properties: {n: {type: integer, default: 1}}}\n"
        "configurations:\n  large:\n    args: [-n, {parameter: n}]\n    env: {B: '3'}\n"
        "    resources: {cpus: 0.1, memory_mib: 32}\n    parameters: {n: 8}\n"
    )
    assert await printed(tmp_path, document) == (["small"], {"A": "1", "B": "2"})
    assert await printed(tmp_path / "again", document, "large") == (
        ["-n", "8"],
        {"A": "1", "B": "3"},
    )


async def test_a_deployment_keeps_its_configuration_until_it_is_given_another(
    tmp_path: Path,
) -> None:
    document = (
        "name: c\nversion: 1.0.0\nparameters: {properties: {n: {type: integer, default: 1}}}\n"
        "components: {tool: {type: service, command: [sleep, '${parameters.n}000']}}\n"
        "configurations: {large: {env: {A: '1'}}, other: {env: {A: '2'}}}\n"
    )
    async with control_rig.open_rig(tmp_path / "home") as rig:
        seen = await rig.deploy(document, configuration="large")
        assert seen.configuration == "large"
        asked = await rig.ask(seen.id, "apply", parameters={"n": 2})
        await rig.ended(asked.id)
        assert (await rig.control.deployment(seen.id)).configuration == "large"
        for wanted in ("other", ""):
            asked = await rig.ask(seen.id, "apply", configuration=wanted)
            await rig.ended(asked.id)
            assert (await rig.control.deployment(seen.id)).configuration == wanted
        with pytest.raises(errors.UnknownConfiguration, match="c has no configuration 'large-2'"):
            await rig.ask(seen.id, "apply", configuration="large-2")
        await rig.change(seen.id, "remove")


IMAGES = {
    "an image as it is": ("image: example.org/web:1\n    tcp_ports: {http: 8080}", (), ()),
    "arguments for its ENTRYPOINT": (
        "image: example.org/tool:1\n    args: [--fast, a b]",
        (),
        ("--fast", "a b"),
    ),
    "a command in it": (
        "image: example.org/tool:1\n    command: [fit, -q]\n    args: [--fast]",
        ("fit", "-q"),
        ("--fast",),
    ),
}


@pytest.mark.parametrize(
    ("lines", "entrypoint", "args"),
    IMAGES.values(),
    ids=[each.replace(" ", "-") for each in IMAGES],
)
async def test_an_image_is_read_and_planned_and_refused_where_there_is_no_engine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lines: str,
    entrypoint: tuple[str, ...],
    args: tuple[str, ...],
) -> None:
    document = f"{HEAD}    {lines}\n".replace("job", "service")
    found = reading_applications.resolve(reading_applications.application(document), {})
    workload = found.components["tool"].workload
    assert workload is not None
    assert (workload.entrypoint, workload.argv) == (entrypoint, args)
    assert dataclasses.replace(workload, image=None, entrypoint=(), argv=("a",)).image is None
    async with control_rig.open_rig(tmp_path / "home") as rig:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
        refused = (
            r"tool runs the image example.org/\w+:1, and host local: .* engine does not answer"
        )
        with pytest.raises(InvalidRequest, match=refused):
            await rig.begin(document)
        change = Change(kind=ReconfigurationKind.DEPLOY, source=Source(document=document))
        plan = await rig.control.preview(None, change)
        assert [each.component for each in plan.plan.touched] == ["tool"]
        (warning,) = plan.warnings
        assert re.search(refused, warning)
