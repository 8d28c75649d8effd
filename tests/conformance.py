"""Whether a server answers as its OpenAPI document says, found out by schemathesis.

A test takes `schema_of` an application when it is imported, as its cases are made then, and calls
`conforms` for each, with the address of a real server or without. See
`tests/integration/test_api_schemathesis.py`.
"""

from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis import BaseSchema, Case, SerializationContext
from schemathesis.config import SchemathesisConfig

BOUNDED = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=tuple(HealthCheck),
)
"""What keeps all operations together below half a minute."""

ENDLESS = {"stream_events"}
"""Operations whose answer has no end."""


@schemathesis.serializer("application/gzip")
def _as_it_is(context: SerializationContext, value: Any) -> bytes:
    """Archives are sent as the bytes that were made up for them."""
    return bytes(value) if isinstance(value, bytes | bytearray) else str(value).encode()


def config() -> SchemathesisConfig:
    """How requests are made and what is asked of the answers."""
    return SchemathesisConfig.from_dict(
        {
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


def schema_of(app: FastAPI) -> BaseSchema:
    """What an application announces, without operations that have no end."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config())
    return schema.exclude(operation_id=sorted(ENDLESS))


def conforms(case: Case[Any], token: str, *, url: str | None = None) -> None:
    """Send the request of a case, and look whether the answer is one that is announced.

    It goes to the server at `url`; by default to the application that the schema is of.
    """
    case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {token}"})
