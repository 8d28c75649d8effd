"""What can be asked of a server about users, groups, tokens, and who did what."""

from collections.abc import Collection
from datetime import datetime

import httpx

from ripieno.client.asking import body, part
from ripieno.client.transport import Transport, read
from ripieno.model.access import Scope
from ripieno.wire.audit import AuditPage, Result
from ripieno.wire.group import Group, GroupPage, GroupRequest
from ripieno.wire.quota import Quota, QuotaPage, QuotaRequest
from ripieno.wire.token import CreatedToken, TokenPage
from ripieno.wire.user import Me, User, UserChange, UserPage, UserRequest


class People:
    """The part of the client about who there is."""

    _transport: Transport

    async def whoami(self) -> Me:
        """Whose token this is, and what it is good for."""
        return await self._transport.get("/me", Me)

    async def users(self, *, after: str | None = None, limit: int | None = None) -> UserPage:
        """A page of users, by name."""
        return await self._transport.get("/users", UserPage, {"after": after, "limit": limit})

    async def user(self, name: str) -> User:
        """A user."""
        return await self._transport.get(f"/users/{part(name)}", User)

    async def add_user(self, request: UserRequest) -> User:
        """Make a user."""
        sent = request.model_dump(mode="json", exclude_unset=True, exclude={"password"})
        if request.password is not None:
            sent["password"] = request.password.get_secret_value()
        return await self._transport.post("/users", User, sent, is_once=True)

    async def change_user(self, name: str, change: UserChange) -> User:
        """Change what is given of a user."""
        return read(await self._change("PATCH", f"/users/{part(name)}", body(change)), User)

    async def set_password(self, name: str, password: str | None) -> None:
        """Give a user a password (None: none lets in), and sign them out everywhere."""
        await self._change("PUT", f"/users/{part(name)}/password", {"password": password})

    async def remove_user(self, name: str, *, to: str | None = None) -> None:
        """Forget a user; `to` gets their deployments."""
        await self._transport.do("DELETE", f"/users/{part(name)}", query={"to": to})

    async def groups(self) -> GroupPage:
        """All groups and who is in them."""
        return await self._transport.get("/groups", GroupPage)

    async def group(self, name: str) -> Group:
        """A group and who is in it."""
        return await self._transport.get(f"/groups/{part(name)}", Group)

    async def add_group(self, request: GroupRequest) -> Group:
        """Make a group with nobody in it."""
        return await self._transport.post("/groups", Group, body(request), is_once=True)

    async def describe_group(self, name: str, description: str) -> Group:
        """Say something else of a group."""
        sent = {"description": description}
        return read(await self._change("PATCH", f"/groups/{part(name)}", sent), Group)

    async def remove_group(self, name: str) -> None:
        """Forget a group."""
        await self._transport.do("DELETE", f"/groups/{part(name)}")

    async def put_member(self, name: str, user: str, *, is_manager: bool = False) -> Group:
        """Put a user into a group, or say anew whether they manage it."""
        path = f"/groups/{part(name)}/members/{part(user)}"
        return read(await self._change("PUT", path, {"is_manager": is_manager}), Group)

    async def remove_member(self, name: str, user: str) -> None:
        """Take a user out of a group."""
        await self._transport.do("DELETE", f"/groups/{part(name)}/members/{part(user)}")

    async def tokens(self, *, user: str | None = None) -> TokenPage:
        """The tokens of a user, or all that one may see; without their texts."""
        return await self._transport.get("/tokens", TokenPage, {"user": user})

    async def create_token(
        self,
        name: str,
        *,
        ttl_s: int | None = None,
        scopes: Collection[Scope] | None = None,
        user: str | None = None,
    ) -> CreatedToken:
        """Make a token; its text is told this once."""
        sent: dict[str, object] = {"name": name, "ttl_s": ttl_s, "user": user}
        if scopes is not None:
            sent["scopes"] = [each.value for each in Scope if each in scopes]
        return await self._transport.post("/tokens", CreatedToken, sent)

    async def revoke_token(self, token: str) -> None:
        """Let nobody in with a token any more."""
        await self._transport.do("DELETE", f"/tokens/{part(token)}")

    async def quotas(self, *, user: str | None = None) -> QuotaPage:
        """The quotas that count what a user has, or all that one may see."""
        return await self._transport.get("/quotas", QuotaPage, {"user": user})

    async def set_quota(self, subject: str, request: QuotaRequest) -> Quota:
        """Set a quota, in the place of what it was."""
        return read(await self._change("PUT", f"/quotas/{part(subject)}", body(request)), Quota)

    async def remove_quota(self, subject: str) -> None:
        """Let a user or a group have as much as they like."""
        await self._transport.do("DELETE", f"/quotas/{part(subject)}")

    async def audit(
        self,
        *,
        user: str | None = None,
        action: str | None = None,
        thing: str | None = None,
        result: Result | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> AuditPage:
        """A page of who did what, the latest first."""
        query: dict[str, str | int | bool | None] = {
            "user": user,
            "action": action,
            "thing": thing,
            "result": result,
            "since": None if since is None else since.isoformat(),
            "until": None if until is None else until.isoformat(),
            "after": after,
            "limit": limit,
        }
        return await self._transport.get("/audit", AuditPage, query)

    async def _change(self, method: str, path: str, sent: object) -> httpx.Response:
        return await self._transport.do(method, path, body=sent, is_repeatable=True)
