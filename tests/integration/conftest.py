"""What several modules need that takes a while to begin: once a worker."""

from collections.abc import Iterator

import pytest

from ripieno.testing.engines import ContainerEngine
from ripieno.testing.ssh_servers import Network, Unavailable


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    try:
        network = Network()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with network:
        yield network


@pytest.fixture(scope="session")
def engine(network: Network) -> Iterator[ContainerEngine]:
    try:
        engine = ContainerEngine(network)
    except Unavailable as reason:
        pytest.skip(str(reason))
    with engine:
        yield engine
