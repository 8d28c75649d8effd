"""What every test may use, and the rule that CI skips nothing.

Loaded by pytest for all tests; it knows of no module of Ripieno.
"""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

REPOSITORY = Path(__file__).resolve().parents[1]


# Machines are noisy, so no example has a deadline; and what is drawn is the same in every run, so
# that a change fails for what it changed. The thorough profile draws anew. It is not called
# "default": schemathesis takes only what differs from the profile of that name. Tweetoscope's tests
# load one that says the same, so that it does not matter which of the two is loaded last.
THOROUGH = os.environ.get("RIPIENO_HYPOTHESIS_PROFILE") == "thorough"
settings.register_profile(
    "ripieno",
    deadline=None,
    derandomize=not THOROUGH,
    max_examples=1000 if THOROUGH else 50,
    suppress_health_check=(HealthCheck.too_slow,),
)
settings.load_profile("ripieno")
if not THOROUGH:
    # By itself it also draws constants of all our modules that happen to be loaded at the time,
    # which any other change changes, and which worker runs the test.
    providers._get_local_constants = lambda: providers._local_constants


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of conformance cases and data sets that several projects share."""
    folder = Path(os.environ.get("RIPIENO_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(
            "needs the shared conformance cases: set RIPIENO_SHARED or put them in ../shared"
        )
    return folder


def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each processor: tests wait half of their time, for processes mostly."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded to know the tests stays, so nobody has to look through it for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have no garbage collected while a traceback is written.

    Python 3.11 cannot read source code while it reads other source code ("AST constructor recursion
    depth mismatch"), and a task that was forgotten writes the traceback of what it failed with as
    soon as it is collected. All of pytest ended with that, and nobody saw what had failed.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return (yield)
    finally:
        if was_enabled:
            gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have long tests begun first, by all workers, so that none is busy with one at the end.

    Those that share something all go to one worker, where it is set up once. A worker is first
    given as many tests as any other, in this order; see `WorkStealingScheduling`.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long: list[list[pytest.Item]] = [[] for _ in range(workers)]
    others: list[pytest.Item] = []
    worker_of: dict[str, int] = {}
    for item in items:
        if mark := item.get_closest_marker("long"):
            shared = mark.kwargs.get("shares", item.nodeid)
            long[worker_of.setdefault(shared, len(worker_of) % workers)].append(item)
        else:
            others.append(item)
    dealt: list[pytest.Item] = []
    for worker, mine in enumerate(long):
        share = (len(items) - len(dealt)) // (workers - worker)
        taken = max(0, share - len(mine))
        dealt += mine + others[:taken]
        del others[:taken]
    items[:] = dealt + others


def pytest_configure(config: pytest.Config) -> None:
    # Each worker loads a server once; that they start by themselves is seen where documents do it.
    os.environ["RIPIENO_WARM_SERVERS"] = "1"
    if os.environ.get("RIPIENO_NO_SKIPS") == "1":
        config.pluginmanager.register(SkipsAreFailures())


class SkipsAreFailures:
    """A plugin under which a skipped test or module fails, an expected failure aside."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.skipped and not hasattr(report, "wasxfail"):
            fail(report)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.skipped:
            fail(report)
        return report


def fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    report.outcome = "failed"
    report.longrepr = f"RIPIENO_NO_SKIPS=1, and this was skipped: {report.longreprtext}"
