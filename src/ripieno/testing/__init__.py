"""For tests of Ripieno and of what is built on it: contract suites, real servers. Needs pytest."""

import pytest

pytest.register_assert_rewrite("ripieno.testing.host_contract")
pytest.register_assert_rewrite("ripieno.testing.host_file_contract")
pytest.register_assert_rewrite("ripieno.testing.host_log_contract")
pytest.register_assert_rewrite("ripieno.testing.host_process_contract")
pytest.register_assert_rewrite("ripieno.testing.store_contract")
pytest.register_assert_rewrite("ripieno.testing.store_finding_contract")
pytest.register_assert_rewrite("ripieno.testing.store_commit_contract")
