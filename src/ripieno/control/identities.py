"""Use cases of signing in by the word of a provider: the way there and back, and whose account.

An account is made at the first sign-in. It is found again by issuer and subject and by nothing
else: a name or an e-mail address may be another's by then, or was another's here before.
"""

import logging
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from ripieno.control.callers import Callers
from ripieno.control.errors import NotFound, SignInRefused
from ripieno.control.host_views import Finding
from ripieno.control.sessions import Origin
from ripieno.control.signing_in import SignedIn, SigningIn, Via
from ripieno.identity import flow as flows
from ripieno.identity.base import Identity, IdentityProvider
from ripieno.identity.errors import IdentityError, ProviderUnavailable
from ripieno.identity.flow import UsedFlows
from ripieno.model import names
from ripieno.model.access import EVERYONE, PUBLIC
from ripieno.store.errors import LastAdministrator, PersonTaken
from ripieno.store.records import GroupRecord, MemberRecord, UserRecord
from ripieno.store.store import Store

LOG = logging.getLogger(__name__)

MOST_NAMESAKES = 100
"""How many users may have come with one name."""

_RESERVED = frozenset({EVERYONE, PUBLIC, "me"})


class Identities(SigningIn):
    """The part of the use cases that is about a provider of identities."""

    _store: Store
    _callers: Callers
    _provider: IdentityProvider | None
    _used_flows: UsedFlows

    async def provider_label(self) -> str | None:
        """What the provider is called, None if there is none."""
        return None if self._provider is None else self._provider.settings.label

    async def ask_provider(self, *, back: str) -> tuple[str, str]:
        """Where to send a browser, and what it is to keep until it is at the address `back`.

        Raises: `NotFound`, `ProviderUnavailable`.
        """
        flow = flows.begin()
        try:
            return await self._the_provider().address(flow, back=back), flow.text
        except ProviderUnavailable as problem:
            LOG.warning("nobody can sign in by the provider: %s", problem)
            raise

    async def provider_finding(self) -> Finding | None:
        """Whether people can be sent to the provider now, None if there is none."""
        if self._provider is None:
            return None
        said, remedy = self._provider.settings.issuer, None
        try:
            await self._provider.check()
        except ProviderUnavailable as problem:
            said = str(problem)
            remedy = "see the file of --oidc; passwords, tokens and links let people in meanwhile"
        return Finding(subject="provider", is_well=remedy is None, said=said, remedy=remedy)

    async def sign_in_by_provider(
        self, kept: str, answer: Mapping[str, str], *, back: str, origin: Origin
    ) -> SignedIn:
        """Begin a session for whoever comes back with that answer.

        `kept` is what the browser has kept. Raises: `SignInRefused`, an `IdentityError`.
        """
        provider = self._the_provider()
        try:
            flow = self._used_flows.take(kept, answer.get("state", ""))
            identity = await provider.identity(flow, answer, back=back)
        except IdentityError as problem:
            LOG.warning("nobody was signed in by the provider: %s", problem)
            self._note_refusal("", Via.PROVIDER, origin, problem)
            raise
        user = await self._account(identity)
        if identity.groups is not None:
            await self._bring_into_groups(user.name, identity.groups)
        self._callers.forget()
        return await self._begin(user.name, Via.PROVIDER, origin)

    async def leave_provider(self, user: str, *, back: str) -> str | None:
        """Where a user can sign out of the provider too; None: they are not from there."""
        if self._provider is None:
            return None
        record = await self._store.user(user)
        if record is None or record.issuer != self._provider.settings.issuer:
            return None
        return await self._provider.sign_out_address(back=back)

    def _the_provider(self) -> IdentityProvider:
        if self._provider is None:
            raise NotFound("no provider of identities is set up here; sign in with a password")
        return self._provider

    async def _account(self, identity: Identity) -> UserRecord:
        """The account of somebody, made if they come for the first time."""
        known = await self._store.user_by_identity(identity.issuer, identity.subject)
        if known is None:
            known = await self._new_account(identity)
        elif known.is_disabled:
            raise SignInRefused(f"the user {known.name} is disabled; ask an administrator")
        fields = {
            name: text
            for name, text in (("display_name", identity.display_name), ("email", identity.email))
            if text and text != getattr(known, name)
        }
        if fields:
            known = await self._store.change_user(known.name, **fields) or known
        if identity.role is not None and identity.role.value != known.role:
            try:
                changed = await self._store.change_user(known.name, role=identity.role.value)
                known = changed or known
            except LastAdministrator:
                LOG.warning("the last administrator keeps the role", extra={"user": known.name})
        return known

    async def _new_account(self, identity: Identity) -> UserRecord:
        now = datetime.now(UTC)
        assert self._provider is not None
        role = identity.role or self._provider.settings.default_role
        wanted = slug_of(identity.name)
        for number in range(1, MOST_NAMESAKES + 1):
            name = wanted if number == 1 else f"{wanted}-{number}"
            if name in _RESERVED:
                continue
            record = UserRecord(
                name=name,
                display_name=identity.display_name,
                email=identity.email,
                role=role.value,
                issuer=identity.issuer,
                subject=identity.subject,
                created_at=now,
                signed_out_at=now,
            )
            try:
                await self._store.add_user(record)
            except PersonTaken:
                # A namesake, or the same person in another window.
                known = await self._store.user_by_identity(identity.issuer, identity.subject)
                if known is not None:
                    return known
                continue
            return record
        raise SignInRefused(f"too many users are called {wanted}; ask an administrator")

    async def _bring_into_groups(self, user: str, said: Collection[str]) -> None:
        """Have a user be in those groups that the provider says, and in no others."""
        wanted = {slug_of(each, "") for each in said} - {""}
        present = {each.group for each in await self._store.members(user=user)}
        for name in sorted(wanted - present):
            if await self._store.group(name) is None:
                group = GroupRecord(
                    name=name, description="As the provider says.", created_at=datetime.now(UTC)
                )
                try:
                    await self._store.add_group(group)
                except PersonTaken:
                    LOG.debug("a group was made meanwhile", extra={"group": name})
            await self._store.put_member(MemberRecord(group=name, user=user))
        for name in sorted(present - wanted):
            await self._store.remove_member(name, user)


def slug_of(text: str, otherwise: str = "user") -> str:
    """What somebody or something is called here that has this name elsewhere."""
    plain = re.sub("[^a-z0-9]+", "-", text.partition("@")[0].lower()).strip("-")
    slug = plain[: names.MOST_SLUG - 4].strip("-")
    return slug or otherwise
