"""The contract of hosts, over every implementation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ripieno.testing.host_contract import HostContract
from ripieno.testing.host_rigs import FakeRig, LocalRig


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
