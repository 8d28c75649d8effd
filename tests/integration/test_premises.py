"""What a server stands on."""

import asyncio
import socket

from ripieno.premises import listening


async def test_an_answer_in_two_writes_is_not_held_back() -> None:
    """Without TCP_NODELAY the second write would wait for an acknowledgement, 40 ms and more."""

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = writer.get_extra_info("socket")
        writer.write(bytes([taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)]))
        writer.close()
        await writer.wait_closed()

    with listening("127.0.0.1", 0) as listener:
        async with await asyncio.start_server(take, sock=listener.dup()):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            assert await reader.read() == b"\1"
            writer.close()
            await writer.wait_closed()
