"""The images of the documentation are drawn from the tables, types and example as they are."""

from pathlib import Path

import pytest

from docs import diagrams


@pytest.mark.parametrize("path", diagrams.diagrams(), ids=lambda path: Path(path).name)
def test_a_diagram_is_up_to_date(path: Path) -> None:
    drawn = diagrams.diagrams()[path]
    assert path.is_file() and path.read_text(encoding="utf-8") == drawn, (
        f"{path.name} is out of date; draw it again with: python -m docs.diagrams"
    )
