"""A key/value store that speaks the Redis protocol (RESP 2): what the demo keeps its score in.

`python store.py PORT` keeps its data in `store.aof` of the working folder, as commands to be
repeated, so a store that is started again knows what it knew. `redis-cli -p PORT` talks to it.
It has the few commands that the demo needs, and is no more than an example.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

LOG = Path("store.aof")
REWRITE_BYTES = 1 << 20
"""The log is written anew, without what has been overwritten, when it has grown by so much."""

STARTED = time.time()

Reply = str | int | bytes | None | list["Reply"]
"""A `str` is a status such as OK; data are bytes."""


class Refused(Exception):
    """A command that makes no sense here; the message is told to whoever sent it."""


class Store:
    """The data, and the log of what has changed them."""

    def __init__(self, log: Path) -> None:
        self._texts: dict[bytes, bytes] = {}
        self._hashes: dict[bytes, dict[bytes, bytes]] = {}
        self._path = log
        for command in _written(log):
            self.do(command)
        self._rewrite()

    def answer(self, command: list[bytes]) -> Reply:
        """Do what a client asks; what changes the data is in the log before the answer is."""
        name = command[0].upper()
        reply = self.do(command)
        if name in CHANGES:
            self._log.write(_request(command))
            self._log.flush()
            if self._log.tell() > self._limit:
                self._rewrite()
        return reply

    def do(self, command: list[bytes]) -> Reply:
        """Carry out one command."""
        name, arguments = command[0].upper(), command[1:]
        if name not in COMMANDS:
            raise Refused(f"unknown command '{name.decode(errors='replace')}'")
        work, count = COMMANDS[name]
        if len(arguments) != count if count >= 0 else len(arguments) < -count:
            raise Refused(f"wrong number of arguments for '{name.decode().lower()}'")
        return work(self, arguments)

    def ping(self, given: list[bytes]) -> Reply:
        """PING."""
        return "PONG"

    def info(self, given: list[bytes]) -> Reply:
        """INFO: in the form of a real one, as far as it goes."""
        keys = len(self._texts) + len(self._hashes)
        age_s = int(time.time() - STARTED)
        return f"process_id:{os.getpid()}\r\nuptime_in_seconds:{age_s}\r\nkeys:{keys}\r\n".encode()

    def get(self, given: list[bytes]) -> Reply:
        """GET key."""
        return self._texts.get(given[0])

    def set(self, given: list[bytes]) -> Reply:
        """SET key value."""
        self._texts[given[0]] = given[1]
        return "OK"

    def setnx(self, given: list[bytes]) -> Reply:
        """SETNX key value: only if there is none."""
        return int(self._texts.setdefault(given[0], given[1]) is given[1])

    def incrby(self, given: list[bytes]) -> Reply:
        """INCRBY key number."""
        try:
            total = int(self._texts.get(given[0], b"0")) + int(given[1])
        except ValueError:
            raise Refused("value is not an integer") from None
        self._texts[given[0]] = str(total).encode()
        return total

    def hsetnx(self, given: list[bytes]) -> Reply:
        """HSETNX key field value: only if there is none."""
        fields = self._hashes.setdefault(given[0], {})
        return int(fields.setdefault(given[1], given[2]) is given[2])

    def hmget(self, given: list[bytes]) -> Reply:
        """HMGET key field ..."""
        fields = self._hashes.get(given[0], {})
        return [fields.get(field) for field in given[1:]]

    def hdel(self, given: list[bytes]) -> Reply:
        """HDEL key field ..."""
        fields = self._hashes.get(given[0], {})
        return sum(fields.pop(field, None) is not None for field in given[1:])

    def _rewrite(self) -> None:
        """Put a log in place of the old one that only has what there is now."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            for key, text in self._texts.items():
                file.write(_request([b"SET", key, text]))
            for key, fields in self._hashes.items():
                for field, text in fields.items():
                    file.write(_request([b"HSETNX", key, field, text]))
        fresh.replace(self._path)
        self._log = self._path.open("ab")
        self._limit = self._log.tell() + REWRITE_BYTES


COMMANDS: dict[bytes, tuple[Callable[[Store, list[bytes]], Reply], int]] = {
    b"PING": (Store.ping, 0),
    b"INFO": (Store.info, 0),
    b"GET": (Store.get, 1),
    b"SET": (Store.set, 2),
    b"SETNX": (Store.setnx, 2),
    b"INCRBY": (Store.incrby, 2),
    b"HSETNX": (Store.hsetnx, 3),
    b"HMGET": (Store.hmget, -2),
    b"HDEL": (Store.hdel, -2),
}
"""What each command does, and how many arguments it takes: so many, or (-n) at least n."""

CHANGES = frozenset((b"SET", b"SETNX", b"INCRBY", b"HSETNX", b"HDEL"))


async def read_request(reader: asyncio.StreamReader) -> list[bytes] | None:
    """One command: an array of byte strings; None at the end of the connection."""
    line = await reader.readline()
    if not line.endswith(b"\n"):
        return None
    if not line.startswith(b"*"):
        return line.split() or [b""]
    command = []
    for _ in range(int(line[1:])):
        length = int((await reader.readline())[1:])
        command.append(await reader.readexactly(length))
        await reader.readexactly(2)
    return command


def write_reply(reply: Reply) -> bytes:
    """A reply as RESP has it."""
    match reply:
        case str():
            return f"+{reply}\r\n".encode()
        case int():
            return f":{reply}\r\n".encode()
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(reply), reply)
        case list():
            return b"*%d\r\n" % len(reply) + b"".join(map(write_reply, reply))
        case None:
            return b"$-1\r\n"


def _request(command: list[bytes]) -> bytes:
    return write_reply(list(command))


def _written(log: Path) -> list[list[bytes]]:
    """The commands in a log; one that was cut off in the middle is left out."""

    content = log.read_bytes() if log.exists() else b""

    async def read() -> list[list[bytes]]:
        reader = asyncio.StreamReader()
        reader.feed_data(content)
        reader.feed_eof()
        found: list[list[bytes]] = []
        try:
            while command := await read_request(reader):
                found.append(command)
        except (ValueError, asyncio.IncompleteReadError):
            print("the log ends in the middle of a command", flush=True)
        return found

    return asyncio.run(read())


async def serve(store: Store, port: int) -> None:
    """Answer until SIGTERM."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while command := await read_request(reader):
                try:
                    writer.write(write_reply(store.answer(command)))
                except Refused as problem:
                    writer.write(f"-ERR {problem}\r\n".encode())
                await writer.drain()
        except (ValueError, ConnectionError, asyncio.IncompleteReadError):
            pass  # It speaks something else, or is gone.
        finally:
            writer.close()

    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = await asyncio.start_server(talk, "127.0.0.1", port)
    print(f"store {os.getpid()} listens on port {port}", flush=True)
    await over.wait()
    server.close()


if __name__ == "__main__":
    kept = Store(LOG)
    asyncio.run(serve(kept, int(sys.argv[1])))
