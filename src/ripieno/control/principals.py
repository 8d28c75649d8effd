"""Whether users and groups that somebody names are there, to share with them or to limit them."""

from ripieno.control.errors import NotFound
from ripieno.model.access import GROUP, USER, check_principal
from ripieno.store.store import Store


async def check_there(store: Store, principal: str) -> None:
    """See whether somebody is there. Raises: an `AccessError` for what is nobody, `NotFound`."""
    check_principal(principal)
    name = principal.removeprefix(USER).removeprefix(GROUP)
    if principal.startswith(USER) and await store.user(name) is None:
        raise NotFound(f"there is no user {name}; see: ripieno user list")
    if principal.startswith(GROUP) and await store.group(name) is None:
        raise NotFound(f"there is no group {name}; see: ripieno group list")
