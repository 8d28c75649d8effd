"""What the tests share. Where data are needed that may not be distributed, absence is said."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[3]

# Compiling at the first call takes seconds, and machines are noisy.
settings.register_profile(
    "tweetoscope", deadline=None, derandomize=True, suppress_health_check=(HealthCheck.too_slow,)
)
settings.load_profile("tweetoscope")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real cascades; see its README for where they are from."""
    folder = Path(os.environ.get("RIPIENO_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("needs the shared data sets: set RIPIENO_SHARED or put them in ../shared")
    return folder
