"""The OpenAPI document says all that a client has to know."""

import inspect
import re
from typing import Any

import pytest

from ripieno.client import Client
from tests import announced

DOCUMENT = announced.document()
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def test_the_client_has_a_method_for_every_operation_and_no_other() -> None:
    methods = {
        name
        for name, member in inspect.getmembers(Client, inspect.isfunction)
        if not name.startswith("_")
    }
    assert methods - {"close"} == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_described(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    assert re.fullmatch(r"[a-z_]{3,30}", name)
    assert operation["summary"] and not operation["summary"].endswith(".")
    [tag] = operation["tags"]
    assert tag in {each["name"] for each in DOCUMENT["tags"]}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_which_errors_there_can_be(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    statuses = {int(each) for each in operation["responses"]}
    if path.startswith("/api/v1"):
        assert operation["security"] == [{"token": []}]
        assert {401, 500, 503} <= statuses
    if "requestBody" in operation:
        assert {400, 413, 415, 422} <= statuses
    if "{" in path:
        assert {404, 422} <= statuses
    if any(each["name"] == "If-Match" for each in operation.get("parameters", ())):
        assert 412 in statuses
    if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ())):
        assert method == "post" and {409, 422} <= statuses
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            [(media_type, media)] = response["content"].items()
            assert media_type == "application/problem+json"
            assert media["schema"] == {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize(
    "name", [name for name in DOCUMENT["components"]["schemas"] if name.endswith("Request")]
)
def test_a_request_refuses_unknown_fields(name: str) -> None:
    assert DOCUMENT["components"]["schemas"][name]["additionalProperties"] is False


def test_every_schema_that_is_referred_to_is_there() -> None:
    references = set(re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT)))
    assert references <= set(DOCUMENT["components"]["schemas"])
    assert "HTTPValidationError" not in references
