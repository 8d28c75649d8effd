"""Static files: who wrote them, how they are served, what they weigh."""

import hashlib
import re
from pathlib import Path

from ripieno.ui import assets
from ripieno.ui.assets import FOLDER, Assets
from tests.fake_control import FakeControl
from tests.ui_rig import Pages

VENDOR = FOLDER / "vendor"
LIST = (VENDOR / "vendor.md").read_text()


def test_files_of_others_are_those_that_were_published() -> None:
    lines = [line.split("  ") for line in LIST.splitlines() if re.match("[0-9a-f]{64}  ", line)]
    listed = {name: digest for digest, name in lines}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "vendor.md"
    }
    assert found == listed


def test_every_package_of_others_is_listed_with_its_licence() -> None:
    for folder in VENDOR.iterdir():
        if folder.is_dir():
            name, _, version = folder.name.rpartition("-")
            assert re.search(rf"\| {name} \| {version} \| \S+ \| https://", LIST), folder.name
            assert (folder / "LICENSE").is_file(), folder.name


def test_what_pages_name_is_there() -> None:
    files = Assets()
    for name in (
        assets.HTMX,
        assets.HTMX_SSE,
        assets.IDIOMORPH,
        assets.DAGRE,
        assets.UPLOT,
        assets.UPLOT_STYLE,
    ):
        assert files.url(name).endswith(name)


async def test_a_file_is_kept_for_ever_under_its_digest_and_not_under_another() -> None:
    pages = Pages(FakeControl())
    files = Assets()
    kept = await pages.get(files.url("css/base.css"))
    assert kept.headers["cache-control"] == assets.FOREVER
    assert kept.headers["content-type"].startswith("text/css")
    assert kept.headers["content-encoding"] == "gzip"
    assert kept.text == (FOLDER / "css" / "base.css").read_text()
    other = await pages.get("/static/0123456789abcdef/css/base.css")
    assert other.headers["cache-control"] == "no-cache"
    plain = await pages.get(files.url("css/base.css"), Accept_Encoding="identity")
    assert "content-encoding" not in plain.headers
    assert plain.text == kept.text


async def test_nothing_but_the_static_files_is_served_as_one() -> None:
    pages = Pages(FakeControl(), caller=None)
    for path in ("../site.py", "..%2fsite.py", "/etc/passwd", "css/", "", "css/base.css/"):
        response = await pages.get(f"/static/x/{path}")
        assert response.status_code == 404, path


def test_the_digest_changes_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a")
    before = Assets(tmp_path).digest
    (tmp_path / "a.css").write_text("b")
    assert Assets(tmp_path).digest != before
