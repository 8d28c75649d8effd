"""What tests of whole documents and of the demo share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warm_command import warm_command


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a `ripieno` that has loaded everything."""
    with warm_command(tmp_path_factory.mktemp("commands")) as folder:
        yield folder
