"""How an application presents itself: what is read, and what is refused with line and field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripieno.model import presentation as presentations
from ripieno.model import reading_applications
from ripieno.model.errors import DocumentError
from ripieno.model.presentation import Picture, Presentation

REST = "name: brain\nversion: 1.0.0\ncomponents: {web: {type: service, command: [serve]}}\n"

FULL = """\
title: Brain viewer
summary: Browse a parcellated MRI
description: |
  # Brain
  <script>alert(1)</script>
category: viewers
tags: [mri, 3d view]
maintainers: ["Ada <ada@lab.example>", "user:ada", "group:neuro"]
source: https://git.example.org/brain
documentation: HTTP://docs.example.org/?q=a b
licence: Apache-2.0 OR MIT
icon: icon.svg
screenshots: [a.png, {file: b/c.JPG, title: The left side}]
"""


def read(text: str) -> Presentation:
    """What a document says, without a space in its documentation."""
    return reading_applications.application(text.replace("a b", "ab") + REST).presentation


def test_everything_is_read_as_it_is_written() -> None:
    found = read(FULL)
    assert found.title == "Brain viewer"
    assert found.description == "# Brain\n<script>alert(1)</script>\n"
    assert found.tags == ("mri", "3d view")
    assert found.editors == ("user:ada", "group:neuro")
    assert found.screenshots == (
        Picture(file="a.png"),
        Picture(file="b/c.JPG", title="The left side"),
    )
    assert found.pictures == ("icon.svg", "a.png", "b/c.JPG")
    assert read("") == Presentation()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("source: javascript:alert(1)", "source: 'javascript:alert.*' is no address"),
        ("documentation: 'https://a b c'", "documentation"),
        ("documentation: file:///etc/passwd", "documentation"),
        ("source: git@git.example.org:a.git", "source"),
        ("title: |\n  two\n  lines", "title"),
        ("summary: " + "x" * 301, "summary"),
        ("description: " + "x" * 20_001, "description"),
        ("category: [a]", "category"),
        ("tags: mri", "tags"),
        ("tags: [mri, mri]", "tags: 'mri' is there twice"),
        ("tags: ['  ']", "tags"),
        (f"tags: [{', '.join(f't{n}' for n in range(31))}]", "tags: there are 31"),
        ("maintainers: [user:Ada]", "maintainers"),
        ("maintainers: ['group:']", "maintainers"),
        ("icon: ../icon.svg", "icon"),
        ("icon: /icon.svg", "icon"),
        ("icon: icon.html", "icon"),
        ("screenshots: [{title: a}]", r"screenshots\[0\]"),
        ("screenshots: [{file: a.png, alt: b}]", r"unknown field 'alt'"),
        ("licence: {name: MIT}", "licence"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_line(text: str, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem) as error:
        read(text + "\n")
    assert error.value.line == 1


def test_outline_of_a_document_with_gaps_is_read() -> None:
    name, version, found = reading_applications.outline("name: a\nversion: 1.0.0\ntitle: A\n")
    assert (name, version, found.title) == ("a", "1.0.0", "A")


@pytest.mark.parametrize("text", ["name: a", "version: 1.0.0", "name: A\nversion: 1.0.0", "- a"])
def test_document_without_name_or_version_has_no_outline(text: str) -> None:
    with pytest.raises(DocumentError):
        reading_applications.outline(text)


lines = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=30).filter(
    str.isprintable
)
words = st.lists(lines.filter(str.strip), max_size=4, unique=True).map(tuple)


@given(
    st.builds(
        Presentation,
        title=lines,
        description=st.text(max_size=100),
        tags=words,
        maintainers=words,
        screenshots=st.tuples(st.builds(Picture, file=st.just("a.png"), title=lines)),
    )
)
def test_plain_data_holds_all_of_it(presentation: Presentation) -> None:
    assert presentations.from_json(presentations.to_json(presentation)) == presentation
