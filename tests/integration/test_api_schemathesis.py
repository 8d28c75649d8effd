"""Over requests that nobody thought of, the API answers as its OpenAPI document says."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from schemathesis import Case

from ripieno.api.app import create_app
from ripieno.control.views import LogLine
from tests.conformance import BOUNDED, conforms, schema_of
from tests.fake_control import TOKEN, FakeControl


class Ending(FakeControl):
    """One whose logs end even for those who follow them."""

    def logs(
        self,
        deployment: str,
        *,
        component: str | None,
        replica: int | None,
        follow: bool,
        since: datetime | None,
        tail: int | None,
    ) -> AsyncIterator[LogLine]:
        return super().logs(
            deployment,
            component=component,
            replica=replica,
            follow=False,
            since=since,
            tail=tail,
        )


schema = schema_of(create_app(Ending()))


@schema.parametrize()
@BOUNDED
def test_every_answer_is_one_that_is_announced(case: Case[Any]) -> None:
    conforms(case, TOKEN)
