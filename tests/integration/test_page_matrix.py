"""Every page and form of the web UI, asked by everybody: who gets in is what the policy table says.

As with the API, what would be done once it is allowed is not: use cases that a gate asks after it
has checked refuse with a conflict, so whoever is not sent to sign in or told off was let through.
Every form is sent without its token too, from another site, and by the session before.
"""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import quote, urlencode

import httpx
import pytest
import pytest_asyncio
from starlette.routing import Route

from ripieno.api.app import create_app
from ripieno.bootstrap import site_for
from ripieno.control import policy
from ripieno.control.policy import Action
from ripieno.control.sessions import Session, csrf_token
from ripieno.control.use_cases import UseCases
from ripieno.model.access import Caller, Role
from ripieno.store.records import SessionRecord
from ripieno.ui.address import Address
from ripieno.ui.site import PAGES
from ripieno.wire import cookie
from tests.integration.test_access_matrix import (
    DOCUMENT,
    OWNER,
    READER,
    USERS,
    Reaching,
    everything,
)
from tests.ui_rig import PAYLOADS, intruders, words

BASE = "http://ripieno.test"

PARTS = {
    "saved": "mine",
    "component": "web",
    "id": "r-1",
    "verb": "pause",
    "transition": "start",
    "decision": "retry",
    "kind": "boutiques",
    "digest": "0",
    "version": "1.0.0",
    "file:path": "a.png",
    "text": "nobody-knows-it",
    "route": "thing",
    "user": READER,
}
NAMES = {
    "applications": "app",
    "deployments": "thing",
    "users": OWNER,
    "groups": "club",
    "hosts": "lab",
}
FIELDS: dict[str, dict[str, str]] = {
    "applications": {"version": "1.0.0", "because": "broken", "label": "mine", "name": "new"},
    "publish": {"document": DOCUMENT.replace("app", "fresh"), "text": "{}"},
    "deployments": {"kind": "stop", "route": "thing", "what": "past", "to": "r-1", "hours": "1"},
    "details": {"display_name": "Olga", "email": "olga@example.org"},
    "password": {"old": "old", "new": "new", "again": "new"},
    "tokens": {"name": "new", "scope": "read", "days": "7"},
    "users": {"name": "new", "role": "viewer"},
    "groups": {"name": "new", "user": READER},
    "quotas": {"subject": f"user:{OWNER}", "cpus": "1"},
    "sign-in": {"user": OWNER, "password": "wrong", "next": "/"},
    "hosts": {"name": "lab", "address": "lab", "directory": "/srv/x", "fingerprint": "SHA256:x"},
}
"""What forms send, by the first words of their paths."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a page takes: all of these actions, of a thing of `whose`; None: of nobody's yet."""

    actions: tuple[Action, ...]
    whose: str | None = OWNER


def of(*actions: Action) -> Needs:
    """Something that belongs to the owner."""
    return Needs(actions)


def new(*actions: Action) -> Needs:
    """Something that belongs to nobody yet."""
    return Needs(actions, None)


def own(*actions: Action) -> Needs:
    """Something of whoever asks."""
    return Needs(actions, "")


OPEN = None
"""For everybody, signed in or not."""

SIGNED_IN = Needs(())

LOOK = of(Action.LOOK_AT_DEPLOYMENT)
EDIT = Action.SAVE_DRAFT

TABLE: dict[str, Needs | None] = {
    "GET /": new(Action.LIST_APPLICATIONS),
    "GET /applications/{name}": of(Action.LOOK_AT_APPLICATION),
    "POST /applications/{name}/told": of(Action.LOOK_AT_APPLICATION),
    "POST /applications/{name}/form": of(Action.LOOK_AT_APPLICATION),
    "POST /applications/{name}/deploy": of(Action.LOOK_AT_APPLICATION, Action.DEPLOY),
    "POST /applications/{name}/saved": of(Action.LOOK_AT_APPLICATION, Action.SAVE_CONFIGURATION),
    "GET /applications/{name}/saved/{saved}": of(Action.LOOK_AT_APPLICATION),
    "POST /applications/{name}/saved/{saved}/remove": own(Action.SAVE_CONFIGURATION),
    "POST /applications/{name}/publish": of(Action.PUBLISH),
    "POST /applications/{name}/yank": of(Action.YANK),
    "POST /applications/{name}/unyank": of(Action.YANK),
    "POST /applications/{name}/share": of(Action.SHARE_APPLICATION),
    # Of a version that is no draft (any more) everybody hears just that, who may look at it.
    "POST /applications/{name}/discard": of(Action.LOOK_AT_APPLICATION),
    "GET /applications/{name}/edit": of(Action.LOOK_AT_APPLICATION, EDIT),
    "GET /applications/{name}/icon/{digest}": of(Action.LOOK_AT_APPLICATION),
    "GET /applications/{name}/pictures/{version}/{file:path}": of(Action.LOOK_AT_APPLICATION),
    "GET /publish": new(EDIT),
    "POST /publish": new(EDIT),
    "POST /publish/check": new(EDIT),
    "GET /publish/import": new(EDIT),
    "POST /publish/import/{kind}": new(Action.IMPORT),
    "GET /deployments": new(Action.LIST_DEPLOYMENTS),
    "GET /deployments-stream": new(Action.LIST_DEPLOYMENTS),
    "GET /deployments/{name}": LOOK,
    "GET /deployments/{name}/overview/stream": LOOK,
    "GET /deployments/{name}/components/{component}/tail": of(Action.READ_LOGS),
    "GET /deployments/{name}/timeline": LOOK,
    "GET /deployments/{name}/timeline/stream": LOOK,
    "GET /deployments/{name}/logs": LOOK,
    "GET /deployments/{name}/logs/stream": LOOK,
    "GET /deployments/{name}/logs.txt": of(Action.READ_LOGS),
    "GET /deployments/{name}/metrics": LOOK,
    "GET /deployments/{name}/metrics/stream": LOOK,
    "GET /deployments/{name}/events": of(Action.READ_EVENTS),
    "GET /deployments/{name}/events/stream": of(Action.READ_EVENTS),
    "GET /deployments/{name}/configuration": LOOK,
    "GET /deployments/{name}/configuration/stream": LOOK,
    "POST /deployments/{name}/configuration/preview": of(Action.PREVIEW),
    "POST /deployments/{name}/configuration/apply": of(Action.CHANGE),
    "GET /deployments/{name}/open": LOOK,
    "GET /deployments/{name}/open/stream": LOOK,
    "POST /deployments/{name}/enter": LOOK,
    "POST /deployments/{name}/actions": of(Action.CHANGE),
    "POST /deployments/{name}/extension": of(Action.EXTEND),
    "POST /deployments/{name}/reconfigurations/{id}/{verb}": of(Action.STEER),
    "POST /deployments/{name}/components/{component}/transitions/{transition}/{decision}": of(
        Action.DECIDE
    ),
    "GET /reach/{route}": of(Action.REACH),
    "POST /preferences": OPEN,
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "GET /sign-in/provider": OPEN,
    "GET /sign-in/provider/back": OPEN,
    "GET /sign-in/link/{text}": OPEN,
    "POST /sign-in/link/{text}": OPEN,
    "POST /sign-out": OPEN,
    "GET /account": SIGNED_IN,
    "POST /account/details": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "POST /account/sessions/{id}/end": SIGNED_IN,
    "POST /account/tokens": SIGNED_IN,
    "POST /account/tokens/{id}/revoke": SIGNED_IN,
    "GET /admin": SIGNED_IN,
    "GET /admin/users": new(Action.LIST_USERS),
    "POST /admin/users": new(Action.ADD_USER),
    "GET /admin/users/{name}": of(Action.LOOK_AT_USER),
    "POST /admin/users/{name}": of(Action.CHANGE_USER),
    "POST /admin/users/{name}/link": of(Action.CREATE_SIGN_IN_LINK),
    "POST /admin/users/{name}/remove": of(Action.REMOVE_USER),
    "GET /admin/groups": new(Action.LIST_GROUPS),
    "POST /admin/groups": new(Action.ADD_GROUP),
    "GET /admin/groups/{name}": of(Action.LIST_GROUPS),
    "POST /admin/groups/{name}": of(Action.CHANGE_GROUP),
    "POST /admin/groups/{name}/members": of(Action.CHANGE_GROUP),
    "POST /admin/groups/{name}/members/{user}/remove": of(Action.CHANGE_GROUP),
    "POST /admin/groups/{name}/remove": of(Action.REMOVE_GROUP),
    "GET /admin/tokens": new(Action.LIST_USERS),
    "POST /admin/tokens/{id}/revoke": of(Action.REVOKE_TOKEN),
    "GET /admin/quotas": new(Action.CHANGE_QUOTA),
    "POST /admin/quotas": new(Action.CHANGE_QUOTA),
    "POST /admin/quotas/remove": new(Action.CHANGE_QUOTA),
    "GET /admin/audit": new(Action.READ_AUDIT),
    "GET /hosts": new(Action.LIST_HOSTS),
    "POST /hosts": new(Action.CHANGE_HOST),
    "POST /hosts/scan": new(Action.CHANGE_HOST),
    "POST /hosts/{name}/check": new(Action.CHECK_HOST),
    "POST /hosts/{name}/remove": new(Action.CHANGE_HOST),
}


class Visited(Reaching):
    """The use cases, and browsers in which everybody is signed in; a cookie is its user's name.

    What all pages of a deployment look at first is answered, and so is what a stream asks for: it
    has begun by then, and cannot tell of a conflict.
    """

    does_all = False

    def __getattr__(self, name: str) -> Any:
        if self.does_all or name == "deployment":
            return getattr(self._control, name)
        return super().__getattr__(name)

    async def session(self, text: str) -> Session | None:
        caller = self._callers.get(text)
        if caller is None:
            return None
        now = datetime.now(UTC)
        record = SessionRecord(
            id=f"s-{text}",
            digest="",
            user=caller.user,
            via="password",
            address="192.0.2.7",
            browser="",
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=1),
        )
        return Session(record=record, caller=caller)

    async def ticks(self, deployment: str | None) -> AsyncIterator[int]:
        """Nothing happens: a stream that is let through ends at once."""
        nothing: tuple[int, ...] = ()
        for each in nothing:
            yield each

    async def provider_label(self) -> str | None:
        return None


def callers() -> Iterator[Caller]:
    """Each role as the owner, as a reader and as a stranger."""
    for role, user in itertools.product(Role, USERS):
        yield Caller(user=user, role=role, via=f"{role}-{user}")


def pages() -> list[str]:
    """All pages and forms that there are: method and path."""
    return [
        f"{method} {each.path}"
        for routes in PAGES
        for each in routes
        if isinstance(each, Route)
        for method in sorted((each.methods or set()) - {"HEAD"})
    ]


FORMS = [each for each in TABLE if each.startswith("POST ")]


def expected(needs: Needs | None, caller: Caller) -> bool:
    """What the table says."""
    if needs is None:
        return True
    whose = caller.user if needs.whose == "" else needs.whose
    return all(
        policy.is_allowed(
            caller,
            each,
            # What is deployed or saved is the caller's; the application is its owner's.
            owner=None if each in (Action.DEPLOY, Action.SAVE_CONFIGURATION) else whose,
            readers=[f"user:{READER}"],
        )
        for each in needs.actions
    )


REFUSED = {False: (403, 404)}
"""What answers whoever is not let through: 404 to those who may not know that a thing is there."""


class Browser:
    """Asks for pages with the cookie of somebody, and forms with their token or without."""

    def __init__(self, control: Visited) -> None:
        use_cases = cast(UseCases, control)
        site = site_for(use_cases, Address(None, names=["ripieno.test"]))
        app = create_app(use_cases, site=site)
        self._control = control
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)

    async def ask(
        self,
        page: str,
        session: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        part: str = "",
        text: str = "",
        query: str = "",
    ) -> httpx.Response:
        """The answer. `part` and `text` are in the place of what is in the path and the form."""
        method, _, path = page.partition(" ")
        head = re.sub("^/(admin/|account/)?", "", path).partition("/")[0]
        known = {**PARTS, "name": NAMES.get(head, "")}
        if head == "tokens":
            known["id"] = "t-1"
        for name, usual in known.items():
            path = path.replace(f"{{{name}}}", quote(part, safe="") or usual)
        said = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
        if session:
            said["Cookie"] = f"{cookie.SESSION}={session}"
            said["X-CSRF-Token"] = csrf_token(session)
        said |= headers or {}
        sent = {} if method == "GET" else dict(FIELDS.get(head, {}))
        if text:
            sent = dict.fromkeys(sent, text)
        return await self.http.request(method, f"{path}?{query}", data=sent, headers=said)

    async def gets_in(self, page: str, session: str) -> bool:
        """Whether somebody is let through to what a page does."""
        self._control.does_all = page.endswith("stream")
        answer = await self.ask(page, session)
        assert answer.status_code not in (400, 405, 413, 415, 500), f"{page}: {words(answer.text)}"
        to_sign_in = answer.headers.get("location", "").startswith("/sign-in")
        is_refused = answer.status_code in REFUSED.get(TABLE[page] is OPEN, ())
        return not (is_refused or to_sign_in or "event: gone" in answer.text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> Browser:
    """One for all tests: nothing is done, so nothing changes."""
    return Browser(Visited(await everything(), {each.via: each for each in callers()}))


def test_every_page_and_form_is_in_the_table() -> None:
    assert sorted(pages()) == sorted(TABLE)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("page", TABLE)
async def test_who_gets_in_is_what_the_table_says(browser: Browser, page: str) -> None:
    needs = TABLE[page]
    assert await browser.gets_in(page, "") == (needs is OPEN)
    everybody = list(callers())
    # All at once: streams take their time.
    found = await asyncio.gather(*(browser.gets_in(page, each.via) for each in everybody))
    wrong = [
        f"{caller.via}: {gets_in}, not {not gets_in}"
        for caller, gets_in in zip(everybody, found, strict=True)
        if gets_in != expected(needs, caller)
    ]
    assert wrong == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("page", FORMS)
async def test_no_form_is_taken_from_another_site_or_another_session(
    browser: Browser, page: str
) -> None:
    admin = f"{Role.ADMIN}-{OWNER}"
    for headers, because in (
        ({"X-CSRF-Token": ""}, "This page was open for too long"),
        ({"X-CSRF-Token": csrf_token("another session")}, "This page was open for too long"),
        ({"Origin": "http://evil.test"}, "This was sent by another site"),
        ({"Sec-Fetch-Site": "cross-site"}, "This was sent by another site"),
        ({"Origin": "null"}, "This was sent by another site"),
    ):
        answer = await browser.ask(page, admin, headers=headers)
        assert answer.status_code == 403, headers
        assert because in answer.text


@pytest.mark.parametrize("payload", [PAYLOADS[0], PAYLOADS[4]])
async def test_nothing_that_is_asked_for_runs_in_the_answer(payload: str) -> None:
    """Every page and form, with such a text in every part of its path, its query and its fields."""
    control = Visited(await everything(), {"admin": Caller(user=OWNER, role=Role.ADMIN)})
    control.does_all = True
    browser = Browser(control)
    asked = "q owner after of version route to next component replica kind user saved error before"
    query = urlencode(dict.fromkeys(asked.split(), payload))
    answers = []
    for page in (each for each in TABLE if not each.endswith("stream")):
        for part in (payload.replace("/", ""), ""):
            answers.append(await browser.ask(page, "admin", text=payload, part=part, query=query))
    assert [each.url for each in answers if intruders(each.text)] == []
    # The texts really are shown.
    assert sum("onerror" in each.text or "onmouseover" in each.text for each in answers) > 60
