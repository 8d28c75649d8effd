"""The gate's part about users and groups."""

from collections.abc import Sequence

from ripieno.control.gate.entry import Entry
from ripieno.control.people_views import GroupView, UserView
from ripieno.control.policy import Action
from ripieno.model.access import Role


class PeopleGate(Entry):
    """Users and groups, for one caller. Raises: `Forbidden`, and what `UseCases` raises."""

    async def me(self) -> UserView:
        """Who the caller is."""
        return await self.user(self.caller.user)

    async def users(
        self, *, after: str | None, limit: int
    ) -> tuple[Sequence[UserView], str | None]:
        """A page of users, and the cursor of the next."""
        self._check(Action.LIST_USERS)
        return await self._control.users(after=after, limit=limit)

    async def user(self, name: str) -> UserView:
        """A user; of others, for administrators."""
        self._check(Action.LOOK_AT_USER, f"user {name}", owner=name)
        return await self._control.user(name)

    async def add_user(
        self,
        name: str,
        *,
        role: Role,
        display_name: str = "",
        email: str = "",
        password: str | None = None,
    ) -> UserView:
        """Make a user."""
        async with self._doing(Action.ADD_USER, f"user {name}: {role}") as caller:
            return await self._control.add_user(
                name,
                role=role,
                display_name=display_name,
                email=email,
                password=password,
                caller=caller,
            )

    async def change_user(
        self,
        name: str,
        *,
        role: Role | None = None,
        display_name: str | None = None,
        email: str | None = None,
        is_disabled: bool | None = None,
    ) -> UserView:
        """Change what is given; users may say of themselves how they are named and written to."""
        thing = f"user {name}"
        action = Action.DESCRIBE_USER
        if role is not None or is_disabled is not None:
            action = Action.CHANGE_USER
            told = {None: "", True: "disabled", False: "enabled"}[is_disabled]
            thing = f"{thing}: {' '.join(filter(None, (role, told)))}"
        async with self._doing(action, thing, owner=name) as caller:
            return await self._control.change_user(
                name,
                role=role,
                display_name=display_name,
                email=email,
                is_disabled=is_disabled,
                caller=caller,
            )

    async def set_password(self, name: str, password: str | None) -> None:
        """Give a user a password (None: none lets in), and sign them out everywhere."""
        async with self._doing(Action.SET_PASSWORD, f"user {name}") as caller:
            await self._control.set_password(name, password, caller=caller)

    async def remove_user(self, name: str, *, to: str | None = None) -> None:
        """Forget a user; what they have deployed is given to another, if there is any."""
        thing = f"user {name}" if to is None else f"user {name}: deployments to {to}"
        async with self._doing(Action.REMOVE_USER, thing) as caller:
            await self._control.remove_user(name, to=to, caller=caller)

    async def groups(self) -> Sequence[GroupView]:
        """All groups with their members."""
        self._check(Action.LIST_GROUPS)
        return await self._control.groups()

    async def group(self, name: str) -> GroupView:
        """A group with its members."""
        self._check(Action.LIST_GROUPS)
        return await self._control.group(name)

    async def add_group(self, name: str, *, description: str = "") -> GroupView:
        """Make a group with nobody in it."""
        async with self._doing(Action.ADD_GROUP, f"group {name}") as caller:
            return await self._control.add_group(name, description=description, caller=caller)

    async def describe_group(self, name: str, description: str) -> GroupView:
        """Say something else of a group."""
        owner = await self._manager_of(name)
        async with self._doing(Action.CHANGE_GROUP, f"group {name}", owner=owner) as caller:
            return await self._control.describe_group(name, description, caller=caller)

    async def remove_group(self, name: str) -> None:
        """Forget a group."""
        async with self._doing(Action.REMOVE_GROUP, f"group {name}") as caller:
            await self._control.remove_group(name, caller=caller)

    async def put_member(self, group: str, user: str, *, is_manager: bool = False) -> GroupView:
        """Put a user into a group, or say anew whether they manage it."""
        thing = f"group {group}: with {user}{' as a manager' if is_manager else ''}"
        owner = await self._manager_of(group)
        async with self._doing(Action.CHANGE_GROUP, thing, owner=owner) as caller:
            return await self._control.put_member(group, user, is_manager=is_manager, caller=caller)

    async def remove_member(self, group: str, user: str) -> None:
        """Take a user out of a group."""
        thing, owner = f"group {group}: without {user}", await self._manager_of(group)
        async with self._doing(Action.CHANGE_GROUP, thing, owner=owner) as caller:
            await self._control.remove_member(group, user, caller=caller)

    async def _manager_of(self, group: str) -> str:
        """Whose a group is, as far as the caller is concerned: each of its managers owns it."""
        managers = (await self._control.group(group)).managers
        return self.caller.user if self.caller.user in managers else ""
