"""Signing in with a browser, and what keeps others from doing it for one."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from ripieno.control.attempts import Attempts
from ripieno.model.access import Role
from tests.accounts import PASSWORD
from tests.ui_rig import words
from tests.visitors import HOST, House, Visitor
from tests.visitors import house as opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with opened(tmp_path_factory.mktemp("house")) as found:
        await found.add("alice")
        yield found


@pytest.fixture
def house(one_house: House) -> House:
    """A house in which nobody has tried to come in yet."""
    one_house.control._attempts = Attempts()
    return one_house


async def is_in(visitor: Visitor, name: str) -> bool:
    page = await visitor.get("/account")
    return page.status_code == 200 and name in words(page.text)


async def test_stranger_signs_in_and_goes_on_to_where_they_wanted_to_be(house: House) -> None:
    visitor = house.visitor()
    sent = await visitor.get("/account?saved=details")
    assert sent.status_code == 303
    form = await visitor.get(sent.headers["location"])
    following = re.search(r'name="next" value="([^"]*)"', form.text)
    assert following is not None and following[1] == "/account?saved=details"
    entered = await visitor.sign_in("alice", following=following[1])
    assert (entered.status_code, entered.headers["location"]) == (303, "/account?saved=details")
    assert await is_in(visitor, "alice")
    again = await visitor.get("/sign-in?next=/hosts")
    assert (again.status_code, again.headers["location"]) == (303, "/hosts")


async def test_name_and_password_may_be_of_anybody(house: House) -> None:
    """Whoever asks learns nothing of who there is."""
    answers = []
    for user, password in (("alice", "wrong"), ("nobody", PASSWORD), ("admin", "x")):
        refused = await house.visitor().sign_in(user, password)
        page = words(refused.text.replace(f'value="{user}"', ""))
        answers.append((refused.status_code, page, refused.headers.get_list("set-cookie")))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 422
    assert "The name or the password is not right" in answers[0][1]


async def test_who_guesses_is_told_to_wait(house: House) -> None:
    visitor = house.visitor()
    for _ in range(30):
        refused = await visitor.sign_in("alice", "guessed")
        if refused.status_code == 429:
            break
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "Too many attempts. Wait" in words(refused.text)
    other = house.visitor(address="198.51.100.9")
    assert (await other.sign_in("admin")).status_code == 303


async def test_cookie_over_plain_http(house: House) -> None:
    entered = await house.visitor().sign_in("alice")
    session, browser = entered.headers.get_list("set-cookie")
    assert re.fullmatch(r"ripieno_session=[\w-]{43}; HttpOnly; Path=/; SameSite=lax", session)
    assert re.fullmatch(
        r"ripieno_browser=[\w-]{43}; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax", browser
    )


async def test_cookie_over_https(tmp_path: Path) -> None:
    async with opened(tmp_path, public_url="https://ripieno.example.org") as house:
        visitor = house.visitor(base="https://ripieno.example.org")
        # A proxy has taken the TLS off, and told nobody.
        entered = await visitor.sign_in("admin", following="/account")
        for said in entered.headers.get_list("set-cookie"):
            assert said.startswith("__Host-ripieno_")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(said.split("; "))
            assert "Domain" not in said
        assert await is_in(visitor, "admin")
        # What an application on plain HTTP has put beside it counts for nothing.
        stolen = {"Cookie": f"ripieno_session={visitor.cookies['__Host-ripieno_session']}"}
        other = house.visitor(base="https://ripieno.example.org")
        assert (await other.get("/account", **stolen)).status_code == 303


async def test_session_is_not_one_that_was_there_before(house: House) -> None:
    attacker = await house.signed_in("alice")
    planted = attacker.cookies["ripieno_session"]
    victim = house.visitor()
    victim.client.cookies.set("ripieno_session", planted, domain=HOST, path="/")
    token = await victim.token()
    entered = await victim.post("/sign-in", {"user": "admin", "password": PASSWORD}, token=token)
    assert entered.status_code == 303
    assert planted not in victim.cookies.values()
    assert await is_in(victim, "admin")
    # The one that was planted has ended.
    assert (await attacker.get("/account")).status_code == 303


async def test_cookie_that_nobody_gave_out_is_not_taken_up(house: House) -> None:
    visitor = house.visitor()
    visitor.client.cookies.set("ripieno_session", "x" * 43, domain=HOST, path="/")
    await visitor.sign_in("alice")
    assert "x" * 43 not in visitor.cookies.values()


async def test_cookie_that_was_put_beside_ours_locks_nobody_out(house: House) -> None:
    text = (await house.signed_in("alice")).cookies["ripieno_session"]
    planted = "x" * 43
    other = house.visitor()
    for both in ((planted, text), (text, planted), (text, text)):
        cookies = "; ".join(f"ripieno_session={each}" for each in both)
        assert (await other.get("/account", Cookie=cookies)).status_code == 200
    cookies = "; ".join(f"ripieno_session={each}" for each in (*([planted] * 8), text))
    assert (await other.get("/account", Cookie=cookies)).status_code == 303


async def test_cookies_of_two_people_let_nobody_in(house: House) -> None:
    await house.add("mallory")
    texts = [
        (await house.signed_in(name)).cookies["ripieno_session"] for name in ("alice", "mallory")
    ]
    for both in (texts, texts[::-1]):
        cookies = "; ".join(f"ripieno_session={each}" for each in both)
        assert (await house.visitor().get("/account", Cookie=cookies)).status_code == 303


async def test_session_ends_when_its_user_leaves(house: House) -> None:
    visitor = await house.signed_in("alice")
    text = visitor.cookies["ripieno_session"]
    token = await visitor.token()
    left = await visitor.post("/sign-out", token=token)
    assert left.status_code == 200
    assert "You are signed out" in words(left.text)
    assert "ripieno_session" not in visitor.cookies
    kept = house.visitor()
    assert (await kept.get("/account", Cookie=f"ripieno_session={text}")).status_code == 303


EVIL = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "javascript:alert(1)",
    "http:evil.example",
    "evil.example",
    "/%0d%0aSet-Cookie:x=1\r\nX: y",
    "/ /evil.example",
    "/x\0",
    "/" + "x" * 5000,
    "",
]


@pytest.mark.parametrize("following", EVIL)
async def test_nobody_is_led_away_after_signing_in(house: House, following: str) -> None:
    visitor = house.visitor()
    form = await visitor.get(f"/sign-in?next={quote(following)}")
    assert 'name="next" value="/"' in form.text
    entered = await visitor.sign_in("alice", following=following)
    assert entered.headers["location"] == "/"
    again = await visitor.get(f"/sign-in?next={quote(following)}")
    assert again.headers["location"] == "/"


async def test_form_of_another_site_is_refused(house: House) -> None:
    for headers in (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"http://app.{HOST}", "Sec-Fetch-Site": "same-site"},
        {"Origin": f"http://{HOST}:8643"},
        {"Origin": f"https://{HOST}", "Sec-Fetch-Site": ""},
        {"Origin": "null", "Sec-Fetch-Site": ""},
        {"Origin": "", "Sec-Fetch-Site": ""},
        {"Origin": "", "Sec-Fetch-Site": "", "Referer": "https://evil.example/x"},
        {"Origin": "", "Sec-Fetch-Site": "", "Referer": f"http://{HOST}.evil.example/"},
        {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "cross-site"},
    ):
        visitor = house.visitor()
        refused = await visitor.sign_in("alice", **headers)
        assert refused.status_code == 403, headers
        assert "This was sent by another site" in words(refused.text)
        assert not visitor.cookies


async def test_browser_that_says_only_where_it_comes_from_is_believed(house: House) -> None:
    headers = {"Origin": "", "Sec-Fetch-Site": "", "Referer": f"http://{HOST}/sign-in"}
    assert (await house.visitor().sign_in("alice", **headers)).status_code == 303


UNSAFE = ("/sign-out", "/preferences", "/account/password", "/account/sessions/s-1/end")


@pytest.mark.parametrize("path", UNSAFE)
@pytest.mark.parametrize("shown", ["none", "wrong", "of another session", "of another user"])
async def test_form_without_the_token_of_the_session_is_refused(
    house: House, path: str, shown: str
) -> None:
    visitor = await house.signed_in("alice")
    token = {
        "none": None,
        "wrong": "x" * 43,
        "of another session": await (await house.signed_in("alice")).token(),
        "of another user": await (await house.signed_in("admin")).token(),
    }[shown]
    refused = await visitor.post(path, {"back": "/"}, token=token)
    assert refused.status_code == 403
    assert "This page was open for too long" in words(refused.text)
    assert await is_in(visitor, "alice")


async def test_token_may_be_in_a_header_or_a_form_of_either_kind(house: House) -> None:
    visitor = await house.signed_in("alice")
    token = await visitor.token()
    own = {"Origin": visitor.base}
    choice = {"back": "/", "theme": "dark"}
    sent = [
        await visitor.client.post(
            "/preferences", data=choice, headers=own | {"X-CSRF-Token": token}
        ),
        await visitor.client.post("/preferences", data=choice | {"csrf_token": token}, headers=own),
        await visitor.client.post(
            "/preferences",
            data=choice | {"csrf_token": token},
            files={"file": ("x.txt", b"x" * 100_000)},
            headers=own,
        ),
    ]
    assert [each.status_code for each in sent[:2]] == [303, 303]
    assert "too long" not in words(sent[2].text)
    for media_type in ("text/plain", "application/json"):
        refused = await visitor.client.post(
            "/preferences",
            content=f"csrf_token={token}",
            headers=own | {"Content-Type": media_type},
        )
        assert refused.status_code == 403


async def test_every_method_that_changes_something_is_looked_at(house: House) -> None:
    visitor = await house.signed_in("alice")
    for method in ("POST", "PUT", "PATCH", "DELETE", "FROB"):
        refused = await visitor.client.request(
            method, "/preferences", headers={"Origin": "https://evil.example"}
        )
        assert refused.status_code == 403, method


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"{HOST}.evil.example", f"evil.example#{HOST}", f"{HOST}@evil.example", ""],
)
async def test_server_answers_to_its_own_names_only(house: House, host: str) -> None:
    for path in ("/sign-in", "/", "/sign-in/provider"):
        answer = await house.visitor().client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert not answer.headers.get("location")


@pytest.mark.parametrize("host", [HOST, f"{HOST}:8642", "127.0.0.1:8642", "[::1]:8642", HOST + "."])
async def test_server_answers_to_all_its_names(house: House, host: str) -> None:
    answer = await house.visitor().client.get("/sign-in", headers={"Host": host})
    assert answer.status_code == 200


async def test_api_takes_no_cookie(house: House) -> None:
    visitor = await house.signed_in("admin")
    for headers in ({}, {"X-CSRF-Token": await visitor.token()}):
        for method, path in (("GET", "/api/v1/deployments"), ("POST", "/api/v1/tokens")):
            answer = await visitor.client.request(
                method, path, headers={"Origin": visitor.base, **headers}, json={"name": "x"}
            )
            assert answer.status_code == 401


async def test_link_lets_in_by_its_form_once(house: House) -> None:
    text, _ = await house.control.create_sign_in_link("alice", caller="admin")
    path = f"/sign-in/link/{text}"
    visitor = house.visitor()
    for _ in range(2):  # Looking at it does not use it up.
        shown = await visitor.get(path)
        assert "Sign in as alice" in words(shown.text)
    entered = await visitor.post(path)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert await is_in(visitor, "alice")
    other = house.visitor()
    for answer in (await other.get(path), await other.post(path)):
        assert answer.status_code == 403
        assert "This link is not good" in words(answer.text)
    assert not other.cookies


async def test_link_sends_itself_only_if_it_was_opened_from_outside(house: House) -> None:
    text, _ = await house.control.create_sign_in_link("alice", caller="admin")
    path = f"/sign-in/link/{text}"
    assert "data-sends-itself" in (await house.visitor().get(path)).text
    for site in ("cross-site", "same-site", "same-origin"):
        shown = await house.visitor().get(path, **{"Sec-Fetch-Site": site})
        assert "data-sends-itself" not in shown.text
    other = await house.signed_in("admin")
    shown = await other.get(path)
    assert "data-sends-itself" not in shown.text
    assert "You are signed in as admin, and will be signed out." in words(shown.text)


async def test_who_is_invited_chooses_a_password(house: House) -> None:
    await house.add("newcomer", Role.VIEWER, password=None)
    text, _ = await house.control.create_sign_in_link("newcomer", caller="admin")
    visitor = house.visitor()
    entered = await visitor.post(f"/sign-in/link/{text}")
    assert entered.headers["location"] == "/account?first=1"
    page = await visitor.get("/account?first=1")
    assert "Present password" not in words(page.text)
    token = await visitor.token()
    before = visitor.cookies["ripieno_session"]
    chosen = {"new": "a password of my own", "again": "a password of my own"}
    changed = await visitor.post("/account/password", chosen, token=token)
    assert changed.status_code == 303, words(changed.text)
    assert visitor.cookies["ripieno_session"] != before
    assert await is_in(visitor, "newcomer")
    assert (await house.visitor().sign_in("newcomer", "a password of my own")).status_code == 303


async def test_links_begin_with_the_public_address_whatever_host_was_asked(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, public_url="https://ripieno.example.org") as house:
        token = (tmp_path / "admin.token").read_text().strip()  # one small file
        transport = httpx.ASGITransport(app=house.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            for host in ("evil.example", "127.0.0.1:8642"):
                answer = await http.post(
                    "/api/v1/sign-in-links",
                    json={},
                    headers={
                        "Authorization": f"Bearer {token}",
                        "Host": host,
                        "X-Forwarded-Host": "evil.example",
                        "Forwarded": "host=evil.example",
                    },
                )
                made = answer.json()
                assert made["url"] == f"https://ripieno.example.org{made['path']}"
                assert answer.headers["cache-control"] == "no-store"
