"""Which files belong to an application."""

import pytest

from ripieno.model import bundle as bundles
from ripieno.model import reading_applications
from ripieno.model.application import Application
from ripieno.model.bundle import BundleError


def application(*sources: str, head: str = "") -> Application:
    """An application with files from these sources."""
    files = "".join(f"\n      - {{target: f{n}, source: '{s}'}}" for n, s in enumerate(sources))
    return reading_applications.application(
        f"""\
name: pages
version: 1.0.0
{head}
parameters: {{properties: {{page: {{type: string}}, count: {{type: integer}}}}}}
components:
  store: {{type: service, command: [db], tcp_ports: {{sql: 1}}, provides: {{sql: db}}}}
  web:
    type: service
    command: [serve]
    uses: {{base: db}}
    files:{files or " []"}
"""
    )


def test_pictures_and_sources_are_wanted() -> None:
    found = application(
        "a/b.txt", "run.sh", head="icon: icon.svg\nscreenshots: [one.png, icon.svg]"
    )
    assert bundles.wanted(found) == ("icon.svg", "one.png", "a/b.txt", "run.sh")


def test_source_with_a_parameter_is_a_pattern() -> None:
    found = application("atlas/${parameters.page}-${parameters.count}.json", "$${a}")
    paths = ["atlas/a-1.json", "atlas/b-22.json", "atlas/x/y-1.json", "${a}", "other"]
    assert bundles.wanted(found) == ("atlas/*-*.json", "${a}")
    assert bundles.selected(found, paths) == ["${a}", "atlas/a-1.json", "atlas/b-22.json"]


def test_what_is_referred_to_has_to_be_there() -> None:
    with pytest.raises(BundleError, match=r"'index\.html', which does not come with it"):
        bundles.selected(application("index.html"), ["index.htm"])


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("/etc/passwd", "no path"),
        ("../secret", "no path"),
        ("a/${parameters.page}/../../b", "no path"),
        ("./a", "no path"),
        ("~/a", "no path"),
        ("a*.txt", "has a \\*"),
        ("${base.url}", "only when the application runs"),
    ],
)
def test_source_that_cannot_be_registered_is_refused(source: str, problem: str) -> None:
    with pytest.raises(BundleError, match=problem):
        bundles.wanted(application(source))
