"""What the store keeps of registered applications, and how it is searched.

An application has versions, drafts among them, and an entry of its own: who owns it, who may see
it, and what a catalogue shows of it, which is that of one of its versions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ripieno.model.access import EVERYONE
from ripieno.model.presentation import Presentation


class VersionState(StrEnum):
    """What a version is: a draft may be changed, what is published may not."""

    DRAFT = "draft"
    PUBLISHED = "published"
    YANKED = "yanked"


class EntryState(StrEnum):
    """What an application has: a version to deploy, only yanked ones, or nothing but drafts."""

    PUBLISHED = "published"
    YANKED = "yanked"
    DRAFT = "draft"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRecord:
    """A file of a version; what is in it is kept by its digest.

    `media_type` is what was found in it, if it is one of the application's pictures.
    """

    digest: str
    size_bytes: int
    is_executable: bool = False
    media_type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionSummary:
    """A version without what is in it. `yanked_because` is there if it is yanked.

    `problem` is why a draft cannot be published as it is.
    """

    application: str
    version: str
    state: VersionState
    problem: str
    created_at: datetime
    created_by: str
    published_at: datetime | None
    yanked_because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRecord(VersionSummary):
    """A version of an application. `kinds` is how its components run: command, image."""

    document: str
    presentation: Presentation
    kinds: tuple[str, ...] = ()
    files: Mapping[str, FileRecord] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationRecord:
    """An application as a catalogue shows it: as its `version` presents it.

    That is the highest release; or the highest pre-release where there is no release; or a yanked
    one, or a draft, where there is nothing else: see `state`. `latest` is the release that is
    deployed when no version is named, if there is one. `icon` is a digest, or empty. `editors` are
    principals who may change it, besides its owner; `updated_at` is when that version came.
    """

    name: str
    version: str
    latest: str | None
    state: EntryState
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
    visibility: tuple[str, ...] = (EVERYONE,)
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """A version of an application, and the application's entry."""

    entry: ApplicationRecord
    version: VersionRecord


class Order(StrEnum):
    """In which order what is found is listed."""

    RELEVANCE = "relevance"
    NAME = "name"
    NEWEST = "newest"


class FacetKind(StrEnum):
    """By what a search can be narrowed."""

    TAG = "tag"
    CATEGORY = "category"
    MAINTAINER = "maintainer"
    KIND = "kind"


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What is looked for. Any `text` is legal; each of its words begins a word of what is found.

    `facets` narrow: what is found has all of these values. `principals` are what the searcher is;
    with `sees_all` nothing is hidden from them. `is_mine`: what they may edit, in any state; by
    default only what is published is found. `after` is `next` of the page before.
    """

    text: str = ""
    facets: Mapping[FacetKind, tuple[str, ...]] = field(default_factory=dict)
    principals: frozenset[str] = frozenset()
    sees_all: bool = False
    is_mine: bool = False
    order: Order = Order.RELEVANCE
    after: str | None = None
    limit: int = 24
    counts: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class FacetCount:
    """How many of what is found have a value."""

    value: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A page of what was found, how many there are in all, and how they are spread.

    `facets` has the most frequent values of each kind; it and `total` are empty where they were not
    asked for (`Search.counts`). `is_partial`: there are more than `total`, which were not counted;
    the facets are those of `total` of them.
    """

    items: Sequence[ApplicationRecord]
    facets: Mapping[FacetKind, Sequence[FacetCount]]
    total: int | None
    next: str | None
    is_partial: bool = False
