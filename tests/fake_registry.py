"""The registry in memory: the real use cases over a catalogue that is searched by looking at all.

What the real store finds with indexes and counts on its shelf is here what is obviously right.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ripieno.control.registry import Registry, read_version
from ripieno.control.saved import Saving
from ripieno.model.bundle import Bundle
from ripieno.store import entry, words
from ripieno.store.applications import Registration
from ripieno.store.errors import InvalidCursor, VersionTaken
from ripieno.store.records import GroupRecord, SavedRecord, UserRecord
from ripieno.store.registered import (
    ApplicationRecord,
    EntryState,
    FacetCount,
    FacetKind,
    Found,
    Order,
    Registered,
    Search,
    VersionRecord,
    VersionState,
    VersionSummary,
)
from ripieno.store.view import MOST_VALUES

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@dataclasses.dataclass
class _Kept:
    owner: str
    visibility: tuple[str, ...]
    created_at: datetime
    versions: dict[str, VersionRecord] = dataclasses.field(default_factory=dict)


class MemoryCatalogue:
    """What the store does with applications, in dictionaries."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._contents: dict[str, bytes] = {}
        self.users_of: dict[str, list[str]] = {}
        self._saved: dict[tuple[str, str, str], SavedRecord] = {}

    async def register(self, *registrations: Registration) -> None:
        self.put(*registrations)

    def put(self, *registrations: Registration) -> None:
        for each in registrations:
            version = each.version
            kept = self._kept.setdefault(
                version.application, _Kept(each.owner, each.visibility, version.created_at)
            )
            known = kept.versions.get(version.version)
            if known is not None and known.state is not VersionState.DRAFT:
                if (known.document, known.files) == (version.document, version.files):
                    continue
                raise VersionTaken(f"{version.application} {version.version} cannot change")
            kept.versions[version.version] = version
            self._contents |= each.contents

    async def application(self, name: str) -> ApplicationRecord | None:
        return self._entry(name) if name in self._kept else None

    def _entry(self, name: str) -> ApplicationRecord:
        kept = self._kept[name]
        number, state = entry.presented(
            (each.version, each.state) for each in kept.versions.values()
        )
        version = kept.versions[number]
        said = version.presentation
        is_latest = state is EntryState.PUBLISHED and entry.is_release(number)
        return ApplicationRecord(
            name=name,
            version=number,
            latest=number if is_latest else None,
            state=state,
            title=said.title,
            summary=said.summary or entry.summary_of(said.description),
            category=said.category,
            tags=said.tags,
            maintainers=said.maintainers,
            kinds=version.kinds,
            licence=said.licence,
            icon=version.files[said.icon].digest if said.icon in version.files else "",
            owner=kept.owner,
            editors=said.editors,
            visibility=kept.visibility,
            created_at=kept.created_at,
            updated_at=version.published_at or version.created_at,
        )

    async def registered(self, name: str, version: str | None = None) -> Registered | None:
        shown = await self.application(name)
        if shown is None:
            return None
        found = await self.application_version(name, version or shown.version)
        return None if found is None else Registered(entry=shown, version=found)

    async def application_version(self, name: str, version: str) -> VersionRecord | None:
        return self._kept[name].versions.get(version)

    async def application_versions(self, name: str) -> list[VersionSummary]:
        found = sorted(
            self._kept[name].versions.values(),
            key=lambda each: entry.order(each.version),
            reverse=True,
        )
        names = [each.name for each in dataclasses.fields(VersionSummary)]
        return [VersionSummary(**{name: getattr(each, name) for name in names}) for each in found]

    async def yank(self, name: str, version: str, because: str) -> bool:
        versions = self._kept[name].versions
        was = VersionState.PUBLISHED if because else VersionState.YANKED
        if versions[version].state is not was:
            return False
        becomes = VersionState.YANKED if because else VersionState.PUBLISHED
        versions[version] = dataclasses.replace(
            versions[version], state=becomes, yanked_because=because
        )
        return True

    async def remove_version(self, name: str, version: str) -> bool:
        versions = self._kept[name].versions
        was_there = versions.pop(version, None) is not None
        if not versions:
            del self._kept[name]
        return was_there

    async def remove_application(self, name: str) -> bool:
        return self._kept.pop(name, None) is not None

    async def share(
        self,
        name: str,
        *,
        owner: str | None,
        visibility: Sequence[str] | None,
    ) -> bool:
        if name not in self._kept:
            return False
        kept = self._kept[name]
        kept.owner = kept.owner if owner is None else owner
        kept.visibility = kept.visibility if visibility is None else tuple(visibility)
        return True

    async def application_users(self, name: str, version: str | None = None) -> list[str]:
        return self.users_of.get(name, [])

    async def saved_configurations(self, user: str, application: str) -> list[SavedRecord]:
        return [each for key, each in sorted(self._saved.items()) if key[:2] == (user, application)]

    async def save_configuration(self, saved: SavedRecord) -> None:
        self._saved[saved.user, saved.application, saved.name] = saved

    async def remove_saved_configuration(self, user: str, application: str, name: str) -> bool:
        return self._saved.pop((user, application, name), None) is not None

    async def file(self, digest: str) -> bytes | None:
        return self._contents.get(digest)

    async def user(self, name: str) -> UserRecord | None:
        return UserRecord(
            name=name,
            display_name="",
            email="",
            role="viewer",
            password_hash=None,
            issuer=None,
            subject=None,
            created_at=NOW,
            signed_out_at=NOW,
        )

    async def group(self, name: str) -> GroupRecord | None:
        return GroupRecord(name=name, description="", created_at=NOW)

    async def search(self, search: Search) -> Found:
        asked = words.asked(search.text)
        if search.text.strip() and not asked:
            return Found(items=(), facets={}, total=0, next=None)
        found = [
            each
            for each in map(self._entry, sorted(self._kept))
            if is_visible(each, search) and fits(each, search, asked, self._texts(each))
        ]
        if search.order is Order.NEWEST:
            found.sort(key=lambda each: each.updated_at, reverse=True)
        if search.after is not None and not search.after.startswith("o."):
            raise InvalidCursor(f"{search.after} is no cursor")
        begin = int(search.after[2:]) if search.after else 0
        end = begin + search.limit
        return Found(
            items=found[begin:end],
            facets=facets_of(found) if search.counts else {},
            total=len(found) if search.counts else None,
            next=f"o.{end}" if len(found) > end else None,
        )

    def _texts(self, found: ApplicationRecord) -> str:
        said = self._kept[found.name].versions[found.version].presentation
        own_summary = said.summary
        parts = (found.name, found.title, own_summary, said.description, found.category)
        return " ".join((*parts, found.licence, *found.tags, *found.maintainers))


def is_visible(each: ApplicationRecord, search: Search) -> bool:
    """Whether the searcher may see an application, and asks for such."""
    is_editor = not search.principals.isdisjoint((f"user:{each.owner}", *each.editors))
    if search.is_mine:
        return is_editor
    is_reader = not search.principals.isdisjoint(each.visibility) or "everyone" in each.visibility
    return each.state is EntryState.PUBLISHED and (search.sees_all or is_editor or is_reader)


def fits(each: ApplicationRecord, search: Search, asked: Iterable[str], texts: str) -> bool:
    """Whether an application has all the words and all the values of facets."""
    there = words.words(texts)
    has_words = all(any(word.startswith(begin) for word in there) for begin in asked)
    return has_words and all(
        value in values_of(each)[kind] for kind, values in search.facets.items() for value in values
    )


def values_of(each: ApplicationRecord) -> dict[FacetKind, tuple[str, ...]]:
    """The facets of an application."""
    return {
        FacetKind.TAG: each.tags,
        FacetKind.CATEGORY: (each.category,) if each.category else (),
        FacetKind.MAINTAINER: each.maintainers,
        FacetKind.KIND: each.kinds,
    }


def facets_of(found: Iterable[ApplicationRecord]) -> dict[FacetKind, list[FacetCount]]:
    """How applications are spread, by counting each."""
    counts: dict[FacetKind, Counter[str]] = {kind: Counter() for kind in FacetKind}
    for each in found:
        for kind, values in values_of(each).items():
            counts[kind].update(values)
    return {
        kind: [
            FacetCount(value=value, count=count)
            for value, count in sorted(each.items(), key=lambda one: (-one[1], one[0]))
        ][:MOST_VALUES]
        for kind, each in counts.items()
    }


class FakeRegistry(Registry, Saving):
    """The use cases of the registry, over the catalogue in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.catalogue = MemoryCatalogue()
        self._store = self.catalogue  # type: ignore[assignment]  # all that `Registry` asks of it

    def keep(
        self, document: str, *, owner: str = "alice", is_draft: bool = False, at: datetime = NOW
    ) -> VersionRecord:
        """Let there be a version."""
        record, contents = read_version(Bundle(document=document), is_draft, owner, at)
        self.catalogue.put(Registration(version=record, contents=contents, owner=owner))
        return record
