"""The sample applications come up from their files, on the environment that is made for them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ripieno.model import reading_applications
from ripieno.testing.control_rig import PATIENCE_S, Rig, component, open_rig

CATALOGUE = Path(__file__).resolve().parents[2] / "examples" / "catalogue"
SAMPLES = sorted(path.parent.name for path in CATALOGUE.glob("*/application.yaml"))

PAGES = {
    "brain-atlas": ("viewer", "<title>Brain atlas</title>"),
    "ensemble": ("page", "<title>Ensemble</title>"),
    "hawkes-explorer": ("explorer", "<title>Hawkes explorer</title>"),
    "population-code": ("notebook", "<title>Population code</title>"),
}
"""The component with a page, and what is in that."""


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """A control plane that starts what is deployed on the samples' environment."""
    python = CATALOGUE / ".venv" / "bin"
    assert python.is_dir(), "the samples have no environment; make it with: make test"
    monkeypatch.setenv("PATH", str(python), prepend=":")
    async with open_rig(tmp_path / "home") as opened:
        yield opened


def document(sample: str) -> str:
    return (CATALOGUE / sample / "application.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_can_be_filled_in_and_is_named_as_its_folder(sample: str) -> None:
    read = reading_applications.application(document(sample))
    assert read.name == sample
    properties = read.parameters["properties"]
    assert isinstance(properties, dict)
    assert read.presentation.summary and read.presentation.category and read.presentation.icon
    for name, schema in properties.items():
        assert {"title", "type", "default"} <= set(schema), name
        assert "enum" in schema or {"minimum", "maximum"} <= set(schema), name
    for each in read.components.values():
        assert each.workload
        for file in each.workload.files:
            assert (CATALOGUE / sample / str(file.source)).is_file()
    assert (CATALOGUE / sample / "icon.svg").is_file()


@pytest.mark.parametrize("sample", SAMPLES)
async def test_a_sample_shows_its_page(rig: Rig, sample: str) -> None:
    name, title = PAGES[sample]
    view = await rig.deploy(document(sample), directory=CATALOGUE / sample)
    (replica,) = component(view, name).replicas
    address = f"http://127.0.0.1:{replica.tcp_ports['http']}/"
    async with httpx.AsyncClient(timeout=PATIENCE_S) as browser:
        assert title in (await browser.get(address)).text
