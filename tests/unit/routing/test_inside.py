"""What is said when Traefik does not."""

import asyncio

import pytest

from ripieno.routing import inside
from ripieno.routing.errors import RoutingError


async def test_counters_that_are_not_answered_are_told_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inside, "ANSWER_S", 0.05)
    is_over = asyncio.Event()

    async def listen(asking: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
        await asking.read()  # until whoever asks has given up
        answering.close()
        await answering.wait_closed()
        is_over.set()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, inside.Inside(f"http://127.0.0.1:{port}") as asked:
        # On a machine that is busy already the connection may take too long.
        with pytest.raises(
            RoutingError, match=r": no answer \((Read|Connect)Timeout\); see the log"
        ):
            await asked.metrics()
        await is_over.wait()
