"""The door: a real server and a real Traefik before a real application."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets
from websockets.asyncio.client import ClientConnection

from ripieno.client import errors
from ripieno.model.access import Scope
from ripieno.testing.doors import DoorRig, open_door, until
from ripieno.wire.user import UserRequest
from tests.visited import document

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}
MODES = ("host", "strip", "keep")
NAMES = {"host": "by-host", "strip": "by-strip", "keep": "by-keep"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DoorRig]:
    async with open_door(tmp_path_factory.mktemp("door")) as rig:
        for mode, name in NAMES.items():
            await rig.deploy(document(mode), name)
        await rig.deploy(document(access="[public]"), "open-to-all")
        for name in (*NAMES.values(), "open-to-all"):
            await until_ready(rig, name)
        yield rig


async def until_ready(rig: DoorRig, name: str) -> None:
    """Until the door leads to the application, which its waiting page would know too."""
    async with asyncio.timeout(60), rig.visiting(name, token=rig.token) as http:
        while True:
            if (await http.get("echo")).status_code == 200:
                return
            await asyncio.sleep(0.02)


def connected(rig: DoorRig, name: str, mode: str, headers: dict[str, str]) -> Any:
    host, port = (f"{name}.localhost", rig.host_port)
    path = "/socket"
    if mode != "host":
        host, port, path = "localhost", rig.prefix_port, f"/{name}/socket"
    return websockets.connect(
        f"ws://{host}:{port}{path}",
        host="127.0.0.1",
        port=port,
        additional_headers=headers,
        origin=headers.pop("Origin", None),  # type: ignore[arg-type]  # it is text
        proxy=None,
    )


@pytest.mark.parametrize("mode", MODES)
async def test_a_route_leads_to_its_application(door: DoorRig, mode: str) -> None:
    name = NAMES[mode]
    async with door.visiting(name, token=door.token) as http:
        told = (await http.get("some/path%20x?q=1&r=%2F")).json()
    sent = {key: text for key, text in told["headers"]}
    assert told["path"] == {"keep": f"/{name}/some/path x"}.get(mode, "/some/path x")
    assert told["query"] == "q=1&r=%2F"
    assert sent.get("x-forwarded-prefix") == {"strip": f"/{name}"}.get(mode)
    at = f"http://{name}.localhost:{door.host_port}/"
    if mode != "host":
        at = f"http://localhost:{door.prefix_port}/{name}/"
    path = "/" if mode == "host" else f"/{name}/"
    assert told["public"] == {"PUBLIC_URL": at, "PUBLIC_PATH": path}


async def test_a_prefix_without_its_slash_leads_there_too(door: DoorRig) -> None:
    async with door.visiting("by-strip", token=door.token) as http:
        answer = await http.get(f"http://127.0.0.1:{door.prefix_port}/by-strip?a=b")
    at = f"http://localhost:{door.prefix_port}/by-strip/?a=b"
    assert (answer.status_code, answer.headers["location"]) == (307, at)


async def test_who_is_not_known_is_sent_to_sign_in_or_told_so(door: DoorRig) -> None:
    async with door.visiting("by-host") as http:
        page = await http.get("a/b?c=d&e=%2f", headers=PAGE)
        program = await http.get("a/b")
        framed = await http.get("a/b", headers={**PAGE, "Sec-Fetch-Dest": "iframe"})
        posted = await http.post("a/b", headers=PAGE)
        bad = await http.get("a/b", headers={**PAGE, "Authorization": "Bearer rip_wrong"})
    assert page.status_code == 302
    back = f"{door.server.url}/reach/by-host?to=/a/b%3Fc%3Dd%26e%3D%252f"
    assert page.headers["location"] == back
    assert (program.status_code, program.json()["type"]) == (
        401,
        "urn:ripieno:problem:unauthenticated",
    )
    assert program.headers["www-authenticate"].startswith("Bearer")
    assert (framed.status_code, posted.status_code) == (401, 401)
    assert 'target="_top"' in framed.text
    assert bad.status_code == 302


async def test_sign_in_leads_back_to_nowhere_else(door: DoorRig) -> None:
    async with door.visiting("by-host") as http:
        for path in ("/%0d%0aSet-Cookie:x", "//evil.example/", "/\\evil.example"):
            url = httpx.URL(f"http://127.0.0.1:{door.host_port}").copy_with(raw_path=path.encode())
            answer = await http.get(url, headers=PAGE)
            location = answer.headers.get("location", "")
            assert "evil.example" not in location.partition("?")[0]
            assert re.fullmatch(rf"{door.server.url}/reach/by-host(\?to=/[^/].*|\?to=/)?", location)
    for path in ("//evil.example", "https://evil.example", "/\\evil", "/a/../../b", ""):
        with pytest.raises(errors.InvalidRequest):
            await door.client.hand_over("by-host", path=path)
    with pytest.raises(errors.InvalidRequest):
        await door.client.hand_over("by-strip", path="/by-keep/")


async def test_who_has_no_access_is_told_so(door: DoorRig) -> None:
    await door.client.add_user(UserRequest(name="visitor-1"))
    stranger = (await door.client.create_token("t", user="visitor-1", scopes=[Scope.READ])).token
    forged = {"X-Forwarded-For": "192.0.2.7"}
    async with door.visiting("by-host", token=stranger, headers=forged) as http:
        program = await http.get("echo")
        page = await http.get("echo", headers=PAGE)
    assert (program.status_code, page.status_code) == (403, 403)
    assert "visitor-1 is not among those who may reach by-host" in program.json()["detail"]
    assert "You have no access" in page.text

    async def is_noted() -> bool:  # Soon, as nobody waits at the door for the trail.
        return bool((await door.client.audit(user="visitor-1")).items)

    await until(is_noted)
    [deed] = (await door.client.audit(user="visitor-1")).items
    assert (deed.action, deed.thing, deed.result) == ("route.reach", "route by-host", "refused")
    assert deed.reason is not None and "it is somebody else's" in deed.reason
    assert deed.via.startswith("t (t-")
    assert deed.address == "127.0.0.1"


async def test_the_application_is_told_who_comes_and_nothing_that_lets_in(door: DoorRig) -> None:
    cookies = "; ".join(
        (
            "before=1",
            "ripieno_session=secret",
            "__Host-ripieno_session=secret",
            "ripieno_browser=secret",
            "RIPIENO_SESSION=secret",
            "ripieno_door=secret",
            "after=2",
        )
    )
    forged = {
        "X-Forwarded-User": "evil",
        "X-Forwarded-Groups": "admins",
        "X_Forwarded_User": "evil",
        "X-Forwarded_Groups": "admins",
        "x-forwarded_user": "evil",
        "X.Forwarded.User": "evil",
        "X-Forwarded~User": "evil",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Uri": "/by-strip/",
        "Cookie": cookies,
    }
    async with door.visiting("by-host", token=door.token, headers=forged) as http:
        by_token = (await http.get("echo")).json()["headers"]
    browser = await door.signed_in("by-host")
    forged["Cookie"] += "; " + browser["Cookie"]
    async with door.visiting("by-host", headers=forged) as http:
        by_cookie = (await http.get("echo")).json()["headers"]
        own = await http.get("echo", headers={"Authorization": "Basic dTpw"})
    for headers in (by_token, by_cookie):
        names = [name for name, _ in headers]
        sent = dict(headers)
        assert sent["x-forwarded-user"] == "admin"
        assert "x-forwarded-groups" not in names
        assert not {"x_forwarded_user", "x-forwarded_groups", "x-forwarded_user"} & set(names)
        assert "authorization" not in names
        assert [text for name, text in headers if name == "cookie"] == ["before=1; after=2"]
        assert "secret" not in json.dumps(headers)
        assert "evil" not in json.dumps(headers)
        assert sent["host"] == sent["x-forwarded-host"] == f"by-host.localhost:{door.host_port}"
    assert dict(own.json()["headers"])["authorization"] == "Basic dTpw"


async def test_without_cookies_of_its_own_an_application_gets_none(door: DoorRig) -> None:
    browser = await door.signed_in("by-keep")
    async with door.visiting("by-keep", headers=browser) as http:
        headers = (await http.get("echo")).json()["headers"]
    assert "cookie" not in [name for name, _ in headers]


async def test_anybody_comes_in_where_it_is_public_and_is_nobody(door: DoorRig) -> None:
    forged = {"X-Forwarded-User": "evil", "Cookie": "ripieno_session=secret"}
    async with door.visiting("open-to-all", headers=forged) as http:
        headers = dict((await http.get("echo")).json()["headers"])
    assert not {"x-forwarded-user", "cookie"} & set(headers)


async def test_applications_may_be_framed_by_the_server_alone(door: DoorRig) -> None:
    async with door.visiting("by-host", token=door.token) as http:
        answer = await http.get("echo")
    assert "x-frame-options" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert policy == f"frame-ancestors 'self' {door.server.url}"
    assert answer.headers["set-cookie"] == "theirs=1; Path=/"


async def test_a_way_in_is_good_once_and_at_its_own_place(door: DoorRig) -> None:
    way_in = httpx.URL((await door.client.hand_over("by-host", path="/deep?x=1")).url)
    query = way_in.query.decode()
    assert way_in.host == "by-host.localhost"
    async with door.visiting("open-to-all") as http:
        elsewhere = await http.get(f".ripieno/enter?{query}")
    async with door.visiting("by-strip") as http:
        by_prefix = await http.get(f".ripieno/enter?{query}")
    assert (elsewhere.status_code, by_prefix.status_code) == (403, 403)
    async with door.visiting("by-host") as http:
        first = await http.get(f".ripieno/enter?{query}")
        second = await http.get(f".ripieno/enter?{query}", headers=PAGE)
        forged = await http.get(f".ripieno/enter?{query[:-4]}AAAA")
    assert (first.status_code, first.headers["location"]) == (303, "/deep?x=1")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("__Host-ripieno_door=")
    for each in ("Path=/", "HttpOnly", "Secure", "SameSite=None", "Partitioned"):
        assert f"; {each}" in cookie
    assert "Domain" not in cookie
    assert first.headers["referrer-policy"] == "no-referrer"
    assert (second.status_code, forged.status_code) == (403, 403)
    assert f"{door.server.url}/reach/by-host" in second.text


async def test_a_cookie_of_one_application_opens_no_other(door: DoorRig) -> None:
    browser = await door.signed_in("by-host")
    async with door.visiting("by-host", headers=browser) as http:
        assert (await http.get("echo")).status_code == 200
    async with door.visiting("by-strip", headers=browser) as http:
        assert (await http.get("echo")).status_code == 401
    cookie = browser["Cookie"]
    tossed = f"{cookie.partition('=')[0]}=tossed; {cookie}"
    async with door.visiting("by-host", headers={"Cookie": tossed}) as http:
        assert (await http.get("echo")).status_code == 200


async def test_what_a_revoked_token_let_in_is_out(door: DoorRig) -> None:
    made = await door.client.create_token("short-lived")
    async with type(door.client)(door.server.url, made.token) as client:
        way_in = httpx.URL((await client.hand_over("by-host")).url)
    async with door.visiting("by-host") as http:
        entered = await http.get(f".ripieno/enter?{way_in.query.decode()}")
        cookie = {"Cookie": entered.headers["set-cookie"].partition(";")[0]}
        assert (await http.get("echo", headers=cookie)).status_code == 200
        await door.client.revoke_token(made.id)
        assert (await http.get("echo", headers=cookie)).status_code == 401


async def test_what_another_site_sends_is_not_taken(door: DoorRig) -> None:
    browser = await door.signed_in("by-host")
    own = f"http://by-host.localhost:{door.host_port}"
    async with door.visiting("by-host", headers=browser) as http:
        for origin, expected in (
            (own, 200),
            ("http://evil.example", 403),
            ("null", 403),
            (own.replace("by-host", "by-strip"), 403),
            (own.replace("by-host.", ""), 403),
        ):
            answer = await http.post("echo", headers={"Origin": origin})
            assert answer.status_code == expected, origin
        assert (await http.get("echo", headers={"Origin": "http://evil.example"})).is_success
    found = (await door.client.audit(thing="route by-host", user="admin")).items
    assert ("refused", "another site has sent it") in {(each.result, each.reason) for each in found}


@pytest.mark.parametrize("mode", MODES)
async def test_websockets_pass(door: DoorRig, mode: str) -> None:
    name = NAMES[mode]
    browser = await door.signed_in(name)
    origin = f"http://{name}.localhost:{door.host_port}"
    if mode != "host":
        origin = f"http://localhost:{door.prefix_port}"
    async with connected(door, name, mode, {**browser, "Origin": origin}) as websocket:
        await said(websocket, "hello")
    async with connected(door, name, mode, {"Authorization": f"Bearer {door.token}"}) as websocket:
        await said(websocket, "hello")


async def said(websocket: ClientConnection, text: str) -> None:
    await websocket.send(text)
    async with asyncio.timeout(60):
        assert await websocket.recv() == f"1: {text}"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", None])
async def test_a_websocket_of_another_site_is_refused(door: DoorRig, origin: str | None) -> None:
    headers = await door.signed_in("by-host")
    if origin is not None:
        headers["Origin"] = origin
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with connected(door, "by-host", "host", headers):
            pass
    assert caught.value.response.status_code == (401 if origin is None else 403)


@pytest.mark.parametrize("mode", MODES)
async def test_server_sent_events_come_at_once(door: DoorRig, mode: str) -> None:
    async with (
        door.visiting(NAMES[mode], token=door.token) as http,
        http.stream("GET", "events") as answer,
    ):
        found = []
        async for line in answer.aiter_lines():
            found.append(line)
            if len(found) == 5:
                break
    assert found == ["data: 0", "", "data: 1", "", "data: 2"]


SIZE = 200 * 1024 * 1024


async def test_uploads_and_downloads_stream_through(door: DoorRig) -> None:
    before = memory_mib(door)

    async def body() -> AsyncIterator[bytes]:
        chunk = b"x" * (1024 * 1024)
        for _ in range(SIZE // len(chunk)):
            yield chunk

    async with door.visiting("by-host", token=door.token) as http:
        assert (await http.post("upload", content=body())).json() == {"bytes": SIZE}
        size = 0
        async with http.stream("GET", f"download?bytes={SIZE}") as answer:
            assert answer.headers["content-length"] == str(SIZE)
            async for chunk in answer.aiter_raw():
                size += len(chunk)
    assert size == SIZE
    assert memory_mib(door) - before < 100


def memory_mib(rig: DoorRig) -> float:
    """What Traefik and the server had in memory at most so far."""
    found = 0.0
    for pid in (rig.traefik(), rig.server.pid):
        with open(f"/proc/{pid}/status") as file:
            line = next(each for each in file if each.startswith("VmHWM"))
        found += int(line.split()[1]) / 1024
    return found


async def test_what_a_page_asks_for_at_the_root_is_its_own(door: DoorRig) -> None:
    origin = f"http://127.0.0.1:{door.prefix_port}"
    for name in ("by-strip", "by-keep"):
        from_page = {"Referer": f"http://localhost:{door.prefix_port}/{name}/page?x"}
        async with door.visiting(name, token=door.token, headers=from_page) as http:
            sent = await http.get(f"{origin}/static/app%20x.js?v=1")
            assert (sent.status_code, sent.headers["location"]) == (
                307,
                f"/{name}/static/app%20x.js?v=1",
            )
            url = httpx.URL(origin).copy_with(raw_path=b"//evil.example/x")
            assert (await http.get(url)).headers["location"].startswith(f"/{name}/")
            followed = await http.post(
                f"{origin}/api/items", content=b"kept", follow_redirects=True
            )
            assert (followed.json()["method"], followed.json()["body"]) == ("POST", "kept")
            # The name of another route is stronger than where the visitor comes from.
            other = "by-keep" if name == "by-strip" else "by-strip"
            assert (await http.get(f"{origin}/{other}/x")).json()["path"].endswith("/x")
    async with door.visiting("by-strip", token=door.token) as http:
        assert (await http.get(f"{origin}/static/app.js")).status_code == 404


async def test_the_door_shows_nothing_of_the_server_itself(door: DoorRig) -> None:
    for port in (door.host_port, door.prefix_port):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            for path in ("/", "/sign-in", "/api/v1/healthz", "/healthz", "/metrics", "/door/x/y"):
                answer = await http.get(path, headers=PAGE)
                assert (answer.status_code, "There is no application here" in answer.text) == (
                    404,
                    True,
                )
    async with httpx.AsyncClient(base_url=door.server.url, timeout=60) as http:
        for path in ("/door/check/by-host", "/door/wrong/check/by-host", "/door/"):
            assert (await http.get(path)).status_code == 404


async def test_pages_of_the_server_have_no_host_that_applications_have(door: DoorRig) -> None:
    port = httpx.URL(door.server.url).port
    async with httpx.AsyncClient(base_url=door.server.url, timeout=60) as http:
        for path in ("/sign-in?next=/a%3Fb", "//evil.example/x"):
            url = httpx.URL(door.server.url).copy_with(raw_path=path.encode())
            answer = await http.get(url, headers={"Host": f"localhost:{port}", **PAGE})
            assert answer.status_code == 307
            assert answer.headers["location"] == f"{door.server.url}{path}"


async def test_names_of_routes_are_given_once(door: DoorRig) -> None:
    taken = document().replace("mode: host", "name: by-host, mode: host")
    with pytest.raises(errors.Conflict, match="belongs to the deployment 'by-host'"):
        await door.deploy(taken, "another")
    listed = {each.name for each in (await door.client.routes()).items}
    assert set(NAMES.values()) <= listed
