"""How an application presents itself: what a catalogue shows and a search finds.

Part of the application file. What may be seen by whom, and what is withdrawn, is not: that is said
of the application in the registry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ripieno.model import access, names
from ripieno.model.errors import ApplicationError, ModelError
from ripieno.model.node import quoted

MOST_TITLE = 200
MOST_SUMMARY = 300
MOST_DESCRIPTION = 20_000
MOST_URL = 2000
MOST_WORD = 60
"""The longest tag or category, in characters."""

MOST_TAGS = 30
MOST_MAINTAINERS = 20
MOST_SCREENSHOTS = 10

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".svg")
"""What the name of a picture ends with."""

_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture among the application's files; `title` says what it shows."""

    file: str
    title: str = ""

    def __post_init__(self) -> None:
        names.check_relative(self.file, "the file of a picture")
        if not self.file.lower().endswith(PICTURE_ENDINGS):
            raise ApplicationError(
                f"{quoted(self.file)} is no picture; give one that ends with "
                f"{', '.join(PICTURE_ENDINGS)}"
            )
        _check_line(self.title, "the title of a picture", MOST_TITLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Presentation:
    """What an application says of itself.

    `description` is Markdown, kept as it was written: whoever shows it makes it harmless.
    `maintainers` are names, addresses, or the registry's own `user:NAME` and `group:NAME`, who may
    then publish, edit and withdraw versions.
    """

    title: str = ""
    summary: str = ""
    description: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    maintainers: tuple[str, ...] = ()
    source: str = ""
    documentation: str = ""
    licence: str = ""
    icon: str = ""
    screenshots: tuple[Picture, ...] = ()

    def __post_init__(self) -> None:
        _check_line(self.title, "the title", MOST_TITLE, "title")
        _check_line(self.summary, "the summary", MOST_SUMMARY, "summary")
        _check_length(self.description, "the description", MOST_DESCRIPTION, "description")
        _check_line(self.category, "the category", MOST_WORD, "category")
        _check_line(self.licence, "the licence", MOST_TITLE, "licence")
        _check_many(self.tags, "tags", MOST_TAGS, MOST_WORD)
        _check_many(self.maintainers, "maintainers", MOST_MAINTAINERS, MOST_TITLE)
        for each in self.editors:
            try:
                access.check_principal(each)
            except ModelError as problem:
                raise ApplicationError(str(problem), at=("maintainers",)) from problem
        for url, name in ((self.source, "source"), (self.documentation, "documentation")):
            _check_url(url, name)
        if self.icon:
            Picture(file=self.icon)
        if len(self.screenshots) > MOST_SCREENSHOTS:
            raise ApplicationError(
                f"there are {len(self.screenshots)} screenshots; give at most {MOST_SCREENSHOTS}",
                at=("screenshots",),
            )

    @property
    def editors(self) -> tuple[str, ...]:
        """Those maintainers whom the registry knows, as principals."""
        return tuple(
            each for each in self.maintainers if each.startswith((access.USER, access.GROUP))
        )

    @property
    def pictures(self) -> tuple[str, ...]:
        """The files of all pictures, each once."""
        found = dict.fromkeys(each.file for each in self.screenshots)
        return tuple({**({self.icon: None} if self.icon else {}), **found})


def to_json(presentation: Presentation) -> dict[str, Any]:
    """A presentation as plain data; what is empty is left out."""
    record = {
        "title": presentation.title,
        "summary": presentation.summary,
        "description": presentation.description,
        "category": presentation.category,
        "tags": list(presentation.tags),
        "maintainers": list(presentation.maintainers),
        "source": presentation.source,
        "documentation": presentation.documentation,
        "licence": presentation.licence,
        "icon": presentation.icon,
        "screenshots": [
            {"file": each.file, "title": each.title} for each in presentation.screenshots
        ],
    }
    return {name: value for name, value in record.items() if value}


def from_json(record: Mapping[str, Any]) -> Presentation:
    """The presentation that `to_json` wrote."""
    fields = dict(record)
    for name in ("tags", "maintainers"):
        fields[name] = tuple(fields.get(name, ()))
    fields["screenshots"] = tuple(Picture(**each) for each in fields.get("screenshots", ()))
    return Presentation(**fields)


def _check_length(text: str, what: str, most: int, *at: str) -> None:
    if len(text) > most:
        raise ApplicationError(f"{what} has {len(text)} characters; give at most {most}", at=at)


def _check_line(text: str, what: str, most: int, *at: str) -> None:
    _check_length(text, what, most, *at)
    if not text.isprintable():
        raise ApplicationError(
            f"{what} is {quoted(text)}; write it on one line, of characters that print", at=at
        )


def _check_many(texts: tuple[str, ...], name: str, most: int, longest: int) -> None:
    if len(texts) > most:
        raise ApplicationError(f"there are {len(texts)} {name}; give at most {most}", at=(name,))
    for text in texts:
        _check_line(text, f"one of the {name}", longest, name)
        if not text.strip():
            raise ApplicationError(f"one of the {name} is empty; take it out", at=(name,))
    if len(set(texts)) < len(texts):
        twice = next(each for each in texts if texts.count(each) > 1)
        raise ApplicationError(f"{quoted(twice)} is there twice; take one out", at=(name,))


def _check_url(text: str, name: str) -> None:
    _check_line(text, name, MOST_URL, name)
    if text and (not text.lower().startswith(_SCHEMES) or any(map(str.isspace, text))):
        raise ApplicationError(
            f"{quoted(text)} is no address of a page; give one that begins with https:// or "
            "http://",
            at=(name,),
        )
