"""A command's time with the server, and what ends it early."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from ripieno.cli import session
from ripieno.client import Client
from ripieno.settings import ClientSettings


@pytest.fixture
def interrupts() -> Iterator[None]:
    """They are heard, even if these tests are run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_never_comes_amid_a_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    meant = ClientSettings(url="http://127.0.0.1:9", token="")
    monkeypatch.setattr(session, "find", lambda: meant)
    was_cancelled: list[bool] = []

    async def work(_: Client) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            signal.raise_signal(signal.SIGINT)
            was_cancelled.append(waiting.cancelled())

        asyncio.get_running_loop().call_soon(wake)
        await waiting

    with pytest.raises(KeyboardInterrupt):
        session.run(work)
    assert was_cancelled == [False]
