"""Pages of administrators: users, groups, tokens, the audit trail; and who is kept out of them."""

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import quote

import pytest
import pytest_asyncio
from starlette.routing import Route

from ripieno.control.attempts import Attempts
from ripieno.control.errors import NotFound
from ripieno.model.access import Role, Scope
from ripieno.ui.pages import (
    admin_audit,
    admin_groups,
    admin_quotas,
    admin_tokens,
    admin_users,
    hosts,
)
from ripieno.ui.site import Site
from tests.ui_rig import PAYLOADS, intruders, words
from tests.visitors import House, Visitor
from tests.visitors import house as opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with opened(tmp_path_factory.mktemp("house")) as found:
        await found.add("alice", Role.PUBLISHER)
        await found.add("bob", Role.VIEWER)
        yield found


@pytest.fixture
def house(one_house: House) -> House:
    one_house.control._attempts = Attempts()
    return one_house


@pytest_asyncio.fixture(loop_scope="module")
async def admin(house: House) -> Visitor:
    return await house.signed_in("admin")


async def test_user_is_made_and_comes_in_by_the_link(house: House, admin: Visitor) -> None:
    token = await admin.token("/admin/users")
    made = await admin.post(
        "/admin/users",
        {"name": "carol", "role": "deployer", "display_name": "Carol", "email": "c@example.org"},
        token=token,
    )
    assert made.headers["location"] == "/admin/users/carol?saved=new"
    shown = await admin.post("/admin/users/carol/link", token=token)
    link = re.search(r"<code>(http://ripieno\.test/sign-in/link/[\w-]{43})</code>", shown.text)
    assert link is not None
    carol = house.visitor()
    entered = await carol.post(link[1].removeprefix("http://ripieno.test"))
    assert entered.headers["location"] == "/account?first=1"
    assert link[1] not in (await admin.get("/admin/users/carol")).text


@pytest.mark.parametrize("name", ["", "Admin", "a b", "admin", "me", "x" * 64, "../x", "<b>"])
async def test_user_with_an_impossible_name_is_refused_beside_the_form(
    admin: Visitor, name: str
) -> None:
    fields = {"name": name, "role": "viewer", "display_name": "Kept as it was"}
    refused = await admin.post("/admin/users", fields, token=await admin.token())
    assert refused.status_code == 422
    assert 'class="note bad"' in refused.text
    assert "Kept as it was" in refused.text
    assert not intruders(refused.text)


async def test_user_is_changed_and_disabled(house: House, admin: Visitor) -> None:
    await house.add("dave")
    dave = await house.signed_in("dave")
    token = await admin.token()
    await admin.post("/admin/users/dave", {"role": "publisher"}, token=token)
    assert (await house.control.user("dave")).role is Role.PUBLISHER
    assert (await dave.get("/account")).status_code == 200
    await admin.post("/admin/users/dave", {"role": "viewer", "is_disabled": "on"}, token=token)
    assert (await dave.get("/account")).status_code == 303
    page = await admin.get("/admin/users/dave")
    assert "This user is disabled" in words(page.text)
    await admin.post("/admin/users/dave/remove", {"to": ""}, token=token)
    with pytest.raises(NotFound):
        await house.control.user("dave")


async def test_last_administrator_stays_one(house: House, admin: Visitor) -> None:
    refused = await admin.post("/admin/users/admin", {"role": "viewer"}, token=await admin.token())
    assert refused.status_code == 422
    assert "admin is the only administrator" in words(refused.text)
    assert (await house.control.user("admin")).role is Role.ADMIN


async def test_users_come_a_page_at_a_time(house: House, admin: Visitor) -> None:
    for number in range(admin_users.PAGE):
        await house.add(f"many-{number:03}", Role.VIEWER, password=None)
    found: list[str] = []
    path: str | None = "/admin/users"
    while path is not None:
        page = (await admin.get(path)).text
        found += re.findall(r'<a href="/admin/users/([\w-]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(following[1]) if following else None
    users, _ = await house.control.users(after=None, limit=500)
    assert found == [each.name for each in users]


async def test_group_is_managed_by_those_who_may(house: House, admin: Visitor) -> None:
    token = await admin.token()
    made = await admin.post(
        "/admin/groups", {"name": "neuro", "description": "Third floor"}, token=token
    )
    assert made.headers["location"] == "/admin/groups/neuro"
    for fields in ({"user": "alice", "is_manager": "on"}, {"user": "bob"}):
        await admin.post("/admin/groups/neuro/members", fields, token=token)
    refused = await admin.post("/admin/groups/neuro/members", {"user": "nobody"}, token=token)
    assert refused.status_code == 422
    assert "there is no user &#39;nobody&#39;" in words(refused.text)

    alice = await house.signed_in("alice")
    page = await alice.get("/admin/groups/neuro")
    assert "Put into the group" in page.text and "Remove neuro" not in page.text
    mine = await alice.token()
    await alice.post("/admin/groups/neuro/members/bob/remove", token=mine)
    assert [each.user for each in (await house.control.group("neuro")).members] == ["alice"]
    assert (await alice.post("/admin/groups/neuro/remove", token=mine)).status_code == 403

    bob = await house.signed_in("bob")
    page = await bob.get("/admin/groups/neuro")
    assert page.status_code == 200 and "Put into the group" not in page.text
    joined = await bob.post("/admin/groups/neuro/members", {"user": "bob"}, token=await bob.token())
    assert joined.status_code == 403
    await admin.post("/admin/groups/neuro/remove", token=token)
    assert await house.control.groups() == []


async def test_token_is_made_shown_once_and_revoked(house: House, admin: Visitor) -> None:
    alice = await house.signed_in("alice")
    mine = await alice.token()
    made = await alice.client.post(
        "/account/tokens",
        data={"name": "laptop", "days": "7", "scope": ["read", "deploy"], "csrf_token": mine},
        headers={"Origin": alice.base},
    )
    text = re.search(r"<code>(rip_[\w-]+)</code>", made.text)
    assert text is not None and made.headers["cache-control"] == "no-store"
    caller = await house.control.authenticate(text[1])
    assert (caller.user, caller.scopes) == ("alice", frozenset({Scope.READ, Scope.DEPLOY}))
    page = await admin.get("/admin/tokens?user=alice")
    assert "laptop" in words(page.text) and text[1] not in page.text
    (record,) = [each for each in await house.control.tokens(user="alice")]
    bob = await house.signed_in("bob")
    taken = await bob.post(f"/account/tokens/{record.id}/revoke", token=await bob.token())
    assert taken.status_code in (403, 422)
    assert (await house.control.token(record.id)).revoked_at is None
    await admin.post(f"/admin/tokens/{record.id}/revoke", token=await admin.token())
    assert "laptop" not in words((await admin.get("/admin/tokens?user=alice")).text)
    assert "revoked" in words((await admin.get("/admin/tokens?user=alice&ended=on")).text)


@pytest.mark.parametrize("scopes", [[], ["god"], ["admin", "read", "x"]])
async def test_token_with_impossible_scopes_is_refused(house: House, scopes: list[str]) -> None:
    alice = await house.signed_in("alice")
    refused = await alice.client.post(
        "/account/tokens",
        data={"name": "x", "days": "7", "scope": scopes, "csrf_token": await alice.token()},
        headers={"Origin": alice.base},
    )
    assert refused.status_code == 422


async def test_audit_trail_is_searched(house: House, admin: Visitor) -> None:
    await admin.post("/admin/groups", {"name": "audited"}, token=await admin.token())
    await house.visitor().sign_in("alice", "guessed")
    await house.control._trail.flush()
    for query, expected in (
        ("thing=audited", ["group.add"]),
        ("user=alice&result=refused&action=session", ["session.begin"]),
        ("thing=audited&since=2020-01-01&until=2020-01-02", []),
        ("thing=%25", []),
    ):
        page = (await admin.get(f"/admin/audit?{query}")).text
        assert re.findall(r"<code>([a-z-]+\.[a-z-]+)</code>", page) == expected, query
    part = await admin.get("/admin/audit?thing=audited", **{"HX-Request": "true"})
    assert "<html" not in part.text and "group.add" in part.text
    assert (await admin.get("/admin/audit?since=yesterday")).status_code == 422
    assert (await admin.get("/admin/audit?after=nonsense")).status_code == 422


async def test_audit_trail_comes_a_page_at_a_time(house: House, admin: Visitor) -> None:
    token = await admin.token()
    for number in range(admin_audit.PAGE + 5):
        await admin.post("/admin/groups/none/remove", {"n": str(number)}, token=token)
    await house.control._trail.flush()
    path, found = "/admin/audit?thing=group+none", 0
    while path:
        page = (await admin.get(path)).text
        found += page.count("<code>group.remove</code>")
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(following[1]) if following else ""
    assert found == admin_audit.PAGE + 5


async def test_quota_is_set_shown_and_removed(house: House, admin: Visitor) -> None:
    token = await admin.token()
    limits = {"subject": "user:alice", "deployments": "3", "cpus": "2,5", "memory_mib": ""}
    await admin.post("/admin/quotas", limits, token=token)
    page = words((await admin.get("/admin/quotas?subject=user%3Aalice")).text)
    assert "user:alice 0 of 3 0 of 2.5 0 B of any" in page
    alice = await house.signed_in("alice")
    assert "0 of 3 deployments, 0 of 2.5 cpus" in words((await alice.get("/account")).text)
    for name, text in (
        ("cpus", "many"),
        ("cpus", "nan"),
        ("cpus", "inf"),
        ("deployments", "-1"),
        ("deployments", "1.5"),
        ("memory_mib", "9" * 30),
        ("subject", "alice"),
        ("subject", "user:nobody"),
    ):
        refused = await admin.post("/admin/quotas", {**limits, name: text}, token=token)
        assert refused.status_code == 422, (name, text)
    await admin.post("/admin/quotas/remove", {"subject": "user:alice"}, token=token)
    assert "There are no quotas" in words((await admin.get("/admin/quotas")).text)


FOR_ADMINS = [
    route
    for page in (admin_users, admin_groups, admin_tokens, admin_quotas, admin_audit, hosts)
    for route in page.ROUTES
]
FOR_ALL = {"/admin", "/admin/groups", "/admin/groups/{name}", "/hosts"}
"""Who looks at these may be anybody who is signed in."""


@pytest.mark.parametrize(
    "route", FOR_ADMINS, ids=lambda route: f"{min(route.methods)} {route.path}"
)
async def test_pages_of_administrators_are_for_nobody_else(house: House, route: Route) -> None:
    method = "POST" if route.methods and "POST" in route.methods else "GET"
    is_for_all = method == "GET" and route.path in FOR_ALL
    await _group(house)
    path = route.path.replace("{name}", "theirs" if "group" in route.path else "admin")
    path = path.replace("{id}", (await house.control.tokens(user="admin"))[0].id)
    path = path.replace("{user}", "admin")
    if route.path == "/hosts/{name}/check":  # Deployers may look; see the policy.
        path, is_for_all = "/hosts/local/check", False
    stranger = house.visitor()
    asked = {"name": "mallory", "role": "admin", "user": "bob", "address": "x", "directory": "/x"}
    asked["fingerprint"] = "SHA256:x"
    if method == "GET":
        sent = await stranger.get(path)
        assert sent.headers["location"].startswith("/sign-in")
    else:
        sent = await stranger.post(path, asked)
        assert sent.headers["location"] == "/sign-in"
    bob = await house.signed_in("bob")
    if method == "GET":
        answer = await bob.get(path)
    else:
        answer = await bob.post(path, asked, token=await bob.token())
    assert (answer.status_code in (200, 303)) == is_for_all, words(answer.text)
    if not is_for_all:
        assert answer.status_code == 403
        assert "You may not do this" in words(answer.text)


async def _group(house: House) -> None:
    if "theirs" not in {each.name for each in await house.control.groups()}:
        await house.control.add_group("theirs", caller="admin")
        await house.control.put_member("theirs", "admin", is_manager=True, caller="admin")


async def test_every_page_below_admin_is_in_the_test_above() -> None:
    app = Site(lambda error: None).app
    there = {each.path for each in app.routes if isinstance(each, Route)}
    tested = {each.path for each in FOR_ADMINS}
    assert {each for each in there if each.startswith(("/admin", "/hosts"))} <= tested


async def test_texts_of_people_never_run_in_a_page(house: House, admin: Visitor) -> None:
    """Every text that somebody can choose, in every page that shows it."""
    token = await admin.token()
    seen = 0
    for number, text in enumerate(PAYLOADS):
        name = f"intruder-{number}"
        await house.add(name, Role.VIEWER)
        await house.control.change_user(name, display_name=text[:200], caller="admin")
        await house.control.add_group(f"odd-{number}", description=text, caller="admin")
        mallory = house.visitor()
        await mallory.sign_in(name, **{"User-Agent": text.replace("\n", " ")})
        mine = await mallory.token()
        answers = [
            await mallory.get("/account"),
            await mallory.post(
                "/account/details", {"display_name": text, "email": text}, token=mine
            ),
            await mallory.post("/account/tokens", {"name": text, "days": "7"}, token=mine),
            await house.visitor().get(f"/sign-in?next=/{quote(text)}"),
            await house.visitor().sign_in(text, "guessed", following="/" + text),
            await house.visitor().get(f"/sign-in/link/{quote(text, safe='')}"),
            await admin.get("/admin/users"),
            await admin.get(f"/admin/users/{name}"),
            await admin.get(f"/admin/users/{quote(text, safe='')}"),
            await admin.get("/admin/groups"),
            await admin.get(f"/admin/groups/odd-{number}"),
            await admin.post("/admin/users", {"name": text, "role": text}, token=token),
            await admin.post("/admin/groups", {"name": text, "description": text}, token=token),
            await admin.post(f"/admin/groups/odd-{number}/members", {"user": text}, token=token),
            await admin.post("/admin/quotas", {"subject": text, "cpus": text}, token=token),
            await admin.get(f"/admin/tokens?user={quote(text)}"),
            await admin.get(f"/admin/audit?thing={quote(text)}&user={quote(text)}"),
            await admin.get(f"/admin/audit?since={quote(text)}"),
            await admin.post("/hosts/scan", {"name": text, "address": text}, token=token),
            await admin.post(f"/hosts/{quote(text, safe='')}/remove", token=token),
            await admin.get(f"/{quote(text)}"),
        ]
        await house.control._trail.flush()
        answers.append(await admin.get("/admin/audit"))
        for answer in answers:
            assert not intruders(answer.text), answer.url
            assert text not in answer.text or "<" not in text, answer.url
            seen += "intruder" in answer.text or "alert(1)" in answer.text
    assert seen > 5 * len(PAYLOADS)  # The texts really are shown.
