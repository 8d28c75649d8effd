"""Names of images."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.images.errors import IllegalReference
from ripieno.images.reference import parse

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "written", "host", "wanted"),
    [
        ("postgres", "docker.io/library/postgres:latest", "registry-1.docker.io", "latest"),
        (" postgres:17 ", "docker.io/library/postgres:17", "registry-1.docker.io", "17"),
        ("neuro/viewer", "docker.io/neuro/viewer:latest", "registry-1.docker.io", "latest"),
        ("docker.io/postgres", "docker.io/library/postgres:latest", "registry-1.docker.io", None),
        ("index.docker.io/a/b:1", "docker.io/a/b:1", "registry-1.docker.io", "1"),
        ("registry-1.docker.io/a", "docker.io/library/a:latest", "registry-1.docker.io", None),
        ("ghcr.io/neuro/viewer:1.2", "ghcr.io/neuro/viewer:1.2", "ghcr.io", "1.2"),
        ("GHCR.io/a", "ghcr.io/a:latest", "ghcr.io", None),
        ("localhost/a", "localhost/a:latest", "localhost", None),
        ("localhost:5000/a/b/c:d", "localhost:5000/a/b/c:d", "localhost:5000", "d"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000", None),
        ("lab:5000/a", "lab:5000/a:latest", "lab:5000", None),
        (f"a@{DIGEST}", f"docker.io/library/a@{DIGEST}", "registry-1.docker.io", DIGEST),
        (f"x.org/a:1@{DIGEST}", f"x.org/a:1@{DIGEST}", "x.org", DIGEST),
        ("a__b/c-d--e.f", "docker.io/a__b/c-d--e.f:latest", "registry-1.docker.io", None),
    ],
)
def test_a_name_leads_to_a_registry_and_a_repository(
    text: str, written: str, host: str, wanted: str | None
) -> None:
    found = parse(text)
    assert (str(found), found.host) == (written, host)
    assert wanted in (None, found.wanted)
    assert parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", ":", "@", "a:", "a@", "a@sha256:00", f"a@{DIGEST.upper()}", "a@md5:00"),
        *("A", "docker.io/A", "a b", "a/", "/a", "a//b", "a:b/c", "-a", "a-", "a..b", "a___b"),
        *(
            "http://a/b",
            "x.org:99999/a",
            "x.org:0/a",
            "x..org/a",
            "x.org:/a",
            "ä/b",
            "a:ä",
            "a\n/b",
        ),
        *("x.org/../a", "x.org/a/../b", "x.org/a?b", "x.org/a#b", "u@x.org/a", "x.org\\a/b"),
        *("[::1/a", "a" * 256, "a:" + "b" * 129, "a" * 2000),
    ],
)
def test_what_names_no_image_is_refused(text: str) -> None:
    with pytest.raises(IllegalReference):
        parse(text)


@given(st.text(max_size=40) | st.text(alphabet="aA0:/@.-_[]", max_size=30))
def test_any_text_is_a_name_or_refused_on_purpose(text: str) -> None:
    try:
        found = parse(text)
    except IllegalReference:
        return
    assert parse(str(found)) == found
