"""Applications that are registered, each with its versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from ripieno.wire.base import (
    MOST_PAGE,
    NO_ZERO,
    Cursor,
    Document,
    Flag,
    Request,
    Response,
    Slug,
    Text,
)
from ripieno.wire.page import Page

MOST_QUERY = 500
"""The longest text to search for, in characters."""

Principal = Annotated[
    str, StringConstraints(pattern=r"^(everyone|(user|group):[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$")
]
Principals = Annotated[list[Principal], Field(max_length=100)]
FacetValue = Annotated[str, StringConstraints(max_length=200, pattern=NO_ZERO)]
FacetValues = Annotated[list[FacetValue], Field(max_length=20)]


class RegisterRequest(Request):
    """An application file to register; its name and version are in it.

    One that refers to files of its own is registered as an archive.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"document": "name: hello\nversion: 1.0.0\ncomponents: {}\n"}]
        }
    )

    document: Document
    is_draft: Flag = Field(default=False, description="save it, and publish it later")
    visibility: Principals | None = Field(
        default=None, description="who may see an application that is new; by default everyone"
    )


class RegisterQuery(Request):
    """How an archive is to be registered."""

    draft: bool = Field(default=False, description="save it, and publish it later")
    visibility: Principals | None = Field(
        default=None, description="who may see an application that is new; by default everyone"
    )


class YankRequest(Request):
    """Why a version is withdrawn."""

    reason: Text


class ShareRequest(Request):
    """Who is to own an application, and who may see it; what is left out stays."""

    owner: Slug | None = None
    visibility: Principals | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "ShareRequest":
        if self.owner is None and self.visibility is None:
            raise ValueError("give an owner, a visibility or both")
        return self


class SearchQuery(Request):
    """Which applications are wanted, and which part of them."""

    q: str = Field(
        default="",
        max_length=MOST_QUERY,
        description="words, each the beginning of one in the name, title, tags or description",
    )
    tag: FacetValues = Field(default=[], description="has all of these tags")
    category: FacetValue | None = None
    maintainer: FacetValues = Field(default=[], description="has all of these maintainers")
    kind: FacetValues = Field(default=[], description="how components run: command, image")
    mine: bool = Field(default=False, description="what the caller may edit, drafts as well")
    order: Annotated[str, StringConstraints(pattern=r"^(relevance|name|newest)$")] = "relevance"
    counts: bool = Field(default=False, description="tell the total and the facets as well")
    after: Cursor | None = Field(default=None, description="`next` of the page before")
    limit: Annotated[int, Field(ge=1, le=MOST_PAGE)] = 100


class RemoveApplicationQuery(Request):
    """Whether something is removed although it is deployed; what runs goes on."""

    force: bool = False


class Application(Response):
    """An application as a catalogue shows it: as its `version` presents it.

    `latest` is the release that is deployed when no version is named. `icon` is a digest of the
    icon, empty if there is none.
    """

    name: str
    version: str
    latest: str | None
    state: str = Field(description="published, yanked (all versions are) or draft")
    title: str
    summary: str
    category: str
    tags: tuple[str, ...]
    maintainers: tuple[str, ...]
    kinds: tuple[str, ...]
    licence: str
    icon: str
    owner: str
    editors: tuple[str, ...]
    visibility: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


class FacetCount(Response):
    """How many of what was found have a value."""

    value: str
    count: int


class ApplicationPage(Page[Application]):
    """Applications that were found."""

    total: int | None = Field(description="how many there are in all, if that was asked for")
    is_partial: bool = Field(
        default=False,
        description="true: there are more than `total`, which were not looked for, and `facets` "
        "are those of `total` of them",
    )
    facets: Mapping[str, list[FacetCount]] = Field(
        description="the most frequent tags, categories, maintainers and kinds, if asked for"
    )


class Screenshot(Response):
    """A picture of an application."""

    file: str
    title: str


class Presentation(Response):
    """What an application says of itself. The description is Markdown, as it was written."""

    title: str
    summary: str
    description: str
    category: str
    tags: tuple[str, ...]
    maintainers: tuple[str, ...]
    source: str
    documentation: str
    licence: str
    icon: str
    screenshots: tuple[Screenshot, ...]


class KeptFile(Response):
    """A file that was registered with a version."""

    path: str
    digest: str
    size_bytes: int
    is_executable: bool
    media_type: str


class VersionEntry(Response):
    """A version in a list. `problem` is why a draft cannot be published as it is."""

    application: str
    version: str
    state: str = Field(description="draft, published or yanked")
    problem: str
    yanked_because: str
    created_at: datetime
    created_by: str
    published_at: datetime | None


class VersionPage(Page[VersionEntry]):
    """Versions, the latest first."""


class ApplicationVersion(VersionEntry):
    """One version of an application; what is published never changes."""

    document: str
    presentation: Presentation
    kinds: tuple[str, ...]
    files: list[KeptFile]
    entry: Application
