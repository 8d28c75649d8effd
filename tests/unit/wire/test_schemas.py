"""Schemas refuse what cannot be meant, and agree with what the server and the model know."""

import math
from collections.abc import Iterable
from enum import StrEnum

import pytest
from pydantic import JsonValue, ValidationError

from ripieno.control import requests, views
from ripieno.model import host as model_host
from ripieno.model import names
from ripieno.wire import base, deployment, host, reconfiguration
from ripieno.wire.deployment import DeployRequest
from ripieno.wire.problem import Problem
from ripieno.wire.reconfiguration import ChangeRequest
from ripieno.wire.secret import SecretRequest


def values(kind: Iterable[StrEnum]) -> set[str]:
    return {each.value for each in kind}


@pytest.mark.parametrize(
    ("over_http", "inside"),
    [
        (deployment.DeploymentState, views.DeploymentState),
        (reconfiguration.ReconfigurationKind, views.ReconfigurationKind),
        (reconfiguration.ReconfigurationState, views.ReconfigurationState),
        (reconfiguration.OnFailure, requests.OnFailure),
        (reconfiguration.Decision, requests.Decision),
        (host.HostKind, model_host.HostKind),
    ],
)
def test_what_goes_over_http_has_the_values_that_are_known_inside(
    over_http: Iterable[StrEnum], inside: Iterable[StrEnum]
) -> None:
    assert values(over_http) == values(inside)


def test_every_kind_but_deploy_can_be_asked_of_a_deployment() -> None:
    assert values(reconfiguration.ChangeKind) | {"deploy"} == values(views.ReconfigurationKind)


def test_the_same_states_are_the_last_ones_inside_and_over_http() -> None:
    assert {each.value for each in views.ReconfigurationState if each.is_over} == {
        each.value for each in reconfiguration.ReconfigurationState if each.is_over
    }


def test_a_field_that_is_not_known_is_refused_in_a_request() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        DeployRequest.model_validate({"documnet": "name: x"})


def test_a_field_that_is_not_known_is_passed_over_in_a_response() -> None:
    told = {"type": "t", "title": "t", "status": 400, "detail": "d", "new": 1}
    assert Problem.model_validate(told).detail == "d"


def nested(depth: int) -> JsonValue:
    value: JsonValue = 0
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        "a\0b",
        {"a\0b": 1},
        [{"x": ["a\0b"]}],
        2**63,
        -(2**63) - 1,
        math.inf,
        math.nan,
        nested(40),
    ],
    ids=lambda value: str(value)[:20].replace("\0", "0"),
)
def test_a_parameter_that_cannot_be_stored_is_refused(value: JsonValue) -> None:
    with pytest.raises(ValidationError):
        DeployRequest(parameters={"x": value})


@pytest.mark.parametrize(
    "value", [None, True, 2**63 - 1, 0.5, "é", nested(20), {"a": [1]}], ids=str
)
def test_any_reasonable_value_can_be_a_parameter(value: JsonValue) -> None:
    assert DeployRequest(parameters={"x": value}).parameters == {"x": value}


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "deploy"},
        {"kind": "scale", "replicas": {"web": "3"}},
        {"kind": "scale", "replicas": {"web": True}},
        {"kind": "scale", "replicas": {"web": -1}},
        {"kind": "restart", "components": ["../web"]},
        {"kind": "restart", "components": ["web"] * 1001},
        {"kind": "apply", "document": "name: a\0"},
        {"kind": "apply", "document": "x" * (base.MOST_DOCUMENT + 1)},
        {"kind": "apply", "version": "latest"},
        {"kind": "stop", "queue": "yes"},
    ],
    ids=lambda wrong: str(wrong)[:40].replace("\0", "0"),
)
def test_a_change_that_cannot_be_meant_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        ChangeRequest.model_validate(wrong)


@pytest.mark.parametrize("name", ["a", "a-b", "0", "a" * 63])
def test_what_the_model_takes_for_a_name_can_be_sent(name: str) -> None:
    assert names.is_slug(name)
    assert DeployRequest(name=name).name == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a" * 64, "a\n", "é"])
def test_what_the_model_does_not_take_for_a_name_is_refused(name: str) -> None:
    assert not names.is_slug(name)
    with pytest.raises(ValidationError):
        DeployRequest(name=name)


def test_a_secret_is_not_shown_by_the_request_that_holds_it() -> None:
    request = SecretRequest.model_validate({"value": "swordfish"})
    assert "swordfish" not in repr(request)
    assert request.value.get_secret_value() == "swordfish"


@pytest.mark.parametrize("value", ["swordfish\0", "s" * 70_000])
def test_the_refusal_of_a_secret_does_not_tell_it(value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SecretRequest.model_validate({"value": value})
    told = refused.value.errors(include_input=False, include_url=False)
    assert "swordfish" not in str([each["msg"] for each in told])
