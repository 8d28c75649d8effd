"""Imports as people ask for them: by the command line and the API, who may, and what is told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ripieno.control.errors import Forbidden
from ripieno.control.gate import Gate
from ripieno.images.errors import ForbiddenAddress
from ripieno.images.registry import RegistryReader
from ripieno.model.access import Caller, Role
from ripieno.testing import registries
from ripieno.testing.registries import DockerRegistry, pushing
from tests.command_line import CommandLine, ScriptedControl, command_line
from tests.fake_control import FakeControl

COMPOSE = """
services:
  web: {image: "web:${TAG:-1}", env_file: web.env, depends_on: [db], volumes: [a:/b]}
  db: {image: postgres}
"""
TOOL = {
    "name": "Tool",
    "tool-version": "1.0.0",
    "description": "A tool",
    "schema-version": "0.5",
    "command-line": "tool [A]",
    "inputs": [{"id": "a", "name": "A", "type": "String", "value-key": "[A]"}],
}


@pytest.fixture
def control() -> ScriptedControl:
    return ScriptedControl()


@pytest.fixture
def ripieno(control: ScriptedControl, tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(control, tmp_path) as (made, _):
        yield made


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "Shop"
    folder.mkdir()
    (folder / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (folder / "web.env").write_text("GREETING=hello\n", encoding="utf-8")
    (folder / ".env").write_text("TAG=7\n", encoding="utf-8")
    return folder / "compose.yaml"


def test_a_compose_file_is_imported_with_its_files_of_variables(
    ripieno: CommandLine, shop: Path
) -> None:
    shown = ripieno("app", "import-compose", shop)
    assert shown.exit_code == 0
    document = yaml.safe_load(shown.stdout)
    assert document["name"] == "shop"
    assert document["parameters"]["properties"]["TAG"]["default"] == "7"
    assert document["components"]["web"]["env"] == {"GREETING": "hello"}
    for words in ("Found:", "services: web, db", "Missing:", "volumes (a:/b) is not carried over"):
        assert words in shown.stderr


def test_a_draft_is_written_to_a_file_that_is_new(
    ripieno: CommandLine, tmp_path: Path, shop: Path
) -> None:
    target = tmp_path / "draft.yaml"
    descriptor = tmp_path / "tool.json"
    descriptor.write_text(json.dumps(TOOL), encoding="utf-8")
    shown = ripieno("app", "import-boutiques", descriptor, "-o", target)
    assert shown.exit_code == 0
    assert f"register it with: ripieno app register {target}" in shown.stdout
    assert yaml.safe_load(target.read_text(encoding="utf-8"))["name"] == "tool"
    again = ripieno("app", "import-compose", shop, "-o", target)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    for words in (["import-boutiques", shop], ["import-compose", descriptor]):
        shown = ripieno("app", *words)
        assert (shown.exit_code, shown.stdout) == (2, "")
    assert ripieno("app", "import-compose", shop, "--name", "A B").exit_code == 2


def test_a_draft_can_be_registered_at_once(ripieno: CommandLine) -> None:
    shown = ripieno("app", "import-image", "ghcr.io/neuro/viewer:1.2", "--register")
    assert shown.exit_code == 0
    assert "viewer 1.2.0 is a draft" in shown.stdout
    assert "title: Viewer" in shown.stderr
    document = ripieno("app", "import-image", "viewer", "--name", "other").stdout
    assert yaml.safe_load(document)["name"] == "other"


def test_an_image_that_is_not_there_is_named(ripieno: CommandLine) -> None:
    shown = ripieno("app", "import-image", "ghcr.io/neuro/none")
    assert shown.exit_code != 0
    assert "the registry has not ghcr.io/neuro/none" in shown.stderr


@pytest.mark.parametrize(("role", "may"), [(each, each.includes(Role.PUBLISHER)) for each in Role])
async def test_only_publishers_import(role: Role, may: bool) -> None:
    gate = Gate(FakeControl(), Caller(user="ada", role=role))
    for asked in (
        gate.import_image("viewer"),
        gate.import_boutiques(json.dumps(TOOL)),
        gate.import_compose(COMPOSE),
    ):
        if may:
            assert (await asked).document
        else:
            with pytest.raises(Forbidden, match=r"application\.import"):
                await asked


async def test_an_image_comes_from_a_registry_that_the_server_allows() -> None:
    control = FakeControl()
    try:
        started = DockerRegistry()
    except registries.Unavailable as problem:
        pytest.skip(str(problem))
    with started as registry:
        with pushing(registry.url, "neuro/viewer") as pusher:
            labels = {"org.opencontainers.image.title": "Brain viewer"}
            pusher.image({"Labels": labels, "ExposedPorts": {"8080/tcp": {}}}, tag="1.2")
        name = f"{registry.host}/neuro/viewer:1.2"
        control._images = RegistryReader([registry.host])
        draft = await control.import_image(name)
        content = yaml.safe_load(draft.document)
        assert (content["title"], content["version"]) == ("Brain viewer", "1.2.0")
        assert content["components"]["viewer"]["image"] == name
        control._images = RegistryReader()
        with pytest.raises(ForbiddenAddress):
            await control.import_image(name)
