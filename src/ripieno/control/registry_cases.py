"""What the gate needs of the use cases about registered applications: part of `UseCases`."""

from collections.abc import Sequence
from typing import Protocol

from ripieno.control.pictures import Picture
from ripieno.model.bundle import Bundle
from ripieno.store.registered import (
    ApplicationRecord,
    Found,
    Registered,
    Search,
    VersionRecord,
    VersionSummary,
)


class RegistryCases(Protocol):
    """All that can be asked of the registry; `caller` is the name of the user who asks."""

    async def search(self, search: Search) -> Found:
        """A page of the applications that fit."""
        ...

    async def entry(self, name: str) -> ApplicationRecord | None:
        """An application's entry, if there is one."""
        ...

    async def registered(self, name: str, version: str | None) -> Registered:
        """A version of an application (None: the one that presents it), and its entry."""
        ...

    async def versions(self, name: str) -> Sequence[VersionSummary]:
        """All versions of an application, the latest first."""
        ...

    async def named(self, bundle: Bundle) -> str:
        """The name that is in a document."""
        ...

    async def register(
        self, bundle: Bundle, *, is_draft: bool, visibility: Sequence[str] | None, caller: str
    ) -> Registered:
        """Publish a version, or save a draft."""
        ...

    async def publish(self, name: str, version: str, *, caller: str) -> Registered:
        """Publish a draft."""
        ...

    async def yank(self, name: str, version: str, because: str, *, caller: str) -> None:
        """Withdraw a published version."""
        ...

    async def unyank(self, name: str, version: str, *, caller: str) -> None:
        """Bring a version back."""
        ...

    async def remove(self, name: str, version: str | None, *, force: bool, caller: str) -> None:
        """Forget a version, or (None) all of them."""
        ...

    async def share(
        self, name: str, *, owner: str | None, visibility: Sequence[str] | None, caller: str
    ) -> ApplicationRecord:
        """Say who owns an application and who may see it."""
        ...

    async def picture(self, version: VersionRecord, file: str | None) -> Picture:
        """A picture of a version, by default its icon."""
        ...

    async def bundle(self, version: VersionRecord) -> Bundle:
        """A version with its files."""
        ...
