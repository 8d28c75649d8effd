"""What every host must do, written once: subclass `HostContract` and give it a `rig` fixture.

Run over the fake, this machine and machines behind SSH. Its parts are `host_process_contract`,
`host_log_contract` and `host_file_contract`; here is what is left. Needs pytest-asyncio in auto
mode.
"""
# ruff: noqa: D102  # A test's name is its sentence.

import pytest

from ripieno.runtimes.errors import (
    PortClosed,
)
from ripieno.runtimes.host import (
    LinkState,
)
from ripieno.testing.host_file_contract import HostFileContract
from ripieno.testing.host_log_contract import HostLogContract
from ripieno.testing.host_process_contract import HostProcessContract
from ripieno.testing.host_rig import (
    Rig,
    first_line,
    start,
)
from ripieno.testing.ports import free_port


class HostContract(HostProcessContract, HostLogContract, HostFileContract):
    """The whole contract; `rig` is the subclass's fixture."""

    async def test_a_host_says_what_it_is(self, rig: Rig) -> None:
        facts = await rig.host.check()
        assert facts.cpus > 0
        assert facts.memory_mib > 0
        assert facts.disk_free_mib > 0
        assert rig.host.directory.startswith("/")
        assert rig.host.link is LinkState.UP

    async def test_a_port_that_is_listened_on_is_in_use_and_connects(self, rig: Rig) -> None:
        port = free_port()
        assert port not in await rig.host.ports_in_use()
        with pytest.raises(PortClosed, match=f"host {rig.host.name}: .*{port}"):
            await rig.host.connect(port)
        process = await start(rig, "listen", str(port))
        assert await first_line(rig.host) == "ready"
        assert port in await rig.host.ports_in_use()
        reader, writer = await rig.host.connect(port)
        assert await reader.readline() == b"hello\n"
        writer.close()
        await writer.wait_closed()
        await rig.host.stop(process)
        assert port not in await rig.host.ports_in_use()

    async def test_what_a_group_uses_is_that_of_all_its_processes(self, rig: Rig) -> None:
        family = await start(rig, "family")
        assert (await first_line(rig.host)).isdigit()
        used = await rig.host.usage([family.group, 2**22 + 1])
        assert set(used) == {family.group}
        assert used[family.group].processes == 2
        assert used[family.group].memory_bytes > 0
        await rig.host.stop(family)
        assert await rig.host.usage([family.group]) == {}

    async def test_processor_time_that_was_taken_is_told(self, rig: Rig) -> None:
        process = await start(rig, "burn")
        assert await first_line(rig.host) == "ready"
        used = await rig.host.usage([process.group])
        assert 0.01 <= used[process.group].cpu_s < 60.0

    async def test_a_link_that_nobody_cuts_calls_nobody(self, rig: Rig) -> None:
        seen: list[LinkState] = []
        unsubscribe = rig.host.on_link(seen.append)
        await rig.host.check()
        unsubscribe()
        assert LinkState.DOWN not in seen
