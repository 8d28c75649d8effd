"""One HTTP request over a connection that is there, to hear whether whoever listens is well."""

import h11

from ripieno.runtimes.host import ByteReader, ByteWriter

MOST_HEADER_BYTES = 64 * 1024


async def problem(reader: ByteReader, writer: ByteWriter, port: int, path: str) -> str | None:
    """What was wrong with the answer, in words; None: it is well."""
    try:
        return await _asked(reader, writer, port, path)
    except h11.ProtocolError as error:
        return str(error) or type(error).__name__


async def _asked(reader: ByteReader, writer: ByteWriter, port: int, path: str) -> str | None:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)
    headers = [("Host", f"127.0.0.1:{port}"), ("Connection", "close")]
    request = h11.Request(method="GET", target=path, headers=headers)
    writer.write(connection.send(request) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            if 200 <= event.status_code < 400:
                return None
            return f"GET {path} answered {event.status_code}"
        elif not isinstance(event, h11.InformationalResponse):
            return f"GET {path} was not answered"
