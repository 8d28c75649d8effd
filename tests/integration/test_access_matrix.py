"""Every operation of the API, asked by everybody: who is let through is what the policy table says.

What an operation would do once it is allowed is not done: the use cases that a gate asks after it
has checked refuse with a conflict, so whatever is not a 401, 403 or 404 was let through. To whom a
thing is not shared, it is not there: they are told the same as of one that never was.
"""

import asyncio
import inspect
import itertools
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from ripieno.api.actions import ACTIONS
from ripieno.api.app import create_app
from ripieno.control import policy
from ripieno.control.errors import Conflict, Unauthenticated
from ripieno.control.policy import RULES, Action
from ripieno.control.use_cases import UseCases
from ripieno.control.views import RouteState, RouteView
from ripieno.model.access import ALL_SCOPES, Caller, Role, Scope
from ripieno.model.bundle import Bundle
from ripieno.model.route import Mode
from ripieno.wire import archive
from tests import announced
from tests.fake_control import FakeControl

OWNER, READER, STRANGER = "olga", "rita", "sam"
USERS = (OWNER, READER, STRANGER)

DOCUMENT = "name: app\nversion: 1.0.0\ncomponents:\n  web: {type: service, command: [web]}\n"

LOOKED_UP = frozenset(
    {
        "authenticate",
        "renewed",
        "ownership",
        "owned",
        "reconfiguration",
        "entry",
        "registered",
        "named",
        "route",
        "group",
        "token",
        "note_audit",
        "add_audit",
        "last_event_id",
        "stream",
    }
)
"""What a gate asks to know whose a thing is, and what is not about any caller."""

PARTS = {
    "deployment": "thing",
    "reconfiguration": "r-1",
    "component": "web",
    "transition": "start",
    "decision": "retry",
    "version": "1.0.0",
    "file": "a.png",
    "token": "t-1",
    "user": READER,
    "subject": f"user:{OWNER}",
    "saved": "mine",
}
NAMES = {"applications": "app", "users": OWNER, "groups": "club", "routes": "thing"}

BODIES: dict[str, dict[str, Any]] = {
    "deploy": {"application": "app"},
    "change": {"kind": "stop"},
    "extend": {"hours": 1},
    "plan_change": {"kind": "stop"},
    "plan_deployment": {"application": "app"},
    "register": {"document": DOCUMENT},
    "import_image": {"image": "registry.example.org/app:1"},
    "import_boutiques": {"document": "{}"},
    "import_compose": {"document": "services: {}"},
    "yank": {"reason": "it is broken"},
    "share_application": {"visibility": ["everyone"]},
    "add_host": {"name": "lab", "address": "lab", "directory": "/srv/x"},
    "scan_host": {"name": "lab", "address": "lab", "directory": "/srv/x"},
    "set_secret": {"value": "x"},
    "create_token": {"name": "ci", "user": OWNER, "scopes": ["admin"]},
    "create_sign_in_link": {"user": OWNER},
    "add_user": {"name": "eve"},
    "change_user": {"display_name": "Olga"},
    "set_password": {"password": "correct horse battery"},
    "add_group": {"name": "new"},
    "describe_group": {"description": "x"},
    "put_member": {},
    "set_quota": {"cpus": 1},
    "hand_over": {},
    "save_configuration": {},
}
QUERIES = {
    "events": {"deployment": "thing"},
    "stream_events": {"deployment": "thing"},
    "tokens": {"user": OWNER},
    "quotas": {"user": OWNER},
}

FROM_THE_CATALOGUE = frozenset({"deploy", "plan_deployment", "save_configuration"})
"""Operations that need a look at an application too."""

OF_NOBODY = frozenset({"deploy", "plan_deployment"})

PRIVATE = ("{deployment}", "{reconfiguration}", "/applications/{name}", "/routes/{name}")
"""Where a path names what is not there for those to whom it is not shared."""

ALSO_PRIVATE = frozenset({"deploy", "plan_deployment", "events", "stream_events"})
"""Operations whose query or body names such a thing."""

OF_ONES_OWN = frozenset({"remove_saved_configuration"})
"""Operations that only look at what is the caller's, whatever else a path names."""

UNKNOWN = {"thing": "never", "app": "nowhere", "r-1": "r-0"}
"""For each such thing one that never was."""

REGISTERING = frozenset({"register", "register_archive"})
"""Operations that tell that a name is taken, since there is no other way."""
OF_ONESELF = frozenset({"whoami"})


class Reached(Conflict):
    """A use case was asked for: the caller was let through."""


class Reaching:
    """Use cases that are looked up, and those that say only that they were reached."""

    def __init__(self, control: FakeControl, callers: dict[str, Caller]) -> None:
        self._control = control
        self._callers = callers

    async def authenticate(self, token: str) -> Caller:
        if token not in self._callers:
            raise Unauthenticated("nobody knows it")
        return self._callers[token]

    async def renewed(self, caller: Caller) -> Caller:
        return caller

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._control, name)
        if name in LOOKED_UP:
            return found

        def reach(*_: object, **__: object) -> None:
            raise Reached(name)

        async def reach_later(*_: object, **__: object) -> None:
            reach()

        return reach_later if inspect.iscoroutinefunction(found) else reach


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the OpenAPI document."""

    name: str
    method: str
    path: str
    tag: str


def operations() -> list[Operation]:
    """All operations of the API."""
    document = announced.document()
    return [
        Operation(operation["operationId"], method.upper(), path, operation["tags"][0])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


OPERATIONS = operations()


def callers() -> Iterator[Caller]:
    """Everybody: each role as owner, reader and stranger, and each role with each scope alone."""
    for role, user in itertools.product(Role, USERS):
        yield Caller(user=user, role=role, via=f"{role}-{user}-all")
    for role, scope in itertools.product(Role, Scope):
        scopes = frozenset({scope})
        yield Caller(user=OWNER, role=role, scopes=scopes, via=f"{role}-{OWNER}-{scope}")


KNOWN = {each.via: each for each in callers()}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """An API that knows them all; nothing that is asked of it changes it."""
    found = create_app(cast(UseCases, Reaching(asyncio.run(everything()), KNOWN)))
    found.state.streams.feed.close()  # A stream that is let through ends at once.
    return found


async def everything() -> FakeControl:
    """Things of the owner's, which the reader may look at."""
    control = FakeControl()
    for name in USERS:
        control.admit(name, Role.VIEWER)
    await control.deploy_hello("thing")
    control.names["thing"] = replace(
        control.names["thing"], owner=OWNER, readers=(f"user:{READER}",)
    )
    control.ways["thing"] = RouteView(
        name="thing",
        deployment="thing",
        component="web",
        tcp_port="http",
        mode=Mode.HOST,
        url="http://thing.localhost:8643/",
        path="/",
        title="Thing",
        state=RouteState.READY,
        reason=None,
        owner=OWNER,
        access=(f"user:{READER}",),
    )
    await control.register(
        Bundle(document=DOCUMENT), is_draft=False, visibility=[f"user:{READER}"], caller=OWNER
    )
    await control.add_group("club", caller="alice")
    await control.put_member("club", OWNER, is_manager=True, caller="alice")
    await control.create_token("laptop", None, scopes=ALL_SCOPES, caller=OWNER)
    return control


class Verdict(Enum):
    """What somebody is told."""

    LET_THROUGH = auto()
    REFUSED = auto()
    NOT_THERE = auto()
    TAKEN = auto()


def is_private(operation: Operation) -> bool:
    """Whether an operation names something that is not shared with everybody."""
    if operation.name in ALSO_PRIVATE | OF_ONES_OWN:
        return operation.name in ALSO_PRIVATE
    return any(each in operation.path for each in PRIVATE)


def expected(operation: Operation, caller: Caller) -> Verdict:
    """What the table says, and before it, to whom the thing is shared."""
    is_hidden = caller.user == STRANGER and not caller.is_admin
    if is_hidden and is_private(operation):
        return Verdict.NOT_THERE
    if not is_allowed(operation, caller, is_hidden):
        return Verdict.REFUSED
    return Verdict.TAKEN if is_hidden and operation.name in REGISTERING else Verdict.LET_THROUGH


def is_allowed(operation: Operation, caller: Caller, is_hidden: bool) -> bool:
    """What the table says."""
    action = ACTIONS[operation.name]
    if action is None:
        return True
    owner: str | None = OWNER
    if operation.name in OF_NOBODY or (is_hidden and operation.name in REGISTERING):
        owner = None
    elif operation.name in OF_ONESELF:
        owner = caller.user
    readers = [f"user:{READER}"]
    if operation.name in FROM_THE_CATALOGUE and not policy.is_allowed(
        caller, Action.LOOK_AT_APPLICATION, owner=OWNER, readers=readers
    ):
        return False
    return policy.is_allowed(caller, action, owner=owner, readers=readers)


async def ask(
    http: httpx.AsyncClient,
    operation: Operation,
    token: str,
    others: Mapping[str, str] | None = None,
) -> httpx.Response:
    """An operation's answer, about other things if they are given."""

    def named(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: (others or {}).get(str(value), value) for key, value in values.items()}

    path = operation.path.format(**named({**PARTS, "name": NAMES.get(operation.tag, "lab")}))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    content: dict[str, Any] = {}
    if operation.name == "register_archive":
        headers["Content-Type"] = archive.MEDIA_TYPE
        content["content"] = archive.pack(Bundle(document=DOCUMENT))
    elif operation.name in BODIES:
        content["json"] = named(BODIES[operation.name])
    query = named(QUERIES.get(operation.name, {}))
    response = await http.request(operation.method, path, headers=headers, params=query, **content)
    assert response.status_code not in (400, 415, 422, 500), f"{operation.name}: {response.text}"
    return response


def verdict(operation: Operation, response: httpx.Response) -> Verdict:
    """What an answer says."""
    assert response.status_code != 401
    if response.status_code == 403:
        return Verdict.REFUSED
    if response.status_code == 404 and is_private(operation):
        return Verdict.NOT_THERE
    if response.status_code == 409 and "is taken" in response.text:
        return Verdict.TAKEN
    return Verdict.LET_THROUGH


def test_every_operation_states_its_action() -> None:
    assert {each.name for each in OPERATIONS} == set(ACTIONS)


def test_only_how_the_server_is_may_be_asked_by_anybody() -> None:
    assert [name for name, action in ACTIONS.items() if action is None] == ["health"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
async def test_who_is_let_through_is_what_the_table_says(
    app: FastAPI, operation: Operation
) -> None:
    wrong = []
    async with asking(app) as http:
        anonymous = await ask(http, operation, "")
        assert (anonymous.status_code == 401) == (ACTIONS[operation.name] is not None)
        for token, caller in KNOWN.items():
            response = await ask(http, operation, token)
            if verdict(operation, response) is not expected(operation, caller):
                wrong.append(f"{token}: {response.text}, not {expected(operation, caller)}")
    assert wrong == []


PRIVATE_OPERATIONS = [each for each in OPERATIONS if is_private(each)]


@pytest.mark.parametrize("operation", PRIVATE_OPERATIONS, ids=lambda each: each.name)
async def test_what_is_hidden_answers_as_if_it_had_never_been(
    app: FastAPI, operation: Operation
) -> None:
    async with asking(app) as http:
        for token, caller in KNOWN.items():
            if expected(operation, caller) is Verdict.NOT_THERE:
                hidden = await ask(http, operation, token)
                unknown = await ask(http, operation, token, UNKNOWN)
                told = unknown.json()["detail"]
                for name, other in UNKNOWN.items():
                    told = re.sub(rf"\b{other}\b", name, told)
                assert hidden.json() == {**unknown.json(), "detail": told}
                assert set(hidden.headers) == set(unknown.headers)


@asynccontextmanager
async def asking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


def test_what_no_operation_asks_for_first_is_known() -> None:
    asked_otherwise = {
        # Asked besides the first one, by what a request says.
        Action.DEPLOY_DOCUMENT,
        Action.DEPLOY_DIRECTORY,
        Action.CHANGE_USER,
        Action.SAVE_DRAFT,
        Action.LOOK_AT_DRAFT,
        # By a page, and by whoever visits an application.
        Action.WAKE,
        # By pages only.
        Action.LIST_SESSIONS,
        Action.END_SESSION,
        Action.CHANGE_PASSWORD,
    }
    assert set(RULES) - set(ACTIONS.values()) == asked_otherwise
