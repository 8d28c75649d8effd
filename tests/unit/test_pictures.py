"""Every page of the web UI has its pictures at both widths, and they are small."""

from starlette.routing import Route

from docs import pictures
from ripieno.ui.site import PAGES

MOST_BYTES = 400 * 1024
MOST_BYTES_IN_ALL = 3 * 2**20

SHOWN = (pictures.SIGN_IN, pictures.LINK, *pictures.PAGES)


def test_every_page_is_shown_or_said_to_be_none() -> None:
    pages = {
        each.path
        for routes in PAGES
        for each in routes
        if isinstance(each, Route) and "GET" in (each.methods or ())
    }
    pages = {each for each in pages if not each.endswith("stream")}
    assert pages == {each.route for each in SHOWN} | set(pictures.NO_PAGES)


def test_pictures_are_those_of_the_pages_and_small() -> None:
    wanted = {pictures.file_of(each, width) for each in SHOWN for width in pictures.WIDTHS}
    there = {each.name: each.stat().st_size for each in pictures.IMAGES.iterdir()}
    assert set(there) == wanted
    assert max(there.values()) < MOST_BYTES
    assert sum(there.values()) < MOST_BYTES_IN_ALL


def test_the_document_shows_them_all() -> None:
    assert (pictures.DOCS / "pages.md").read_text() == pictures.listing()
