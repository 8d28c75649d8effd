"""Requests over HTTP as any client may send them, the impossible ones included."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator

import httpx
import pytest

from ripieno.api import security
from ripieno.api.app import create_app
from ripieno.control.errors import ShuttingDown
from ripieno.control.views import ComponentUsage, MetricsView, ReplicaUsage
from ripieno.model.errors import RipienoError
from ripieno.runtimes.errors import HostUnreachable
from ripieno.wire.base import MOST_BODY_BYTES
from tests import announced
from tests.fake_control import TOKEN, FakeControl

DEPLOY = {"document": "name: hello", "name": "shop"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
async def stranger(control: FakeControl) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(control))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


@pytest.fixture
def http(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    stranger.headers["Authorization"] = f"Bearer {TOKEN}"
    return stranger


def slug(response: httpx.Response) -> str:
    """The slug of the problem that a response tells, which has to be a proper one."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["detail"] and problem["title"]
    kind: str = problem["type"]
    return kind.removeprefix("urn:ripieno:problem:")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN} x",
        "Bearer " + "x" * 10_000,
        "Bearer \xff\xfe",
    ],
    ids=lambda header: str(header)[:20],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/deployments"),
        ("GET", "/api/v1/no-such-path"),
        ("GET", "/api/v1"),
        ("PATCH", "/api/v1/deployments"),
        ("POST", "/api/v1/deployments"),
        ("GET", "/api/v1/events/stream"),
    ],
)
async def test_a_stranger_is_told_nothing(
    stranger: httpx.AsyncClient, method: str, path: str, header: str | None
) -> None:
    headers = [] if header is None else [(b"authorization", header.encode("latin-1"))]
    response = await stranger.request(method, path, content=b"{", headers=headers)
    assert response.status_code == 401
    assert slug(response) == "unauthenticated"
    assert response.headers["www-authenticate"] == 'Bearer realm="ripieno"'


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        (operation["operationId"], method, path)
        for path, operations in announced.document()["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/api/v1")
    ],
)
async def test_a_request_that_gets_past_the_guard_is_refused_by_every_route(
    control: FakeControl,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    method: str,
    path: str,
) -> None:
    monkeypatch.setattr(security, "is_guarded", lambda path: False)
    body = {"document": "name: x", "kind": "stop", "value": "x", "name": "x", "directory": "/x"}
    for name_, schema in (("retry", "decision"), ("1.0.0", "version")):
        path = path.replace(f"{{{schema}}}", name_)
    transport = httpx.ASGITransport(app=create_app(control))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        response = await http.request(method, re.sub(r"{\w+}", "x", path), json=body)
    assert response.status_code == 401 or (
        # What a body says is looked at first; nothing of the server is told.
        response.status_code == 422 and "body" in response.json()["detail"]
    )


async def test_health_and_the_openapi_document_need_no_token(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/healthz")).json()["status"] == "ok"
    assert (await stranger.get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_figures_for_a_prometheus_take_a_token(
    control: FakeControl, stranger: httpx.AsyncClient
) -> None:
    assert (await stranger.get("/metrics")).status_code == 401
    await control.deploy_hello("shop")
    told = await stranger.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert told.headers["content-type"].startswith("text/plain")
    for line in (
        'ripieno_deployments{state="running"} 1.0',
        'ripieno_component_cpus{component="web",deployment="shop"} 0.25',
        "ripieno_events_total 1.0",
        "# TYPE process_resident_memory_bytes gauge",
    ):
        assert line in told.text.splitlines()


async def test_a_prometheus_finds_what_runs(
    control: FakeControl, stranger: httpx.AsyncClient
) -> None:
    assert (await stranger.get("/api/v1/scrape-targets")).status_code == 401
    await control.deploy_hello("shop")
    stranger.headers["Authorization"] = f"Bearer {TOKEN}"
    told = await stranger.get("/api/v1/scrape-targets", params={"tcp_port": "http"})
    assert told.headers["content-type"] == "application/json"
    labels = {
        "deployment": "shop", "application": "hello", "component": "web", "replica": "0",
        "host": "local",
    }  # fmt: skip
    assert told.json() == [{"targets": ["127.0.0.1:8080"], "labels": labels}]
    assert (await stranger.get("/api/v1/scrape-targets")).json() == []
    wrong = await stranger.get("/api/v1/scrape-targets", params={"tcp_port": "a b"})
    assert wrong.status_code == 422


async def test_metrics_are_lists_that_belong_together(
    control: FakeControl, http: httpx.AsyncClient
) -> None:
    await control.deploy_hello("shop")
    control.used = MetricsView(
        interval_s=5.0,
        components=(
            ComponentUsage(
                component="web",
                at=(1.0, 2.0),
                cpus=(None, 0.5),
                memory_bytes=(1024.0, 1024.0),
                requests_per_s=(None, None),
                replicas=(ReplicaUsage(index=0, cpus=0.5, memory_bytes=1024, processes=2),),
            ),
        ),
    )
    told = (await http.get("/api/v1/deployments/shop/metrics")).json()
    assert told["interval_s"] == 5.0
    (web,) = told["components"]
    assert web["cpus"] == [None, 0.5] and web["at"] == [1.0, 2.0]
    assert web["replicas"] == [{"index": 0, "cpus": 0.5, "memory_bytes": 1024, "processes": 2}]
    assert (await http.get("/api/v1/deployments/none/metrics")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"document": "\xff"}', 400),
        (b'{"document": "\\ud800"}', 400),
        (b'{"document": NaN}', 400),
        (b'{"document": "a\nb"}', 400),
        (b"[" * 100_000, 400),
        (b'{"parameters": {"x": ' + b"9" * 10_000 + b"}}", 422),
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b'{"document": 1}', 422),
        (b'{"document": "a\\u0000b"}', 422),
        (b'{"name": "a\\u0000b"}', 422),
        (b'{"parameters": {"x": "a\\u0000b"}}', 422),
        (b'{"parameters": {"x": 1e999}}', 422),
        (b'{"parameters": {"x": ' + b"9" * 30 + b"}}", 422),
        (b'{"parameters": {"x": ' + b"[" * 100 + b"]" * 100 + b"}}", 422),
        (b'{"unknown": 1}', 422),
    ],
    ids=lambda value: f"{str(value)[:30]}-{len(str(value))}",
)
async def test_a_body_that_cannot_be_meant_is_refused(
    http: httpx.AsyncClient, body: bytes, status: int
) -> None:
    response = await http.post("/api/v1/deployments", content=body, headers=JSON)
    told = response.status_code
    # How large a number the parser takes is its own affair.
    assert told == status or (told, status) == (400, 422), response.text
    assert slug(response) in ("malformed", "invalid-request")


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp", "\xff"],
)
async def test_a_body_that_is_not_declared_to_be_json_is_refused(
    http: httpx.AsyncClient, media_type: str
) -> None:
    response = await http.post(
        "/api/v1/deployments",
        content=json.dumps(DEPLOY),
        headers=[(b"content-type", media_type.encode("latin-1"))],
    )
    assert response.status_code == 415
    assert slug(response) == "unsupported-content"


async def test_json_may_say_that_it_is_utf_8(http: httpx.AsyncClient) -> None:
    response = await http.post(
        "/api/v1/deployments",
        content=json.dumps(DEPLOY),
        headers={"content-type": "Application/JSON; charset=utf-8"},
    )
    assert response.status_code == 201
    assert response.headers["location"] == "/api/v1/deployments/shop"


async def test_a_body_that_declares_to_be_too_large_is_not_read(http: httpx.AsyncClient) -> None:
    response = await http.post(
        "/api/v1/deployments", content=b" " * (MOST_BODY_BYTES + 1), headers=JSON
    )
    assert response.status_code == 413
    assert slug(response) == "too-large"


async def test_a_body_that_turns_out_to_be_too_large_is_refused(http: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (MOST_BODY_BYTES // 20)

    response = await http.post("/api/v1/deployments", content=chunks(), headers=JSON)
    assert response.status_code == 413
    assert slug(response) == "too-large"


async def test_what_takes_one_value_is_refused_when_it_is_given_twice(
    http: httpx.AsyncClient,
) -> None:
    document = (await http.get("/openapi.json")).json()
    single, several = set(), set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    query = {parameter["name"]: ["1", "2"]}
                    response = await http.request(method, re.sub(r"{\w+}", "x", path), params=query)
                    told = (operation["operationId"], parameter["name"])
                    if "it is given several times" in response.text:
                        assert response.status_code == 422 and slug(response) == "invalid-request"
                        assert response.json()["errors"][0]["field"] == f"query.{parameter['name']}"
                        single.add(told)
                    else:
                        several.add(told)
    assert several == {
        ("applications", "tag"),
        ("applications", "maintainer"),
        ("applications", "kind"),
        ("register_archive", "visibility"),
    }
    assert ("tokens", "user") in single and len(single) > 20


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/deployments?limit=0",
        "/api/v1/deployments?limit=501",
        "/api/v1/deployments?limit=" + "9" * 5000,
        "/api/v1/deployments?limit=x",
        "/api/v1/deployments?limit=1&limit=2&limitt=3",
        "/api/v1/deployments?after=%00",
        "/api/v1/deployments?after=%ff",
        "/api/v1/deployments?after=nonsense",
        "/api/v1/deployments?after=" + "x" * 1000,
        "/api/v1/events?after=-1",
        "/api/v1/events?after=" + "9" * 25,
        "/api/v1/events?kind=a%00b",
        "/api/v1/events?aftr=1",
        "/api/v1/events/stream?after=-1",
        "/api/v1/events/stream?after=x",
        "/api/v1/deployments/a%00b",
        "/api/v1/deployments/%ff",
        "/api/v1/deployments/..%2e",
        "/api/v1/deployments/" + "x" * 1000,
        "/api/v1/applications/Hello",
        "/api/v1/applications/hello/versions/latest",
        "/api/v1/deployments/shop/logs?since=yesterday",
        "/api/v1/deployments/shop/logs?since=2026-01-01T00:00:00",
        "/api/v1/deployments/shop/logs?tail=-1",
        "/api/v1/deployments/shop/logs?follow=perhaps",
    ],
)
async def test_a_path_or_query_that_cannot_be_meant_is_refused(
    http: httpx.AsyncClient, path: str
) -> None:
    response = await http.get(path)
    assert response.status_code == 422, response.text
    assert slug(response) == "invalid-request"


@pytest.mark.parametrize("header", ["-1", "x", "9" * 19, "9" * 100_000, "", " "])
async def test_a_last_event_id_that_is_none_is_refused(
    http: httpx.AsyncClient, header: str
) -> None:
    response = await http.get("/api/v1/events/stream", headers={"last-event-id": header})
    assert response.status_code == 422
    assert slug(response) in ("invalid-request", "invalid-header")


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1/", "/api/v1/deployments/", "/api/v1/a%2Fb", "/docs", "/redoc"]
)
async def test_a_path_that_does_not_exist_is_a_problem(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path)
    assert response.status_code == 404
    assert slug(response) == "no-such-path"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/api/v1/deployments", "GET, POST"),
        ("PUT", "/api/v1/deployments/shop", "DELETE, GET"),
        ("POST", "/healthz", "GET"),
        ("GET", "/api/v1/secrets/x", "DELETE, PUT"),
        ("BREW", "/api/v1/plan", "POST"),
    ],
)
async def test_a_method_that_a_path_does_not_know_is_told_with_those_that_it_does(
    http: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    response = await http.request(method, path)
    assert response.status_code == 405
    assert slug(response) == "method-not-allowed"
    assert response.headers["allow"] == allowed


async def test_what_nobody_expected_is_told_as_an_incident(
    http: httpx.AsyncClient, control: FakeControl, caplog: pytest.LogCaptureFixture
) -> None:
    control.error = ZeroDivisionError("of the password swordfish")
    with caplog.at_level(logging.ERROR):
        response = await http.get("/api/v1/deployments")
    assert response.status_code == 500
    assert slug(response) == "server-fault"
    assert "swordfish" not in response.text and "Traceback" not in response.text
    incident = response.json()["incident"]
    [record] = [each for each in caplog.records if each.name == "ripieno.api.incidents"]
    assert incident in record.getMessage() and record.exc_info is not None


async def test_an_error_that_the_table_does_not_know_is_an_incident(
    http: httpx.AsyncClient, control: FakeControl
) -> None:
    control.error = RipienoError("what is this?")
    response = await http.get("/api/v1/deployments")
    assert response.status_code == 500
    assert "what is this" not in response.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ShuttingDown("the server is going down"), 503),
        (HostUnreachable("it does not answer", host="node-1"), 503),
    ],
)
async def test_what_is_over_soon_says_when_to_ask_again(
    http: httpx.AsyncClient, control: FakeControl, error: Exception, status: int
) -> None:
    control.error = error
    response = await http.get("/api/v1/deployments")
    assert response.status_code == status
    assert int(response.headers["retry-after"]) > 0


async def test_no_token_and_no_secret_is_logged(
    http: httpx.AsyncClient, control: FakeControl, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await http.put("/api/v1/secrets/store", json={"value": "swordfish"})
        refused = await http.put("/api/v1/secrets/store", json={"value": "swordfish\0"})
        control.error = ZeroDivisionError()
        failed = await http.put("/api/v1/secrets/store", json={"value": "swordfish"})
    assert (refused.status_code, failed.status_code) == (422, 500)
    for text in (caplog.text, refused.text, failed.text):
        assert "swordfish" not in text and TOKEN not in text
    assert control.values == {"store": "swordfish"}


async def test_a_key_lets_a_request_be_carried_out_once(
    http: httpx.AsyncClient, control: FakeControl
) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await http.post("/api/v1/deployments", json=DEPLOY, headers=headers)
    second = await http.post("/api/v1/deployments", json=DEPLOY, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert len(control.names) == 1


async def test_a_key_is_good_for_one_request(http: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    await http.post("/api/v1/deployments", json=DEPLOY, headers=headers)
    for path, body in (
        ("/api/v1/deployments", {**DEPLOY, "name": "other"}),
        ("/api/v1/applications", {"document": "name: hello"}),
    ):
        response = await http.post(path, json=body, headers=headers)
        assert response.status_code == 422
        assert slug(response) == "key-reused"


async def test_a_second_request_with_a_key_that_is_in_use_is_told_to_wait(
    http: httpx.AsyncClient, control: FakeControl
) -> None:
    headers = {"Idempotency-Key": "one"}
    control.gate.clear()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(http.post("/api/v1/deployments", json=DEPLOY, headers=headers))
        await control.waits_at_gate.wait()
        second = await http.post("/api/v1/deployments", json=DEPLOY, headers=headers)
        control.gate.set()
    assert second.status_code == 409
    assert slug(second) == "key-in-use"
    assert first.result().status_code == 201


async def test_a_request_that_failed_can_be_asked_again_with_its_key(
    http: httpx.AsyncClient, control: FakeControl
) -> None:
    headers = {"Idempotency-Key": "one"}
    control.error = ShuttingDown("the server is going down")
    first = await http.post("/api/v1/deployments", json=DEPLOY, headers=headers)
    second = await http.post("/api/v1/deployments", json=DEPLOY, headers=headers)
    assert (first.status_code, second.status_code) == (503, 201)


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "\xff"])
async def test_a_key_that_is_none_is_refused(http: httpx.AsyncClient, key: str) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    response = await http.post("/api/v1/deployments", json=DEPLOY, headers=headers)
    assert response.status_code == 422


async def test_the_text_of_a_token_is_not_kept_for_a_key(
    http: httpx.AsyncClient, control: FakeControl
) -> None:
    headers = {"Idempotency-Key": "one"}
    for _ in range(2):
        response = await http.post("/api/v1/tokens", json={"name": "ci"}, headers=headers)
        assert response.status_code == 201
    assert control.kept == {}
    assert response.headers["cache-control"] == "no-store"


async def test_an_answer_that_is_known_is_not_sent_again(http: httpx.AsyncClient) -> None:
    await http.post("/api/v1/deployments", json=DEPLOY)
    first = await http.get("/api/v1/deployments/shop")
    tag = first.headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        again = await http.get("/api/v1/deployments/shop", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await http.get("/api/v1/deployments/shop", headers={"If-None-Match": '"1.0"'})
    assert other.status_code == 200


async def test_a_change_of_what_was_seen_is_accepted_once(http: httpx.AsyncClient) -> None:
    await http.post("/api/v1/deployments", json=DEPLOY)
    tag = (await http.get("/api/v1/deployments/shop")).headers["etag"]
    path, body = "/api/v1/deployments/shop/reconfigurations", {"kind": "restart"}
    first = await http.post(path, json=body, headers={"If-Match": tag})
    assert first.status_code == 202
    assert first.headers["location"] == f"/api/v1/reconfigurations/{first.json()['id']}"
    second = await http.post(path, json=body, headers={"If-Match": tag})
    assert second.status_code == 412
    assert slug(second) == "revision-mismatch"
    assert (await http.post(path, json=body, headers={"If-Match": '"2"'})).status_code == 202
    assert (await http.post(path, json=body, headers={"If-Match": "*"})).status_code == 202
    third = await http.request("DELETE", "/api/v1/deployments/shop", headers={"If-Match": '"1"'})
    assert third.status_code == 412


@pytest.mark.parametrize("tag", ["", "3", '"x"', 'W/"3"', '"' + "9" * 50 + '"', '"1", "2"'])
async def test_an_if_match_that_is_no_revision_is_refused(
    http: httpx.AsyncClient, tag: str
) -> None:
    await http.post("/api/v1/deployments", json=DEPLOY)
    response = await http.post(
        "/api/v1/deployments/shop/reconfigurations",
        json={"kind": "restart"},
        headers={"If-Match": tag},
    )
    assert response.status_code == 422
    assert slug(response) == "invalid-header"


async def test_pages_lead_from_one_to_the_next(http: httpx.AsyncClient) -> None:
    for name in "abcde":
        await http.post("/api/v1/deployments", json={**DEPLOY, "name": name})
    found: list[str] = []
    path: str | None = "/api/v1/deployments?limit=2"
    while path is not None:
        response = await http.get(path)
        page = response.json()
        found += [each["name"] for each in page["items"]]
        path = response.links.get("next", {}).get("url")
        assert (path is None) == (page["next"] is None)
    assert found == list("abcde")


async def test_a_document_that_cannot_be_read_is_told_with_its_line(
    http: httpx.AsyncClient,
) -> None:
    response = await http.post("/api/v1/deployments", json={"document": "nam: hello"})
    assert response.status_code == 422
    assert slug(response) == "invalid-document"
    assert (response.json()["line"], response.json()["field"]) == (1, "name")


async def test_parameters_alone_change_the_document_that_is_there(
    http: httpx.AsyncClient, control: FakeControl
) -> None:
    await http.post("/api/v1/deployments", json=DEPLOY)
    path = "/api/v1/deployments/shop/reconfigurations"
    await http.post(path, json={"kind": "apply", "settings": {"a": "1"}})
    await http.post(path, json={"kind": "apply"})
    with_settings, without = control.changes
    assert with_settings.source is not None and with_settings.source.settings == {"a": "1"}
    assert without.source is None


async def test_responses_forbid_guessing_their_type(http: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/api/v1/deployments", "/nothing"):
        assert (await http.get(path)).headers["x-content-type-options"] == "nosniff"
