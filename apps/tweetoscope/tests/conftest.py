"""What the tests share. Where data are needed that may not be distributed, absence is said."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tweetoscope import tansu

REPOSITORY = Path(__file__).resolve().parents[3]

# Compiling at the first call takes seconds, and machines are noisy.
settings.register_profile(
    "tweetoscope",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=(HealthCheck.too_slow,),
)
settings.load_profile("tweetoscope")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real cascades; see its README for where they are from."""
    folder = Path(os.environ.get("RIPIENO_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("needs the shared data sets: set RIPIENO_SHARED or put them in ../shared")
    return folder


@pytest.fixture(scope="session")
def brokers() -> Iterator[str]:
    """The address of a real broker: TWEETOSCOPE_BROKERS, or a Tansu for each test process."""
    if given := os.environ.get("TWEETOSCOPE_BROKERS"):
        yield given
        return
    with tansu_running() as address:
        yield address


@contextmanager
def tansu_running() -> Iterator[str]:
    """A broker of one's own, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(tansu.command(port), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready"):
            break
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
