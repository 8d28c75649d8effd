"""Every error that is expected has its row in the one table, and nothing else is told."""

import importlib
import json
import pkgutil

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import ripieno
from ripieno.api import problems
from ripieno.api.errors import KeyInUse
from ripieno.control.errors import Held, ShuttingDown, Unauthenticated
from ripieno.model.errors import DocumentError, InvalidParameter, RipienoError

FOR_CLIENTS = (
    "ripieno.actions",
    "ripieno.bootstrap",
    "ripieno.cli",
    "ripieno.client",
    "ripieno.identity.settings",
    "ripieno.premises",
    "ripieno.settings",
)
"""Where errors come from that no request runs into."""

ROOTS = {"RipienoError", "ApiError", "RuntimeDriverError", "StoreError"}
"""Types that are never raised themselves."""


def expected_errors() -> list[type[RipienoError]]:
    for name in ("api", "control", "engine", "identity", "model", "plan", "runtimes", "store"):
        package = importlib.import_module(f"ripieno.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"ripieno.{name}."):
            if module.name.endswith(("errors", "model.host")):
                importlib.import_module(module.name)

    def below(kind: type[RipienoError]) -> list[type[RipienoError]]:
        return [kind, *(each for sub in kind.__subclasses__() for each in below(sub))]

    return [
        each
        for each in below(RipienoError)
        if each.__module__.startswith(ripieno.__name__ + ".")
        and not each.__module__.startswith(FOR_CLIENTS)
        and each.__name__ not in ROOTS
    ]


@pytest.mark.parametrize(
    "kind", expected_errors(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_every_error_that_is_raised_on_purpose_has_a_row(kind: type[RipienoError]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "why")
    row = problems.row_of(error)
    assert row is not None, f"{kind.__name__} needs a row in problems.TABLE"
    assert 400 <= row.status < 500 or row.status == 503


def test_a_slug_always_has_the_same_status() -> None:
    statuses: dict[str, set[int]] = {}
    for row in (*problems.TABLE.values(), *problems.FRAMEWORK.values(), problems.INVALID):
        statuses.setdefault(row.slug, set()).add(row.status)
    assert {slug for slug, known in statuses.items() if len(known) > 1} == set()


def test_a_more_special_error_has_its_own_problem() -> None:
    problem = problems.problem_of(Held("r-1 holds shop; wait for it"))
    assert problem is not None
    assert (problem.status, problem.slug) == (409, "held")
    assert problem.detail == "r-1 holds shop; wait for it"


def test_a_problem_of_a_document_says_line_and_field() -> None:
    problem = problems.problem_of(DocumentError("too large", line=3, field="components.web"))
    assert problem is not None
    assert (problem.line, problem.field) == (3, "components.web")
    problem = problems.problem_of(InvalidParameter("is no number", at=("parameters", "x")))
    assert problem is not None
    assert (problem.line, problem.field) == (None, "parameters.x")


def test_what_nobody_expected_has_no_problem() -> None:
    assert problems.problem_of(ValueError("the password is swordfish")) is None


def test_what_was_sent_is_not_told_back() -> None:
    error = RequestValidationError(
        [
            {"type": "x", "loc": ("body", "value"), "msg": "is too long", "input": "swordfish"},
        ],
        body={"value": "swordfish"},
    )
    response = problems.response_to(error)
    assert response is not None
    assert b"swordfish" not in bytes(response.body)
    told = json.loads(bytes(response.body))
    assert told["errors"] == [{"field": "body.value", "message": "is too long"}]


def test_many_faults_of_one_request_are_told_in_bounds() -> None:
    found = [{"loc": ("body", "x" * 100_000), "msg": "is wrong"} for _ in range(1000)]
    problem = problems.problem_of(RequestValidationError(found))
    assert problem is not None and problem.errors is not None
    assert len(problem.errors) == problems.MOST_FAULTS
    assert len(problem.detail) <= problems.MOST_DETAIL


def test_a_message_that_is_no_utf_8_can_be_told() -> None:
    response = problems.response_to(Held("\ud800 holds it"))
    assert response is not None and b"? holds it" in bytes(response.body)


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (Unauthenticated("no"), "www-authenticate", 'Bearer realm="ripieno"'),
        (ShuttingDown("later"), "retry-after", "5"),
        (KeyInUse("wait"), "retry-after", "1"),
        (HTTPException(405, headers={"Allow": "GET"}), "allow", "GET"),
    ],
)
def test_a_response_has_the_headers_that_its_status_asks_for(
    error: Exception, header: str, value: str
) -> None:
    response = problems.response_to(error)
    assert response is not None
    assert response.headers[header] == value
    assert response.headers["content-type"] == "application/problem+json"


def test_a_status_that_the_table_does_not_know_is_told_as_it_is() -> None:
    problem = problems.problem_of(HTTPException(418))
    assert problem is not None
    assert (problem.status, problem.slug) == (418, "i-m-a-teapot")


def test_faults_are_told_without_the_parts_of_a_request() -> None:
    found = [
        {"loc": ("body", "visibility", 0), "msg": "Value error, write everyone"},
        {"loc": ("query", "limit"), "msg": "is too large"},
    ]
    problem = problems.problem_of(RequestValidationError(found))
    assert problem is not None and problem.errors is not None
    assert problem.detail == "visibility, entry 1: write everyone; limit: is too large"
    assert [each.field for each in problem.errors] == ["body.visibility.0", "query.limit"]
