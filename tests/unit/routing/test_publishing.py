"""A configuration on disk is the old one or the new one, and nobody else's to read."""

import os
import stat
from pathlib import Path

import pytest

from ripieno.routing.publishing import NAME, Folder


async def test_a_configuration_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "routes")
    for text in ("one", "two"):
        await folder.publish(text)
        path = tmp_path / "routes" / NAME
        assert path.read_text() == text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.listdir(tmp_path / "routes") == [NAME]


async def test_a_write_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "routes")
    await folder.publish("one")
    in_the_way = tmp_path / ".routes.new"
    in_the_way.mkdir()
    with pytest.raises(OSError, match="directory"):
        await folder.publish("two")
    assert (tmp_path / "routes" / NAME).read_text() == "one"
    in_the_way.rmdir()
    await folder.publish("three")
    assert (tmp_path / "routes" / NAME).read_text() == "three"
