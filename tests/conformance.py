"""Whether a server answers as its OpenAPI document says, found out by schemathesis.

A test is about one of the `operations` of an application, and calls `conform` with it, its schema
and a server that is asked, too. The cases are made only then, since that takes a while and every
worker knows of all tests. See `tests/integration/test_api_schemathesis.py`.
"""

from pathlib import Path
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis import BaseSchema, Case, HookContext, SerializationContext
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.generation.meta import TestPhase
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.transport.requests import REQUESTS_TRANSPORT

from ripieno.testing.servers import ServerProcess
from tests import announced
from tests.drawing import THOROUGH, examples

BOUNDED = settings(
    examples(8),
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=tuple(HealthCheck),
)
"""What keeps all operations together below half a minute."""

SEED = {} if THOROUGH else {"seed": 1}
"""What requests are drawn from; without one, schemathesis takes another in every run."""

PATIENCE_S = 60.0
"""How long a server may take on a loaded machine."""

LONG = 1000
"""From how many characters on a text has no pattern."""

ENDLESS = {"stream_events"}
"""Operations whose answer has no end."""


@schemathesis.serializer("application/gzip")
def _as_it_is(context: SerializationContext, value: Any) -> bytes:
    """Archives are sent as the bytes that were made up for them."""
    return bytes(value) if isinstance(value, bytes | bytearray) else str(value).encode()


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Take the patterns off long texts.

    A pattern that is repeated so often takes seconds to compile. It only says that there is no zero
    character in them, which `test_api_requests` tries.
    """
    pending: list[Any] = [raw_schema]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            if each.get("maxLength", 0) > LONG:
                each.pop("pattern", None)
            pending += each.values()
        elif isinstance(each, list):
            pending += each


def config() -> SchemathesisConfig:
    """How requests are made and what is asked of the answers."""
    return SchemathesisConfig.from_dict(
        {
            **SEED,
            "request-timeout": PATIENCE_S,
            "checks": {
                # Some requests are well-formed and still make no sense: 400 is the only one that
                # would say that a request which fits the schema could not even be read.
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", "304", "401", "404", "409", "412", "413", "422"]
                },
                "negative_data_rejection": {
                    "expected-statuses": ["400", "401", "404", "405", "409", "413", "415", "422"]
                },
                "not_a_server_error": {"expected-statuses": ["2xx", "304", "4xx", "503"]},
                "unsupported_method": {"enabled": True},
            },
        }
    )


def operations() -> list[str]:
    """The ids of the API's operations, without those that have no end."""
    paths = announced.document()["paths"].values()
    found = {operation["operationId"] for path in paths for operation in path.values()}
    return sorted(found - ENDLESS)


def schema_of(app: FastAPI) -> BaseSchema:
    """What an application announces."""
    load_all_checks()
    return schemathesis.openapi.from_asgi("/openapi.json", app, config=config())


def conform(
    schema: BaseSchema, operation: str, token: str, *, server: ServerProcess | None = None
) -> None:
    """Send what was made up for an operation, and look whether each answer is one announced.

    All goes to the application that the schema is of, and what is drawn to the server, too. The
    rest, some times as much, is what the schema has bounds for, which are the same in both.
    """
    by_us = {"Authorization": f"Bearer {token}"}
    if server is not None:
        secret = Path(server.home, "admin.token").read_text().strip()
        by_admin = {"Authorization": f"Bearer {secret}"}

    @BOUNDED
    def answer(case: Case[Any]) -> None:
        case.call_and_validate(headers=by_us)
        if server is not None and case.meta and case.meta.phase.name is TestPhase.FUZZING:
            # A case of an application is called there, whatever URL it is given.
            answered = REQUESTS_TRANSPORT.send(case, base_url=server.url, headers=dict(by_admin))
            case.validate_response(answered, headers=by_admin)

    (made,) = get_all_tests(
        schema=schema.include(operation_id=operation),
        test_func=answer,
        settings=None,
        given_kwargs=None,
    )
    assert isinstance(made, Ok)
    _, run = made.ok()
    run()
