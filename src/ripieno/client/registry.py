"""What can be asked of a server about registered applications."""

from collections.abc import Sequence
from urllib.parse import quote

from ripieno.client import asking
from ripieno.client.asking import part
from ripieno.client.transport import Query, Transport, read
from ripieno.wire import archive
from ripieno.wire.application import (
    Application,
    ApplicationPage,
    ApplicationVersion,
    VersionEntry,
    VersionPage,
)
from ripieno.wire.saved import (
    SaveConfigurationRequest,
    SavedConfiguration,
    SavedConfigurationPage,
)


class Registry:
    """The part of the client that is about applications."""

    _transport: Transport

    async def register(
        self, document: str, *, is_draft: bool = False, visibility: Sequence[str] | None = None
    ) -> VersionEntry:
        """Register a version of an application that needs no files."""
        body = {"document": document, "is_draft": is_draft, "visibility": visibility}
        return await self._transport.post("/applications", VersionEntry, body, is_once=True)

    async def register_archive(
        self, content: bytes, *, is_draft: bool = False, visibility: Sequence[str] | None = None
    ) -> VersionEntry:
        """Register a version of an application with its files; see `wire.archive`."""
        query: Query = {"draft": is_draft or None, "visibility": visibility}
        response = await self._transport.do(
            "POST",
            "/applications/archive",
            content=content,
            query=query,
            headers={"Content-Type": archive.MEDIA_TYPE},
            is_repeatable=True,
        )
        return read(response, VersionEntry)

    async def applications(
        self,
        text: str = "",
        *,
        tags: Sequence[str] = (),
        category: str | None = None,
        maintainers: Sequence[str] = (),
        kinds: Sequence[str] = (),
        is_mine: bool = False,
        order: str | None = None,
        counts: bool = False,
        after: str | None = None,
        limit: int | None = None,
    ) -> ApplicationPage:
        """A page of the applications that fit, without a text those of all by name."""
        query: Query = {
            "q": text or None,
            "tag": tags,
            "category": category,
            "maintainer": maintainers,
            "kind": kinds,
            "mine": is_mine or None,
            "order": order,
            "counts": counts or None,
            "after": after,
            "limit": limit,
        }
        return await self._transport.get("/applications", ApplicationPage, query)

    async def application(self, name: str) -> ApplicationVersion:
        """The version that presents an application: the latest release, if there is one."""
        return await self._transport.get(f"/applications/{part(name)}", ApplicationVersion)

    async def share_application(
        self, name: str, *, owner: str | None = None, visibility: Sequence[str] | None = None
    ) -> Application:
        """Say who owns an application, and who may see it."""
        given: dict[str, object] = {"owner": owner, "visibility": visibility}
        body = {field: value for field, value in given.items() if value is not None}
        response = await self._transport.do(
            "PATCH", f"/applications/{part(name)}", body=body, is_repeatable=True
        )
        return read(response, Application)

    async def remove_application(self, name: str, *, force: bool = False) -> None:
        """Forget an application with all of its versions."""
        await self._transport.do(
            "DELETE", f"/applications/{part(name)}", query={"force": force or None}
        )

    async def application_icon(self, name: str) -> bytes:
        """The icon of an application."""
        path = f"/applications/{part(name)}/icon"
        return (await self._transport.do("GET", path, is_repeatable=True)).content

    async def application_versions(self, name: str) -> VersionPage:
        """All versions of an application, the latest first."""
        return await self._transport.get(f"/applications/{part(name)}/versions", VersionPage)

    async def application_version(self, name: str, version: str) -> ApplicationVersion:
        """One version of an application."""
        return await self._transport.get(_version(name, version), ApplicationVersion)

    async def remove_version(self, name: str, version: str, *, force: bool = False) -> None:
        """Forget a version or a draft."""
        await self._transport.do("DELETE", _version(name, version), query={"force": force or None})

    async def publish_version(self, name: str, version: str) -> VersionEntry:
        """Publish a draft."""
        return await self._transport.post(f"{_version(name, version)}/publish", VersionEntry)

    async def yank(self, name: str, version: str, reason: str) -> None:
        """Withdraw a version."""
        path = f"{_version(name, version)}/yank"
        await self._transport.do("POST", path, body={"reason": reason})

    async def unyank(self, name: str, version: str) -> None:
        """Bring a version back."""
        await self._transport.do("POST", f"{_version(name, version)}/unyank")

    async def application_archive(self, name: str, version: str) -> bytes:
        """A version with its files."""
        path = f"{_version(name, version)}/archive"
        return (await self._transport.do("GET", path, is_repeatable=True)).content

    async def saved_configurations(self, name: str) -> SavedConfigurationPage:
        """What one has saved of an application, by name."""
        path = f"/applications/{part(name)}/saved-configurations"
        return await self._transport.get(path, SavedConfigurationPage)

    async def save_configuration(
        self, name: str, saved: str, request: SaveConfigurationRequest
    ) -> SavedConfiguration:
        """Save how the form of an application is filled in, in the place of what has the name."""
        response = await self._transport.do(
            "PUT", _saved(name, saved), body=asking.body(request), is_repeatable=True
        )
        return read(response, SavedConfiguration)

    async def remove_saved_configuration(self, name: str, saved: str) -> None:
        """Forget what was saved."""
        await self._transport.do("DELETE", _saved(name, saved))

    async def application_picture(self, name: str, version: str, file: str) -> bytes:
        """An icon or a screenshot of a version."""
        path = f"{_version(name, version)}/pictures/{quote(file)}"
        return (await self._transport.do("GET", path, is_repeatable=True)).content


def _version(application: str, version: str) -> str:
    return f"/applications/{part(application)}/versions/{part(version)}"


def _saved(application: str, name: str) -> str:
    return f"/applications/{part(application)}/saved-configurations/{part(name)}"
