"""Every verb of the registry on the command line, from a draft to what is removed."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import CommandLine, ScriptedControl, command_line

DOCUMENT = """\
name: brain-viewer
version: {version}
title: Brain viewer
tags: [mri]
components:
  viewer:
    type: service
    command: [python3, serve.py]
    files: [{{source: serve.py, target: serve.py}}]
"""


@pytest.fixture
def control() -> ScriptedControl:
    return ScriptedControl()


@pytest.fixture
def ripieno(control: ScriptedControl, tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(control, tmp_path) as (made, _):
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An application with a file."""
    found = tmp_path / "brain-viewer"
    found.mkdir()
    (found / "serve.py").write_text("print('hello')\n", encoding="utf-8")
    write(found, "1.0.0")
    return found


def write(folder: Path, version: str) -> None:
    (folder / "application.yaml").write_text(DOCUMENT.format(version=version), encoding="utf-8")


def test_draft_is_edited_published_and_then_stays_as_it_is(
    ripieno: CommandLine, folder: Path
) -> None:
    assert ripieno("app", "register", folder, "--draft").exit_code == 0
    (folder / "serve.py").write_text("print('hello again')\n", encoding="utf-8")
    assert ripieno("app", "register", folder, "--draft").exit_code == 0
    assert ripieno("app", "show", "brain-viewer").exit_code == 0
    assert "brain-viewer" not in ripieno("app", "list").stdout
    assert ripieno("app", "publish", "brain-viewer", "1.0.0").exit_code == 0
    assert "brain-viewer" in ripieno("app", "search", "brai").stdout
    assert ripieno("app", "publish", folder).exit_code == 0  # It is the same.
    (folder / "serve.py").write_text("print('something else')\n", encoding="utf-8")
    refused = ripieno("app", "publish", folder)
    assert refused.exit_code == 4 and "1.0.0" in refused.stderr


def test_configurations_are_shown_with_what_they_set(ripieno: CommandLine, folder: Path) -> None:
    document = (
        DOCUMENT.format(version="1.0.0")
        + """\
parameters:
  properties:
    dark: {type: boolean, default: false}
configurations:
  large:
    title: For whole brains
    parameters: {dark: true}
    components:
      viewer: {resources: {cpus: 4, memory_mib: 512}, args: [--all], env: {WORKERS: "8"}}
"""
    )
    (folder / "application.yaml").write_text(document, encoding="utf-8")
    assert ripieno("app", "publish", folder).exit_code == 0
    shown = " ".join(ripieno("app", "show", "brain-viewer").stdout.split())
    assert "dark boolean false" in shown, "as it is written after --set"
    for part in ("dark=true", "cpus 4", "512 MiB", "--all", "WORKERS"):
        assert part in shown
    assert "For whole brains" in shown


def test_what_is_exported_is_what_was_published(
    ripieno: CommandLine, folder: Path, tmp_path: Path
) -> None:
    assert ripieno("app", "publish", folder).exit_code == 0
    to = tmp_path / "exported.tar.gz"
    assert ripieno("app", "export", "brain-viewer", to).exit_code == 0
    again = ripieno("app", "export", "brain-viewer", to)
    assert again.exit_code == 2 and "is there already; remove it" in again.stderr
    with tarfile.open(to) as archive:
        assert sorted(archive.getnames()) == ["application.yaml", "serve.py"]
    assert ripieno("app", "remove", "brain-viewer", "--yes").exit_code == 0
    assert ripieno("app", "register", to).exit_code == 0
    shown = json.loads(ripieno("app", "show", "brain-viewer", "--json").stdout)
    assert [each["path"] for each in shown["files"]] == ["serve.py"]


def test_yanked_version_is_found_no_more_and_deployed_with_a_warning(
    ripieno: CommandLine, folder: Path, control: ScriptedControl
) -> None:
    for version in ("1.0.0", "1.1.0"):
        write(folder, version)
        assert ripieno("app", "publish", folder).exit_code == 0
    assert ripieno("app", "yank", "brain-viewer", "1.1.0", "-r", "left is right").exit_code == 0
    assert ripieno("app", "list").lines[1].split()[:2] == ["brain-viewer", "1.0.0"]
    versions = ripieno("app", "show", "brain-viewer").stdout
    assert "yanked" in versions and "left is right" in versions
    warned = ripieno("deploy", "brain-viewer", "--version", "1.1.0", "--no-wait")
    assert "Note: brain-viewer 1.1.0 is yanked: left is right" in warned.stderr
    silent = ripieno("deploy", "brain-viewer", "--name", "b", "--version", "1.0.0", "--no-wait")
    assert "yanked" not in silent.stderr
    assert ripieno("app", "unyank", "brain-viewer", "1.1.0").exit_code == 0
    assert ripieno("app", "list").lines[1].split()[:2] == ["brain-viewer", "1.1.0"]


def test_removed_version_and_application_are_gone(ripieno: CommandLine, folder: Path) -> None:
    for version in ("1.0.0", "1.1.0"):
        write(folder, version)
        assert ripieno("app", "publish", folder).exit_code == 0
    assert ripieno("app", "remove", "brain-viewer", "1.1.0", "--yes").exit_code == 0
    assert ripieno("app", "show", "brain-viewer", "--version", "1.1.0").exit_code == 3
    # Its number is free again, for something else as well.
    (folder / "serve.py").write_text("print('something else')\n", encoding="utf-8")
    assert ripieno("app", "publish", folder).exit_code == 0
    assert ripieno("app", "remove", "brain-viewer", "--yes").exit_code == 0
    gone = ripieno("app", "show", "brain-viewer")
    assert gone.exit_code == 3 and "brain-viewer" in gone.stderr


def test_what_was_saved_is_listed_deployed_and_forgotten(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    assert "nothing of web-shop" in ripieno("saved", "list", "web-shop").stdout
    kept = ("saved", "set", "web-shop", "my way", "--set", "size=3", "--set", "tone=dry")
    shown = ripieno(*kept, "--version", "1.2.0")
    assert shown.exit_code == 0
    assert "ripieno deploy web-shop --saved 'my way'" in shown.stdout
    listed = ripieno("saved", "list", "web-shop")
    assert {"my way", "1.2.0", "size=3"} <= {part.strip() for part in listed.stdout.split("  ")} | {
        word for word in listed.stdout.split() if "=" in word
    }
    (told,) = json.loads(ripieno("saved", "list", "web-shop", "--json").stdout)
    assert told["settings"] == {"size": "3", "tone": "dry"}

    deployed = ripieno(
        "deploy", "web-shop", "--saved", "my way", "--set", "size=4", "--name", "shop", "--quiet"
    )
    assert deployed.exit_code == 0
    (source,) = control.sources
    assert source.settings == {"size": "4", "tone": "dry"}  # What is given counts more.
    assert (source.application, source.version) == ("web-shop", "1.2.0")

    assert ripieno("saved", "remove", "web-shop", "my way").exit_code == 0
    again = ripieno("saved", "remove", "web-shop", "my way")
    assert again.exit_code == 3 and "'my way'" in again.stderr


def test_saved_name_that_is_not_there_is_told_with_the_one_that_is_near(
    ripieno: CommandLine, control: ScriptedControl
) -> None:
    assert ripieno("saved", "set", "web-shop", "large").exit_code == 0
    missed = ripieno("deploy", "web-shop", "--saved", "lage")
    assert missed.exit_code == 2 and "did you mean 'large'?" in missed.stderr
    assert control.sources == []
    of_a_file = ripieno("deploy", "./web-shop.yaml", "--saved", "large")
    assert of_a_file.exit_code == 2


def test_runtimes_are_shown_with_what_they_can_do(ripieno: CommandLine) -> None:
    listed = ripieno("runtimes")
    shown = listed.stdout
    assert listed.exit_code == 0, listed.stderr
    assert "ssh  on no host yet" in shown and "can: commands" in shown and "cannot: images" in shown
    (told,) = json.loads(ripieno("runtimes", "--json").stdout)
    assert told["abilities"] == {"commands": True, "images": False}
