"""Use cases about registered applications: versions, drafts, files, who may see what."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from ripieno.control import missing, pictures, principals
from ripieno.control.errors import Conflict, InvalidRequest, NotFound
from ripieno.control.pictures import Picture
from ripieno.model import bundle as bundles
from ripieno.model import reading_applications
from ripieno.model.access import EVERYONE, check_principal
from ripieno.model.application import Application
from ripieno.model.bundle import Bundle, BundledFile
from ripieno.model.errors import ModelError
from ripieno.model.names import check_slug
from ripieno.model.presentation import Presentation
from ripieno.store.applications import Registration
from ripieno.store.errors import StoreError, VersionTaken
from ripieno.store.registered import (
    ApplicationRecord,
    FileRecord,
    Found,
    Registered,
    Search,
    VersionRecord,
    VersionState,
    VersionSummary,
)
from ripieno.store.store import Store

MOST_REASON = 1000
MOST_READERS = 100


class Registry:
    """The part of the use cases that is a catalogue."""

    _store: Store

    async def search(self, search: Search) -> Found:
        """A page of the applications that fit. Raises: a `StoreError` for its cursor."""
        return await self._store.search(search)

    async def entry(self, name: str) -> ApplicationRecord | None:
        """An application's entry, if there is one."""
        return await self._store.application(name)

    async def registered(self, name: str, version: str | None) -> Registered:
        """A version of an application (None: the one that presents it), and its entry.

        Raises: `NotFound`.
        """
        found = await self._store.registered(name, version)
        if found is None and await self._store.application(name) is None:
            raise missing.application(name)
        if found is None:
            raise missing.version(name, version)
        return found

    async def versions(self, name: str) -> Sequence[VersionSummary]:
        """All versions of an application, the latest first."""
        return await self._store.application_versions(name)

    async def named(self, bundle: Bundle) -> str:
        """The name that is in a document. Raises: a `ModelError`."""
        name, _, _ = await asyncio.to_thread(reading_applications.outline, bundle.document)
        return name

    async def register(
        self,
        bundle: Bundle,
        *,
        is_draft: bool,
        visibility: Sequence[str] | None,
        caller: str,
    ) -> Registered:
        """Publish a version, or save a draft; files that it does not refer to are left out.

        Raises: a `ModelError` for what cannot be published; `Conflict` for another document or
        other files than those that are published.
        """
        now = _now()
        record, contents = await asyncio.to_thread(read_version, bundle, is_draft, caller, now)
        registration = Registration(
            version=record,
            contents=contents,
            owner=caller,
            visibility=await self._readers((EVERYONE,) if visibility is None else visibility),
        )
        await self._register(registration)
        return await self.registered(record.application, record.version)

    async def publish(self, name: str, version: str, *, caller: str) -> Registered:
        """Publish a draft. Raises: `NotFound`, `Conflict`; a `ModelError` for what is wrong."""
        found = await self.registered(name, version)
        if found.version.state is not VersionState.DRAFT:
            raise Conflict(f"{name} {version} is published already; save a draft of another one")
        bundle = await self.bundle(found.version)
        return await self.register(bundle, is_draft=False, visibility=None, caller=caller)

    async def yank(self, name: str, version: str, because: str, *, caller: str) -> None:
        """Withdraw a published version. Raises: `NotFound`, `Conflict`, `InvalidRequest`."""
        because = because.strip()
        if not because or len(because) > MOST_REASON:
            raise InvalidRequest(
                f"say why {name} {version} is yanked, in up to {MOST_REASON} characters; those who "
                "have it read that"
            )
        found = await self.registered(name, version)
        if not await self._store.yank(name, version, because):
            raise Conflict(
                f"{name} {version} is {found.version.state}; only what is published can be yanked"
            )

    async def unyank(self, name: str, version: str, *, caller: str) -> None:
        """Bring a version back. Raises: `NotFound`, `Conflict`."""
        found = await self.registered(name, version)
        if not await self._store.yank(name, version, ""):
            raise Conflict(f"{name} {version} is {found.version.state}, and not yanked")

    async def remove(self, name: str, version: str | None, *, force: bool, caller: str) -> None:
        """Forget a version, or (None) all of them. Raises: `NotFound`, `Conflict`."""
        await self.registered(name, version)
        users = await self._store.application_users(name, version)
        if users and not force:
            which = f"{name} {version}" if version else name
            raise Conflict(
                # Not their names: others' deployments are not shown to an application's owner.
                f"{which} is deployed (deployments: {len(users)}, ripieno status shows those that "
                "you may see); remove that first, yank the version instead, or force it: what runs "
                "goes on"
            )
        if version is None:
            await self._store.remove_application(name)
        else:
            await self._store.remove_version(name, version)

    async def share(
        self, name: str, *, owner: str | None, visibility: Sequence[str] | None, caller: str
    ) -> ApplicationRecord:
        """Say who owns an application and who may see it. Raises: `NotFound`, a `ModelError`.

        Whoever may see it already stays, there or not: of a group that a provider of identities
        names, there may be nobody at the moment.
        """
        if owner is not None:
            check_slug(owner, "a user")
            if await self._store.user(owner) is None:
                raise NotFound(f"there is no user {owner}")
        readers = None
        if visibility is not None:
            entry = await self.entry(name)
            readers = await self._readers(visibility, known=entry.visibility if entry else ())
        if not await self._store.share(name, owner=owner, visibility=readers):
            raise missing.application(name)
        return (await self.registered(name, None)).entry

    async def picture(self, version: VersionRecord, file: str | None) -> Picture:
        """A picture of a version, by default its icon. Raises: `NotFound`."""
        path = file or version.presentation.icon
        known = version.files.get(path)
        content = None
        if known is not None and known.media_type:
            content = await self._store.file(known.digest)
        if known is None or content is None:
            what = f"picture {file!r}" if file else "icon"
            raise NotFound(f"{version.application} {version.version} has no {what}")
        return Picture(content=content, media_type=known.media_type, digest=known.digest)

    async def bundle(self, version: VersionRecord) -> Bundle:
        """A version with its files."""
        files = {}
        for path, each in version.files.items():
            content = await self._store.file(each.digest)
            if content is None:
                raise StoreError(
                    f"{version.application} {version.version}: {path} is not kept any more"
                )
            files[path] = BundledFile(content=content, is_executable=each.is_executable)
        return Bundle(document=version.document, files=files)

    async def _readers(
        self, visibility: Sequence[str], known: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Who may see an application. Raises: an `AccessError`, `InvalidRequest`, `NotFound`."""
        readers = _principals(visibility)
        for each in readers:
            if each not in known:
                await principals.check_there(self._store, each)
        return readers

    async def _register(self, registration: Registration) -> None:
        try:
            await self._store.register(registration)
        except VersionTaken as problem:
            raise Conflict(str(problem)) from problem


def read_version(
    bundle: Bundle, is_draft: bool, caller: str, now: datetime
) -> tuple[VersionRecord, Mapping[str, bytes]]:
    """A version as it is stored, and what is in its files. Raises: a `ModelError`."""
    name, number, presentation = reading_applications.outline(bundle.document)
    problem = ""
    files: Mapping[str, BundledFile] = bundle.files
    types: Mapping[str, str] = {}
    application: Application | None = None
    try:
        application = reading_applications.application(bundle.document)
        presentation = application.presentation
        files = {path: bundle.files[path] for path in bundles.selected(application, bundle.files)}
        types = _pictures(presentation, files)
    except ModelError as found:
        if not is_draft:
            raise
        problem = str(found)
    record = VersionRecord(
        application=name,
        version=number,
        state=VersionState.DRAFT if is_draft else VersionState.PUBLISHED,
        problem=problem,
        created_at=now,
        created_by=caller,
        published_at=None if is_draft else now,
        yanked_because="",
        document=bundle.document,
        presentation=presentation,
        kinds=_kinds(application),
        files={
            path: FileRecord(
                digest=each.digest,
                size_bytes=len(each.content),
                is_executable=each.is_executable,
                media_type=types.get(path, ""),
            )
            for path, each in files.items()
        },
    )
    return record, {each.digest: each.content for each in files.values()}


def _pictures(presentation: Presentation, files: Mapping[str, BundledFile]) -> dict[str, str]:
    """What the pictures are. Raises: `BundleError`."""
    return {
        path: pictures.media_type(
            path,
            files[path].content,
            most_bytes=pictures.MOST_ICON_BYTES
            if path == presentation.icon
            else pictures.MOST_SCREENSHOT_BYTES,
        )
        for path in presentation.pictures
    }


def _kinds(application: Application | None) -> tuple[str, ...]:
    """How the components of an application run."""
    workloads = [each.workload for each in (application.components.values() if application else ())]
    found = {"command" if each.image is None else "image" for each in workloads if each}
    return tuple(sorted(found))


def _principals(visibility: Sequence[str]) -> tuple[str, ...]:
    """Who may see an application. Raises: an `AccessError`, `InvalidRequest`."""
    if len(visibility) > MOST_READERS:
        raise InvalidRequest(
            f"{len(visibility)} users and groups are named; make a group of them (up to "
            f"{MOST_READERS} can be named)"
        )
    return tuple(dict.fromkeys(check_principal(each) for each in visibility))


def latest(found: Registered) -> VersionRecord:
    """The version that is deployed when none is named. Raises: `InvalidRequest`."""
    if found.entry.latest is None:
        raise InvalidRequest(
            f"{found.entry.name} has no release that is not yanked; name the version to deploy, "
            f"such as {found.entry.version}"
        )
    return found.version


def _now() -> datetime:
    return datetime.now(UTC)
