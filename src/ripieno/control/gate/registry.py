"""The gate's part about registered applications."""

import dataclasses
from collections.abc import Sequence

from ripieno.control.errors import NameInUse
from ripieno.control.gate.entry import Entry
from ripieno.control.pictures import Picture
from ripieno.control.policy import Action
from ripieno.model.access import EVERYONE, GROUP, USER
from ripieno.model.bundle import Bundle
from ripieno.store.registered import (
    ApplicationRecord,
    Found,
    Registered,
    Search,
    VersionRecord,
    VersionState,
    VersionSummary,
)


class RegistryGate(Entry):
    """The registry, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def search(self, search: Search) -> Found:
        """A page of those applications that fit and that the caller may see."""
        self._check(Action.LIST_APPLICATIONS)
        groups = (f"{GROUP}{each}" for each in self.caller.groups)
        theirs = dataclasses.replace(
            search,
            principals=frozenset((f"{USER}{self.caller.user}", EVERYONE, *groups)),
            sees_all=self.caller.is_admin,
        )
        return await self._control.search(theirs)

    async def registered(self, name: str, version: str | None = None) -> Registered:
        """A version of an application (None: the one that presents it), and its entry."""
        return await self._version(name, version)

    async def application(self, name: str, version: str | None = None) -> VersionRecord:
        """A version of an application, or (None) the one that presents it."""
        return (await self._version(name, version)).version

    async def versions(self, name: str) -> Sequence[VersionSummary]:
        """All versions of an application, the latest first; drafts for those who may edit it."""
        entry = (await self._version(name, None)).entry
        sees_drafts = self.may(Action.LOOK_AT_DRAFT, owner=entry.owner, editors=entry.editors)
        return [
            each
            for each in await self._control.versions(name)
            if sees_drafts or each.state is not VersionState.DRAFT
        ]

    async def picture(self, name: str, version: str | None, file: str | None = None) -> Picture:
        """A picture of a version (None: of the one that presents it), by default its icon."""
        found = await self._version(name, version)
        return await self._control.picture(found.version, file)

    async def bundle(self, name: str, version: str | None = None) -> Bundle:
        """A version with its files, as it can be registered elsewhere."""
        return await self._control.bundle((await self._version(name, version)).version)

    async def register(
        self, bundle: Bundle, *, is_draft: bool = False, visibility: Sequence[str] | None = None
    ) -> Registered:
        """Publish a version, or save a draft in the place of the one before.

        `visibility` is who may see an application that is new by it; by default everyone.
        """
        action = Action.SAVE_DRAFT if is_draft else Action.PUBLISH
        self._check(action)
        name = await self._control.named(bundle)
        entry = await self._control.entry(name)
        if entry is not None and not self._knows(entry):
            self._hide(action, f"application {name}")
            raise NameInUse(f"the name {name} is taken; give the application another one")
        async with self._doing(
            action,
            f"application {name}",
            owner=None if entry is None else entry.owner,
            editors=() if entry is None else entry.editors,
        ) as user:
            return await self._control.register(
                bundle, is_draft=is_draft, visibility=visibility, caller=user
            )

    async def publish(self, name: str, version: str) -> Registered:
        """Publish a draft."""
        entry = await self._application(Action.PUBLISH, name)
        what = f"application {name} {version}"
        async with self._doing(
            Action.PUBLISH, what, owner=entry.owner, editors=entry.editors
        ) as user:
            return await self._control.publish(name, version, caller=user)

    async def yank(self, name: str, version: str, because: str) -> None:
        """Withdraw a version: it stays, and is no longer what is deployed or found."""
        entry = await self._application(Action.YANK, name)
        async with self._doing(
            Action.YANK, f"application {name} {version}", owner=entry.owner, editors=entry.editors
        ) as user:
            await self._control.yank(name, version, because, caller=user)

    async def unyank(self, name: str, version: str) -> None:
        """Bring a version back that was withdrawn."""
        entry = await self._application(Action.YANK, name)
        async with self._doing(
            Action.YANK, f"application {name} {version}", owner=entry.owner, editors=entry.editors
        ) as user:
            await self._control.unyank(name, version, caller=user)

    async def remove(self, name: str, version: str | None = None, *, force: bool = False) -> None:
        """Forget a version or draft, or (None) an application with all of them.

        Unless by `force`, not while there are deployments of it; those go on. A draft may be
        forgotten by whoever may save one, and anything else by the owner.
        """
        action = Action.REMOVE_APPLICATION
        entry = await self._application(action, name)
        what = f"application {name} {version or ''}".rstrip()
        found = (await self._control.registered(name, version)).version
        if version is not None and found.state is VersionState.DRAFT:
            self._show(action, entry, found)
            async with self._doing(
                Action.SAVE_DRAFT, what, owner=entry.owner, editors=entry.editors
            ) as user:
                await self._control.remove(name, version, force=force, caller=user)
            return
        async with self._doing(action, what, owner=entry.owner) as user:
            await self._control.remove(name, version, force=force, caller=user)

    async def share(
        self, name: str, *, owner: str | None = None, visibility: Sequence[str] | None = None
    ) -> ApplicationRecord:
        """Say who owns an application and who may see it; None: as it is."""
        entry = await self._application(Action.SHARE_APPLICATION, name)
        async with self._doing(
            Action.SHARE_APPLICATION, f"application {name}", owner=entry.owner
        ) as user:
            return await self._control.share(name, owner=owner, visibility=visibility, caller=user)
