"""Uses that begin and end, provide ports that come and go, and who is woken by that."""

from ripieno.engine.core import Core
from ripieno.engine.marking import ComponentState
from ripieno.engine.rules import Fact


def accepts(core: Core, state: ComponentState, use: int) -> bool:
    """Whether the use may begin: connected, provider active and not refusing. Waits if not.

    A component that may not is put on its provider's list, and advanced again when that changes.
    """
    connection = state.providers[use] if state.providers is not None else None
    if connection is None:
        return False
    provider, provide = connection
    if provider.offered >> provide & 1 and not provider.refuses(provide):
        return True
    await_provider(state, provider, provide)
    return False


def await_provider(state: ComponentState, provider: ComponentState, provide: int) -> None:
    """Have the component advanced when the provide port becomes active or stops refusing."""
    if provider.use_waiters is None:
        provider.use_waiters = [None] * len(provider.table.provides)
    waiters = provider.use_waiters[provide]
    if waiters is None:
        provider.use_waiters[provide] = {state: None}
    else:
        waiters[state] = None


def is_served(state: ComponentState, data_use: int) -> bool:
    """Whether the data of a data use port is there. Waits for it if not."""
    connection = (
        state.providers[len(state.table.uses) + data_use] if state.providers is not None else None
    )
    if connection is None:
        return False
    provider, provide = connection
    if provider.served >> (provide - len(provider.table.provides)) & 1:
        return True
    if provider.data_waiters is None:
        provider.data_waiters = {state: None}
    else:
        provider.data_waiters[state] = None
    return False


def acquire(core: Core, state: ComponentState, use: int) -> None:
    """Begin a use that is accepted."""
    assert state.providers is not None
    connection = state.providers[use]
    assert connection is not None
    provider, provide = connection
    assert provider.use_counts is not None
    state.held |= 1 << use
    provider.use_counts[provide] += 1
    core.facts += (state.name, Fact.USES, state.table.uses[use])


def release(core: Core, state: ComponentState, use: int) -> None:
    """End a use; its provider may leave now, and a disconnection may go on."""
    assert state.providers is not None
    connection = state.providers[use]
    assert connection is not None
    state.held &= ~(1 << use)
    core.facts += (state.name, Fact.RELEASES, state.table.uses[use])
    drop_use(core, *connection)
    core.wake_steps(state)


def drop_use(core: Core, provider: ComponentState, provide: int) -> None:
    """Count one use less at a provide port."""
    assert provider.use_counts is not None
    provider.use_counts[provide] -= 1
    if not provider.use_counts[provide]:
        provider.lost &= ~(1 << provide)
        if provider.behaviour >= 0:
            core.enlist(provider)


def release_unheld(core: Core, state: ComponentState, uses: tuple[int, ...]) -> None:
    """End those of the uses that no token holds any more."""
    for use in uses:
        if state.held >> use & 1 and not state.uses_now(use):
            release(core, state, use)


def offer(core: Core, state: ComponentState, place: int) -> None:
    """A token has come to the place: its ports are active, its data are there."""
    table = state.table
    for provide in table.provides_of_place[place]:
        if not state.offered >> provide & 1:
            state.offered |= 1 << provide
            state.lost &= ~(1 << provide)
            core.facts += (state.name, Fact.PROVIDES, table.provides[provide])
        wake_users(core, state, provide)
    for provide in table.data_served_by_place[place]:
        if not state.served >> provide & 1:
            state.served |= 1 << provide
            core.facts += (state.name, Fact.SERVES, table.data_provides[provide])
            if state.data_waiters:
                for user in state.data_waiters:
                    core.enlist(user)
                state.data_waiters = None


def withdraw(core: Core, state: ComponentState, place: int) -> None:
    """A token has left the place: ports whose group is empty are not active any more."""
    table = state.table
    for provide in table.provides_of_place[place]:
        if state.offered >> provide & 1 and not state.provides_now(provide):
            state.offered &= ~(1 << provide)
            core.facts += (state.name, Fact.WITHDRAWS, table.provides[provide])
            if state.use_counts and state.use_counts[provide]:  # Only when the token has fallen.
                state.lost |= 1 << provide


def wake_users(core: Core, state: ComponentState, provide: int) -> None:
    """Let those who wait for the provide port try again."""
    if state.use_waiters is None:
        return
    waiters = state.use_waiters[provide]
    if waiters:
        state.use_waiters[provide] = None
        for user in waiters:
            core.enlist(user)


def wake_all_users(core: Core, state: ComponentState) -> None:
    """Let all try again who wait for any provide port: it may have stopped refusing."""
    for provide in range(len(state.table.provides)):
        wake_users(core, state, provide)


def join(user: ComponentState, use: int, provider: ComponentState, provide: int) -> None:
    """Connect a use port (or data use port) to a provide port."""
    assert user.providers is not None
    user.providers[use] = (provider, provide)
    enter_user(user, use, provider, provide)


def enter_user(user: ComponentState, use: int, provider: ComponentState, provide: int) -> None:
    """Enter a user in a provider's list."""
    if provider.users is None:
        provider.users = {(user, use, provide): None}
    else:
        provider.users[user, use, provide] = None


def part(user: ComponentState, use: int) -> None:
    """Disconnect a use port (or data use port) that is not active."""
    assert user.providers is not None
    connection = user.providers[use]
    assert connection is not None
    user.providers[use] = None
    leave_provider(user, use, *connection)


def leave_provider(user: ComponentState, use: int, provider: ComponentState, provide: int) -> None:
    """Strike a user from a provider's list."""
    assert provider.users is not None
    del provider.users[user, use, provide]


def connection_count(state: ComponentState) -> int:
    """How many connections the component has, at its use and its provide ports."""
    used = sum(1 for each in state.providers or () if each is not None)
    return used + len(state.users or ())
