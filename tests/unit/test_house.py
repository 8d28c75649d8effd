"""What is said of the house holds: documents name rooms that are there, and broad nets say why."""

import re

import pytest

from tests.conftest import REPOSITORY

SOURCE = REPOSITORY / "src" / "ripieno"
ARCHITECTURE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
TABLE = re.compile(
    r"^\|[^\n]*modules? of `(\w+)`[^\n]*\|\n\|[-|]+\|\n((?:\|[^\n]*\|\n)+)", re.MULTILINE
)
TABLES = {found[1]: found[2] for found in TABLE.finditer(ARCHITECTURE)}
LAYERS = ("bootstrap", "opening", "premises", "settings", "testing", "__main__")
"""What is told elsewhere than in the table of layers: how it all is put together, and tested."""


def modules(package: str) -> set[str]:
    """What is in a package, but for itself and what is made."""
    return {
        path.stem
        for path in (SOURCE / package).iterdir()
        if not path.stem.startswith("__") and (path.is_dir() or path.suffix == ".py")
    }


def named(package: str) -> set[str]:
    """The modules that a table names, each in backticks; `pages/` is a folder."""
    cells = "".join(
        line.split("|")[1 if package != "control" else 2] for line in TABLES[package].splitlines()
    )
    return {each.split("/")[0] for each in re.findall(r"`([a-z_]+)(?:/[a-z/]*)?`", cells)}


@pytest.mark.parametrize("package", sorted(TABLES))
def test_rooms_that_are_named_are_there(package: str) -> None:
    assert named(package)
    assert not named(package) - modules(package)


def test_every_room_of_control_is_named() -> None:
    assert named("control") == modules("control")


def test_every_layer_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", ARCHITECTURE, re.MULTILINE))
    assert not modules(".") - told - set(LAYERS)


def test_a_broad_except_says_why() -> None:
    silent = []
    for path in SOURCE.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if re.match(r"\s*except (Base)?Exception\b", line):
                raises = "raise" in "".join(lines[number + 1 : number + 12])
                if "#" not in line and "#" not in lines[number + 1] and not raises:
                    silent.append(f"{path.name}:{number + 1}")
    assert not silent
