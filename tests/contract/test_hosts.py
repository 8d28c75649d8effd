"""The contract of hosts, over every implementation."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ripieno.testing.host_contract import HostContract
from ripieno.testing.host_rigs import FakeRig, LocalRig
from ripieno.testing.ssh_servers import Network, SshRig, SshServer, Unavailable


class TestFakeHost(HostContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[FakeRig]:
        rig = FakeRig()
        yield rig
        await rig.close()


class TestLocalHost(HostContract):
    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[LocalRig]:
        rig = LocalRig(tmp_path / "host")
        yield rig
        await rig.close()


@pytest.fixture(scope="module")
def server() -> Iterator[SshServer]:
    try:
        network = Network()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with network:
        yield network.server()


class TestSshHost(HostContract):
    @pytest.fixture
    async def rig(self, server: SshServer, tmp_path: Path) -> AsyncIterator[SshRig]:
        rig = SshRig(server, tmp_path / "host")
        yield rig
        await rig.close()
