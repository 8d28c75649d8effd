"""What strangers try at the door: paths, hosts and headers that are not what they seem.

There is an application that is open to everybody and one that is shut, so that whatever leads from
the one to the other shows at once.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest
import pytest_asyncio
import websockets

from ripieno.model.access import Scope
from ripieno.model.route import Mode
from ripieno.testing.doors import DoorRig, open_door
from ripieno.wire.user import UserRequest
from tests.visited import APP

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCESS = {"open": "[public]", "shut": "['user:guest']"}
NAMES = [(f"{name}-{mode}", name, mode) for name in ACCESS for mode in (Mode.HOST, Mode.STRIP)]


def component(name: str, version: str) -> str:
    return f"""
  {name}:
    type: service
    command: ['{sys.executable}', '{APP}']
    env: {{VERSION: {version}}}
    tcp_ports: {{http: auto}}
    health: {{http: /healthz, interval_s: 0.5}}
"""


def route(name: str, mode: Mode, access: str) -> str:
    return f"""
  - {{component: {name}, tcp_port: http, name: {name}, mode: {mode}, access: {access}}}
"""


DOCUMENT = f"""
name: doors
version: 1.0.0
components:
{"".join(component(name, version) for name, version, _ in NAMES)}
routes:
{"".join(route(name, mode, ACCESS[version]) for name, version, mode in NAMES)}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DoorRig]:
    async with open_door(tmp_path_factory.mktemp("tricks")) as rig:
        await rig.client.add_user(UserRequest(name="guest"))
        await rig.deploy(DOCUMENT, "doors")
        for name, _, _ in NAMES:
            await rig.until_led(name, "echo")
        yield rig


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: str
    body: str

    @property
    def by(self) -> str | None:
        """The application that has answered, None if it was the door."""
        return json.loads(self.body)["version"] if self.status == 200 else None


async def sent(port: int, line: str, *headers: str) -> Answer:
    """The answer to a request that is sent as it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = "\r\n".join((line, *headers, "Connection: close", "", ""))
    writer.write(text.encode("latin-1"))
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.decode("latin-1").partition("\r\n\r\n")
    return Answer(int(head.split(" ", 2)[1]), head.lower(), body)


@pytest.mark.parametrize(
    "path",
    [
        "/open-strip/../shut-strip/echo",
        "/open-strip/./../shut-strip/echo",
        "/open-strip//..//shut-strip/echo",
        "/open-strip/%2e%2e/shut-strip/echo",
        "/open-strip/.%2e/shut-strip/echo",
        "/open-strip/..%2fshut-strip/echo",
        "/open-strip%2f..%2fshut-strip/echo",
        "/open-strip/%252e%252e/shut-strip/echo",
        "/open-strip/..%252fshut-strip/echo",
        "/open-strip/..%5cshut-strip/echo",
        "/open-strip/..;/shut-strip/echo",
        "/open-strip/%00/../shut-strip/echo",
        "/open-strip/../../../../../../shut-strip/echo",
        "/%6fpen-strip/../shut-strip/echo",
        "/%73hut-strip/echo",
        "//shut-strip/echo",
        "/shut-strip;x/echo",
        "/SHUT-STRIP/echo",
        "/..%2f..%2fdoor/KEY/check/open-strip",
        "/open-strip%2f..%2f..%2fdoor/x",
        "/open-strip//../../etc/passwd",
    ],
)
async def test_no_path_leads_from_one_application_to_another(door: DoorRig, path: str) -> None:
    answer = await sent(
        door.prefix_port, f"GET {path} HTTP/1.1", f"Host: localhost:{door.prefix_port}"
    )
    assert answer.by in (None, "open")
    assert answer.status in (200, 301, 302, 307, 308, 400, 401, 404), answer
    if answer.by == "open":
        # It is told nothing that the door would have taken for its own.
        assert "shut" not in answer.headers


@pytest.mark.parametrize(
    ("line", "host", "by"),
    [
        ("GET /echo HTTP/1.1", "open-host.localhost:{port}", "open"),
        ("GET /echo HTTP/1.1", "OPEN-host.LocalHost:{port}", "open"),
        ("GET /echo HTTP/1.1", "open-host.localhost", "open"),
        ("GET /echo HTTP/1.1", "open-host.localhost.:{port}", "open"),
        ("GET /echo HTTP/1.1", "shut-host.localhost:{port}", None),
        ("GET /echo HTTP/1.1", "SHUT-HOST.localhost", None),
        ("GET /echo HTTP/1.1", "shut-host.localhost.", None),
        ("GET /echo HTTP/1.1", "unknown.localhost", None),
        ("GET /echo HTTP/1.1", "x.open-host.localhost", None),
        ("GET /echo HTTP/1.1", "open-host.localhost.evil.example", None),
        ("GET /echo HTTP/1.1", "open-host.localhost@shut-host.localhost", None),
        ("GET /echo HTTP/1.1", "", None),
        ("GET http://shut-host.localhost/echo HTTP/1.1", "open-host.localhost", None),
        ("GET http://open-host.localhost/echo HTTP/1.1", "shut-host.localhost", "open"),
    ],
)
async def test_the_host_that_is_named_is_the_one_that_is_checked(
    door: DoorRig, line: str, host: str, by: str | None
) -> None:
    answer = await sent(door.host_port, line, f"Host: {host.format(port=door.host_port)}")
    if by is None:
        assert answer.status in (400, 401, 404), answer
    else:
        assert answer.by == by


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost.evil.example", "x.localhost", "[::1]"])
async def test_applications_by_prefix_have_the_host_of_the_door_only(
    door: DoorRig, host: str
) -> None:
    port = door.prefix_port
    for path, headers in (
        ("/open-strip/echo", ()),
        ("/open-strip/.ripieno/enter?ticket=x", ()),
        ("/static/app.js", (f"Referer: http://{host}:{port}/open-strip/",)),
    ):
        answer = await sent(port, f"GET {path} HTTP/1.1", f"Host: {host}:{port}", *headers)
        assert answer.status == 404, path


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Host: open-host.localhost",
        "X-Original-Host: open-host.localhost",
        "Forwarded: host=open-host.localhost",
        "X-Forwarded-Uri: /open",
        "X-Original-URL: /open-strip/echo",
        "X-Rewrite-URL: /open-strip/echo",
        "X-Forwarded-Method: OPTIONS",
        "X-HTTP-Method-Override: OPTIONS",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-User: admin",
        "Connection: X-Forwarded-User, Authorization, Cookie",
    ],
)
async def test_no_header_opens_what_is_shut(door: DoorRig, header: str) -> None:
    answer = await sent(door.host_port, "GET /echo HTTP/1.1", "Host: shut-host.localhost", header)
    assert answer.status == 401, answer


async def test_two_hosts_or_lengths_are_one_too_many(door: DoorRig) -> None:
    twice = ("Host: open-host.localhost", "Host: shut-host.localhost")
    assert (await sent(door.host_port, "GET /echo HTTP/1.1", *twice)).status == 400
    smuggled = ("Host: open-host.localhost", "Content-Length: 3", "Transfer-Encoding: chunked")
    answer = await sent(door.host_port, "POST /echo HTTP/1.1", *smuggled, "", "0", "", "GET /x")
    assert answer.status in (200, 400)
    assert answer.headers.count("http/1.1 ") == 1


async def test_what_is_said_of_a_hop_takes_no_name_of_ours_off(door: DoorRig) -> None:
    answer = await sent(
        door.host_port,
        "GET /echo HTTP/1.1",
        "Host: shut-host.localhost",
        f"Authorization: Bearer {door.token}",
        "Connection: X-Forwarded-User, X-Forwarded-Host",
    )
    told = dict(json.loads(answer.body)["headers"])
    assert told["x-forwarded-user"] == "admin"


OURS = "; ".join(
    f"{name}=secret"
    for name in (
        "ripieno_session",
        "__Host-ripieno_session",
        "__host-Ripieno_Session",
        "ripieno_browser",
        "ripieno_flow",
        "ripieno_door",
    )
)


@pytest.mark.parametrize("name", [name for name, _, _ in NAMES])
async def test_no_cookie_of_ours_reaches_an_application(door: DoorRig, name: str) -> None:
    browser = await door.signed_in(name)
    cookies = {"Cookie": f"theirs=1; {OURS}; {browser['Cookie']}; last=2"}
    async with door.visiting(name, headers=cookies) as http:
        told = (await http.get("echo")).json()["headers"]
    assert dict(told)["x-forwarded-user"] == "admin"
    assert [text for name, text in told if name == "cookie"] == ["theirs=1; last=2"]
    told = await heard(door, name, {**cookies, "X-Forwarded-User": "evil"})
    assert [text for name, text in told if name == "x-forwarded-user"] == ["admin"]
    assert [text for name, text in told if name == "cookie"] == ["theirs=1; last=2"]


async def heard(rig: DoorRig, route: str, headers: Mapping[str, str]) -> list[list[str]]:
    """The headers that an application has got with a websocket."""
    url = str((await rig.route(route)).url)
    origin = url.split("/", 3)[0] + "//" + url.split("/", 3)[2]
    port = int(origin.rpartition(":")[2])
    async with websockets.connect(
        f"{url.replace('http', 'ws', 1)}told",
        host="127.0.0.1",
        port=port,
        origin=websockets.Origin(origin),
        additional_headers=headers,
        proxy=None,
    ) as websocket:
        told: list[list[str]] = json.loads(await websocket.recv())
        return told


async def test_whose_access_is_taken_away_is_out_at_once(door: DoorRig) -> None:
    token = (await door.client.create_token("t", user="guest", scopes=[Scope.READ])).token
    async with type(door.client)(door.server.url, token) as guest:
        early, late = [(await guest.hand_over("shut-host")).url for _ in range(2)]
    async with door.visiting("shut-host") as http:
        entered = await http.get(f".ripieno/enter?{early.partition('?')[2]}")
        cookie = {"Cookie": entered.headers["set-cookie"].partition(";")[0]}
        assert (await http.get("echo", headers=cookie)).status_code == 200
        apart = DOCUMENT.replace("'user:guest'", "")
        await door.change("doors", "apply", document=apart)
        assert (await http.get("echo", headers=cookie)).status_code == 403
        # A way in that was given before leads no further.
        entered = await http.get(f".ripieno/enter?{late.partition('?')[2]}")
        cookie = {"Cookie": entered.headers["set-cookie"].partition(";")[0]}
        assert (await http.get("echo", headers=cookie)).status_code == 403
