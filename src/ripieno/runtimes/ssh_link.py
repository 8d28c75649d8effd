"""The one connection to a host over SSH: made when it is needed, made again when it is lost.

Used by the SSH host for everything it does. Operations wait here for the link; subscribers hear
when it is lost and back.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import asyncssh

from ripieno.model.host import HostConfig
from ripieno.runtimes import ssh_connect
from ripieno.runtimes.errors import HostUnreachable, PermanentFailure, TemporaryFailure
from ripieno.runtimes.host import LinkState

FIRST_PAUSE_S, LAST_PAUSE_S = 0.2, 5.0
"""How long to wait between attempts: doubled from the first to the last."""

_log = logging.getLogger(__name__)


class SshLink:
    """The connection of one host."""

    def __init__(self, config: HostConfig) -> None:
        self._config = config
        self._connection: asyncssh.SSHClientConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._waiters = 0
        self._is_wanted = asyncio.Event()
        self._problem: TemporaryFailure | None = None
        self._refusal: PermanentFailure | None = None
        self._callbacks: list[Callable[[LinkState], None]] = []
        self._is_closed = False
        self.state = LinkState.UP
        self.connections_made = 0

    def on_change(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        """Call back whenever the link is lost or back; the answer ends the subscription."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return unsubscribe

    async def connection(
        self, deadline: float | None, *, is_patient: bool = True
    ) -> asyncssh.SSHClientConnection:
        """The connection, waited for until a time of the loop's clock (None: for ever).

        Without patience only the attempt under way is waited for.
        Raises: PermanentFailure; HostUnreachable when it is too late.
        """
        self._waiters += 1
        try:
            async with asyncio.timeout_at(deadline):
                while True:
                    if self._is_closed:
                        raise HostUnreachable("the server let go of it", host=self._config.name)
                    if self._connection is not None:
                        return self._connection
                    self._problem = None
                    attempt = self._connect()
                    self._is_wanted.set()
                    if is_patient:
                        await asyncio.shield(attempt)
                    else:
                        await self._first_attempt(attempt)
                    if self._refusal is not None:
                        raise self._refusal.again()
        except TimeoutError as late:
            raise (self._problem or self._silence()).again() from late
        finally:
            self._waiters -= 1

    async def _first_attempt(self, attempt: asyncio.Task[None]) -> None:
        while not attempt.done():
            await asyncio.wait([attempt], timeout=0.05)
            if self._problem is not None:
                raise self._problem.again()

    def _silence(self) -> HostUnreachable:
        return HostUnreachable(
            f"{self._config.address} does not answer",
            host=self._config.name,
            remedy="see whether it runs and the network leads there",
        )

    def _connect(self) -> asyncio.Task[None]:
        if self._connecting is None or self._connecting.done():
            self._refusal = None
            self._connecting = asyncio.create_task(self._keep_trying())
        return self._connecting

    async def _keep_trying(self) -> None:
        """Try until there is a connection, a permanent failure, or nobody left who wants one."""
        pause_s = FIRST_PAUSE_S
        while not self._is_closed:
            try:
                self._connection = await self._attempt()
            except TemporaryFailure as problem:
                self._problem = problem
                self._set_state(LinkState.DOWN)
                if not self._waiters and not self.connections_made:
                    return
                await self._pause(pause_s)
                pause_s = min(pause_s * 2, LAST_PAUSE_S)
            except PermanentFailure as refusal:
                self._refusal = refusal
                self._set_state(LinkState.DOWN)
                return
            else:
                self.connections_made += 1
                self._set_state(LinkState.UP)
                return

    async def _pause(self, pause_s: float) -> None:
        """Wait before the next attempt, but not long once somebody newly wants the link."""
        self._is_wanted.clear()
        await asyncio.sleep(FIRST_PAUSE_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s - FIRST_PAUSE_S):
                await self._is_wanted.wait()

    async def _attempt(self) -> asyncssh.SSHClientConnection:
        made: list[asyncssh.SSHClientConnection] = []
        is_over = False

        def end() -> None:
            nonlocal is_over
            is_over = True
            if made:
                self.lost(made[0])

        made.append(await ssh_connect.connect(self._config, end))
        if is_over:
            raise HostUnreachable("the link broke at once", host=self._config.name)
        return made[0]

    def lost(self, connection: asyncssh.SSHClientConnection) -> None:
        """Hear that a connection is of no use any more; another is made in the background."""
        if connection is not self._connection:
            return
        self._connection = None
        connection.abort()
        if not self._is_closed:
            self._set_state(LinkState.DOWN)
            self._connect()

    def _set_state(self, state: LinkState) -> None:
        if state is self.state:
            return
        self.state = state
        _log.info("link %s", state.value, extra={"host": self._config.name})
        for callback in tuple(self._callbacks):
            callback(state)

    async def close(self) -> None:
        """End the connection and all attempts."""
        self._is_closed = True
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            try:
                async with asyncio.timeout(2):
                    await connection.wait_closed()
            except TimeoutError:
                connection.abort()
