"""What every host must do about the output of processes: kept by offset, followed, bounded."""
# ruff: noqa: D102  # A test's name is its sentence.

import asyncio
from datetime import UTC, datetime, timedelta

from ripieno.runtimes.host import (
    Command,
)
from ripieno.testing.host_rig import (
    NAME,
    PATIENCE_S,
    Rig,
    eventually,
    read,
    start,
)


class HostLogContract:
    """Logs of one name, over all its processes."""

    async def test_a_log_is_read_by_offset_and_resumed(self, rig: Rig) -> None:
        process = await start(rig, "say", "first\nsecond\n", "wrong")
        await rig.host.wait(process)
        assert await read(rig.host) == b"first\nsecond\n"
        assert await read(rig.host, offset=6) == b"second\n"
        assert await read(rig.host, offset=100) == b""
        assert await read(rig.host, stream="stderr") == b"wrong"
        assert await rig.host.log_size(NAME, "stdout") == 13
        again = await start(rig, "say", "third\n", "", key="2")
        await rig.host.wait(again)
        assert await read(await rig.open(), offset=13) == b"third\n"

    async def test_there_is_no_log_of_what_was_never_started(self, rig: Rig) -> None:
        assert await read(rig.host, "nobody/here/0") == b""
        assert await rig.host.log_size("nobody/here/0", "stdout") == 0
        assert await rig.host.log_offset_at("nobody/here/0", "stdout", datetime.now(UTC)) == 0

    async def test_a_log_is_followed_over_processes_until_it_is_forgotten(self, rig: Rig) -> None:
        found: list[tuple[int, bytes]] = []

        async def follow() -> None:
            async for offset, data in rig.host.log(NAME, "stdout", offset=2, follow=True):
                found.append((offset, data))

        async def holds(text: bytes) -> bool:
            return b"".join(data for _, data in found) == text

        await rig.host.wait(await start(rig, "say", "one\n", ""))
        following = asyncio.create_task(follow())
        await eventually(lambda: holds(b"e\n"))
        await rig.host.wait(await start(rig, "say", "two\n", "", key="2"))
        await eventually(lambda: holds(b"e\ntwo\n"))
        assert found[0][0] == 2
        assert found[-1][0] + len(found[-1][1]) == 8
        await rig.host.forget(NAME)
        async with asyncio.timeout(PATIENCE_S):
            await following

    async def test_a_log_stays_small_on_the_disk_and_keeps_its_offsets(self, rig: Rig) -> None:
        limit, lines = 256 * 1024, 120_000
        command = Command(argv=rig.program("flood", str(lines)))
        await rig.host.start(NAME, "1", command, log_limit_bytes=limit)
        line_bytes = len("line 000000000001\n")

        async def is_written() -> bool:
            return await rig.host.log_size(NAME, "stdout") == lines * line_bytes

        async def is_small() -> bool:
            return rig.disk_bytes(NAME, "stdout") <= limit

        await eventually(is_written)
        await eventually(is_small)
        begin, kept = -1, b""
        async for offset, data in rig.host.log(NAME, "stdout"):
            begin = offset if begin < 0 else begin
            kept += data
        assert begin > 0
        assert limit // 4 < len(kept) <= limit
        assert begin + len(kept) == lines * line_bytes
        assert b"\0" not in kept
        assert kept.endswith(f"line {lines:012}\n".encode())
        middle = (lines - 100) * line_bytes
        assert (await read(rig.host, offset=middle)).startswith(b"line 000000119901\n")

    async def test_an_offset_is_found_by_time(self, rig: Rig) -> None:
        before = datetime.now(UTC) - timedelta(seconds=1)
        await rig.host.wait(await start(rig, "say", "early\n", ""))
        await asyncio.sleep(1.1)  # A sample stands for a whole second.
        await rig.host.wait(await start(rig, "say", "late\n", "", key="2"))
        later = datetime.now(UTC) + timedelta(seconds=2)
        assert await rig.host.log_offset_at(NAME, "stdout", before) == 0
        assert await rig.host.log_offset_at(NAME, "stdout", later) in (6, 11)
