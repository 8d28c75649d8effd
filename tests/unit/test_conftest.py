"""That CI skips nothing and tells what failed, tried on small test files of its own."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"

WAYS_TO_SKIP = {
    "test_call": "import pytest\ndef test_it(): pytest.skip('no broker')",
    "test_mark": "import pytest\n@pytest.mark.skip(reason='no broker')\ndef test_it(): pass",
    "test_fixture": "def test_it(shared): pass",
    "test_module": "import pytest\npytest.skip('no broker', allow_module_level=True)",
    "test_import": "import pytest\npytest.importorskip('no_such_module')",
}
FORGETFUL = """
import asyncio, gc, pytest

async def fail():
    raise ValueError

async def forget():
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    cycle = [task]
    cycle.append(cycle)

@pytest.mark.parametrize("threshold", range(1000, 16000, 1000))
def test_it(threshold):
    gc.collect()
    gc.disable()
    asyncio.run(forget())
    gc.set_threshold(threshold)
    gc.enable()
    assert False
"""
"""Tests with a failure that is told at some moment while their own is told."""
LONG_ONES = """
import pytest

def test_short_one(): pass
def test_short_two(): pass
def test_short_three(): pass
@pytest.mark.long(shares="broker")
def test_broker_one(): pass
@pytest.mark.long(shares="broker")
def test_broker_two(): pass
@pytest.mark.long
def test_alone(): pass
"""
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False"


@pytest.fixture
def outside(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test folder with our conftest, every way to skip, and no shared cases."""
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nmarkers = long\n")
    pytester.makepyfile(**WAYS_TO_SKIP, test_expected=EXPECTED_FAILURE)
    monkeypatch.setenv("RIPIENO_SHARED", str(pytester.path / "absent"))
    return pytester


def test_skips_are_allowed_on_a_developers_machine(
    outside: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RIPIENO_NO_SKIPS", raising=False)
    result = outside.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(skipped=len(WAYS_TO_SKIP), xfailed=1)


def test_every_skip_fails_where_nothing_may_be_skipped(
    outside: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIPIENO_NO_SKIPS", "1")
    result = outside.runpytest_inprocess("--continue-on-collection-errors")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(errors=len(WAYS_TO_SKIP) - 1, failed=1, xfailed=1)
    assert result.stdout.str().count("RIPIENO_NO_SKIPS=1, and this was skipped") >= 5


def test_a_failure_is_told_though_another_one_is_told_meanwhile(
    outside: pytest.Pytester,
) -> None:
    long = "".join(f"\ndef f{n}(a): return [a + {n}, (a, {{'a': a - 1}})]" for n in range(200))
    outside.makepyfile(test_forgetful=FORGETFUL + long)
    result = outside.runpytest_subprocess("test_forgetful.py", "--import-mode=importlib")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=15)


def test_long_tests_begin_and_what_shares_something_is_of_one_worker(
    outside: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "2")
    outside.makepyfile(test_long=LONG_ONES)
    result = outside.runpytest_inprocess("--collect-only", "-q", "test_long.py")
    told = [line.partition("::test_")[2] for line in result.outlines if "::" in line]
    one, other = told[:3], told[3:]
    assert one == ["broker_one", "broker_two", "short_one"]
    assert other == ["alone", "short_two", "short_three"]
