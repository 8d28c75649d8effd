"""The rule that CI skips nothing, tried on small test files of its own."""

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
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False"


@pytest.fixture
def outside(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test folder with our conftest, every way to skip, and no shared cases."""
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
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
