"""The gate's part about tokens."""

from collections.abc import Collection, Sequence

from ripieno.control.errors import Forbidden
from ripieno.control.gate.entry import Entry
from ripieno.control.policy import Action
from ripieno.model.access import Scope
from ripieno.store.records import TokenRecord


class TokensGate(Entry):
    """Tokens, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def tokens(self, *, user: str | None = None) -> Sequence[TokenRecord]:
        """The tokens of a user; of none named all, as far as they may be seen."""
        if user is None and not self.caller.is_admin:
            user = self.caller.user
        self._check(Action.LIST_TOKENS, f"user {user}" if user else "", owner=user)
        return await self._control.tokens(user=user)

    async def create_token(
        self,
        name: str,
        ttl_s: int | None,
        *,
        scopes: Collection[Scope] | None = None,
        user: str | None = None,
    ) -> tuple[TokenRecord, str]:
        """A new token, and its text; of another user, for administrators.

        It has no scope that the caller has not; without `scopes`, all of theirs but `admin`.
        """
        whose = user or self.caller.user
        chosen = self.caller.scopes - {Scope.ADMIN} if scopes is None else frozenset(scopes)
        thing = f"token {name} of {whose}: {' '.join(each for each in Scope if each in chosen)}"
        async with self._doing(Action.CREATE_TOKEN, thing, owner=whose):
            if not chosen <= self.caller.scopes:
                missing = " ".join(sorted(chosen - self.caller.scopes))
                raise Forbidden(
                    f"a token with the scopes {missing} cannot be made with {self.caller.via}, "
                    "which has them not; use one that has, or leave them out"
                )
            return await self._control.create_token(name, ttl_s, scopes=chosen, caller=whose)

    async def revoke_token(self, id: str) -> None:
        """Let nobody in with it."""
        owner = (await self._control.token(id)).user
        async with self._doing(Action.REVOKE_TOKEN, f"token {id}", owner=owner) as caller:
            await self._control.revoke_token(id, caller=caller)
