"""Whatever importers tell in these tests, a French page says in French."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ripieno.importers import draft
from ripieno.importers.draft import Draft, Findings
from tests.findings import unsaid


@pytest.fixture(autouse=True)
def _every_finding_has_its_french(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Take down what is told, apart from what is told of names that were drawn at random."""
    told: list[str] = []
    finish = draft.finish

    def finished(record: Mapping[str, Any], findings: Findings) -> Draft:
        made = finish(record, findings)
        told.extend((*made.found, *made.missing, *made.notes))
        return made

    monkeypatch.setattr(draft, "finish", finished)
    yield
    if not getattr(request.function, "is_hypothesis_test", False):
        found = {each: list(unsaid(each)) for each in told}
        assert not {each: pieces for each, pieces in found.items() if pieces}
