"""Signing in by the word of a provider, which is held to all that makes its word good."""

import asyncio
import base64
import hmac
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
import pytest_asyncio

from ripieno.control.host_views import Finding
from ripieno.control.service import Control
from ripieno.identity import flow as flows
from ripieno.identity import settings
from ripieno.identity.base import Identity
from ripieno.identity.errors import IdentityRefused
from ripieno.identity.provider import Provider
from ripieno.model.access import Role
from tests.accounts import PASSWORD
from tests.identity_provider import CLIENT, SECRET, Claims, TestProvider, new_key, provider_running
from tests.ui_rig import words
from tests.visitors import HOST, House, Visitor
from tests.visitors import house as opened

PATIENCE_S = 60


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_provider() -> AsyncIterator[TestProvider]:
    async with provider_running() as found:
        yield found


@pytest.fixture
def provider(one_provider: TestProvider) -> TestProvider:
    """A provider that does as it should, until a test says otherwise."""
    vars(one_provider).update(
        {
            name: value
            for name, value in vars(TestProvider(one_provider.issuer)).items()
            if name not in ("app", "_codes")
        }
    )
    return one_provider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def house(one_house: House) -> AsyncIterator[House]:
    """A house with nobody but the administrator."""
    yield one_house
    control = one_house.control
    await control.change_user("admin", role=Role.ADMIN, caller="admin")
    for user in (await control.users(after=None, limit=100))[0]:
        if user.name != "admin":
            await control.remove_user(user.name, to=None, caller="admin")
    for group in await control.groups():
        await control.remove_group(group.name, caller="admin")


def settings_file(folder: Path, issuer: str, *lines: str) -> Path:
    """A file for `--oidc`, with the client's secret beside it."""
    secret = folder / "client.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    path = folder / "oidc.toml"
    own = (
        f'issuer = "{issuer}"',
        f'client_id = "{CLIENT}"',
        'client_secret_file = "client.secret"',
        'label = "the lab"',
    )
    path.write_text("\n".join((*own, *lines)))
    return path


class Use(Protocol):
    """Has people sign in by the provider, with some more lines of settings."""

    def __call__(self, *lines: str) -> Provider: ...


@pytest_asyncio.fixture(loop_scope="module")
async def use(one_house: House, provider: TestProvider, tmp_path: Path) -> AsyncIterator[Use]:
    used: list[Provider] = []

    def begin(*lines: str) -> Provider:
        used.append(Provider(settings.read(settings_file(tmp_path, provider.issuer, *lines))))
        one_house.control._provider = used[-1]
        return used[-1]

    yield begin
    one_house.control._provider = None
    for each in used:
        await each.close()


async def ask(visitor: Visitor, provider_address: str | None = None) -> str:
    """Go to the provider, which sends back at once; the path that the browser is sent to."""
    sent = await visitor.get("/sign-in/provider?next=/account")
    assert sent.status_code == 303, words(sent.text)
    async with httpx.AsyncClient(timeout=60) as elsewhere:
        back = await elsewhere.get(sent.headers["location"])
    parts = urlsplit(back.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}" == visitor.base
    return f"{parts.path}?{parts.query}"


async def come(house: House) -> tuple[Visitor, httpx.Response]:
    """Somebody signs in by the provider."""
    visitor = house.visitor()
    path = await ask(visitor)
    return visitor, await visitor.get(path, **{"Sec-Fetch-Site": "cross-site"})


async def refused(house: House, because: str) -> None:
    """Nobody comes in, and the page says why."""
    visitor, answer = await come(house)
    assert answer.status_code == 403, answer.headers.get("location")
    assert "You could not be signed in." in words(answer.text)
    assert because in words(answer.text)
    assert (await visitor.get("/account")).status_code == 303
    assert "ripieno_flow" not in visitor.cookies


async def identity(client: Provider) -> Identity:
    """Who the provider says that somebody is, without any page."""
    flow, back = flows.begin(), f"http://{HOST}/back"
    async with httpx.AsyncClient(timeout=60) as browser:
        answer = await browser.get(await client.address(flow, back=back))
    query = urlsplit(answer.headers["location"]).query
    return await client.identity(flow, dict(parse_qsl(query)), back=back)


async def test_first_sign_in_makes_an_account_and_later_ones_find_it(
    house: House, provider: TestProvider, use: Use
) -> None:
    use('default_role = "deployer"')
    form = await house.visitor().get("/sign-in")
    assert "Sign in with the lab" in words(form.text)
    visitor, answer = await come(house)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "Ada Lovelace" in words((await visitor.get("/account")).text)
    user = await house.control.user("ada-lovelace")
    assert (user.role, user.email, user.provider) == (
        Role.DEPLOYER,
        "ada@example.org",
        provider.issuer,
    )
    provider.person |= {"preferred_username": "renamed", "email": "new@example.org"}
    await come(house)
    users, _ = await house.control.users(after=None, limit=10)
    assert [each.name for each in users] == ["ada-lovelace", "admin"]
    assert (await house.control.user("ada-lovelace")).email == "new@example.org"


async def test_provider_is_asked_with_state_nonce_and_challenge(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    for _ in range(2):
        await come(house)
    first, second = provider.asked
    for asked in (first, second):
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] == f"http://{HOST}/sign-in/provider/back"
        assert set(asked["scope"].split()) == {"openid", "profile", "email"}
        assert asked["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]
    assert len({first["state"], first["nonce"], first["code_challenge"]}) == 3


async def test_redirect_goes_to_the_public_address(tmp_path: Path, provider: TestProvider) -> None:
    public = "https://ripieno.example.org"
    path = settings_file(tmp_path, provider.issuer)
    async with opened(tmp_path, oidc=path, public_url=public) as house:
        visitor = house.visitor(base="http://127.0.0.1:8642")
        sent = await visitor.get("/sign-in/provider", **{"X-Forwarded-Host": "evil.example"})
        asked = parse_qs(urlsplit(sent.headers["location"]).query)
        assert asked["redirect_uri"] == [f"{public}/sign-in/provider/back"]


async def test_nobody_takes_the_account_of_a_namesake(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    provider.person |= {"preferred_username": "admin", "email": "admin@example.org"}
    visitor, _ = await come(house)
    page = words((await visitor.get("/account")).text)
    assert "admin-2" in page
    assert (await house.control.user("admin-2")).role is Role.VIEWER
    assert (await house.control.user("admin")).provider is None


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("", "ada"),
        ("Zoë <script>", "zo-script"),
        ("everyone", "everyone-2"),
        ("漢字", "user"),
        ("x" * 200, "x" * 59),
        ("ada@elsewhere.org", "ada"),
    ],
)
async def test_names_become_ones_that_users_can_have(
    house: House, provider: TestProvider, use: Use, name: str, slug: str
) -> None:
    use()
    provider.person["preferred_username"] = name
    _, answer = await come(house)
    assert answer.status_code == 303
    assert (await house.control.user(slug)).provider == provider.issuer


async def test_groups_are_those_that_the_provider_says_at_each_sign_in(
    house: House, provider: TestProvider, use: Use
) -> None:
    use('groups_claim = "groups"')
    for said, groups in (
        (["Neuro Lab", "gpu", 7], ("gpu", "neuro-lab")),
        (["gpu", "gpu"], ("gpu",)),
        ("one", ("one",)),
        (None, ()),
    ):
        provider.person["groups"] = said
        await come(house)
        assert (await house.control.user("ada-lovelace")).groups == groups


async def test_groups_are_left_alone_where_the_provider_is_not_asked(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    await come(house)
    await house.control.add_group("mine", caller="admin")
    await house.control.put_member("mine", "ada-lovelace", is_manager=False, caller="admin")
    provider.person["groups"] = ["other"]
    await come(house)
    assert (await house.control.user("ada-lovelace")).groups == ("mine",)


async def test_role_is_the_most_that_the_claim_says_at_each_sign_in(
    house: House, provider: TestProvider, use: Use
) -> None:
    lines = ('role_claim = "roles"', '[roles]\n"lab:staff" = "deployer"\n"lab:it" = "admin"')
    use(*lines)
    for said, role in (
        (["lab:staff", "unknown"], Role.DEPLOYER),
        (["lab:it", "lab:staff"], Role.ADMIN),
        ([], Role.VIEWER),
    ):
        provider.person["roles"] = said
        await come(house)
        assert (await house.control.user("ada-lovelace")).role is role


async def test_last_administrator_keeps_the_role(
    house: House, provider: TestProvider, use: Use
) -> None:
    use('role_claim = "roles"', '[roles]\nit = "admin"')
    provider.person["roles"] = ["it"]
    await come(house)
    await house.control.change_user("admin", role=Role.VIEWER, caller="admin")
    provider.person["roles"] = []
    _, answer = await come(house)
    assert answer.status_code == 303
    assert (await house.control.user("ada-lovelace")).role is Role.ADMIN


async def test_what_the_token_leaves_out_is_asked_for(
    house: House, provider: TestProvider, use: Use
) -> None:
    use('groups_claim = "groups"')
    provider.person = {"sub": "1234"}
    provider.userinfo = {"sub": "1234", "preferred_username": "ada", "groups": ["gpu"]}
    await come(house)
    assert (await house.control.user("ada")).groups == ("gpu",)
    provider.userinfo = {"sub": "somebody else", "groups": ["wheel"]}
    await come(house)
    assert (await house.control.user("ada")).groups == ()


def changed(**claims: object) -> Callable[[Claims], Claims]:
    def change(said: Claims) -> Claims:
        return {name: value for name, value in {**said, **claims}.items() if value is not ...}

    return change


@pytest.mark.parametrize(
    ("claims", "because"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": ...}, "iss"),
        ({"aud": "another client"}, "aud"),
        ({"aud": ["another client"]}, "aud"),
        ({"aud": [CLIENT, "another client"]}, "azp"),
        ({"aud": [CLIENT, "another client"], "azp": "another client"}, "azp"),
        ({"aud": ...}, "aud"),
        ({"nonce": "of another question"}, "nonce"),
        ({"nonce": ...}, "nonce"),
        ({"exp": 1_000_000_000}, "expired"),
        ({"exp": ...}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"nbf": 9_000_000_000}, "not yet valid"),
        ({"iat": ...}, "iat"),
        ({"sub": ...}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "x" * 300}, "who it is of"),
        ({"at_hash": "of another token"}, "at_hash"),
    ],
)
async def test_token_that_says_what_it_should_not_is_refused(
    provider: TestProvider, use: Use, claims: Claims, because: str
) -> None:
    provider.change = changed(**claims)
    with pytest.raises(IdentityRefused, match=because):
        await identity(use())


@pytest.mark.parametrize(("s_off", "side"), [(-400, "behind"), (100, "ahead of")])
async def test_clocks_that_differ_are_named(
    provider: TestProvider, use: Use, s_off: int, side: str
) -> None:
    def change(said: Claims) -> Claims:
        return {**said, "iat": said["iat"] + s_off, "exp": said["exp"] + s_off}

    provider.change = change
    with pytest.raises(IdentityRefused, match=rf"clock is \d+ s {side} that of this server"):
        await identity(use())


def unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def with_other_claims(token: str) -> str:
    header, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    said["sub"] = "the director"
    written = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return f"{header}.{written}.{signature}"


@pytest.mark.parametrize(
    "rewrite",
    [
        unsigned,
        with_other_claims,
        lambda token: token[:-8] + "AAAAAAAA",
        lambda _: "x",
        lambda _: "",
    ],
    ids=["unsigned", "other claims", "other signature", "no token", "nothing"],
)
async def test_token_that_is_not_signed_is_refused(
    house: House, provider: TestProvider, use: Use, rewrite: Callable[[str], str]
) -> None:
    provider.rewrite = rewrite
    with pytest.raises(IdentityRefused, match=r"sign in once more|no ID token"):
        await identity(use())


async def test_token_of_another_key_is_refused(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    provider.signing_key = new_key()
    await refused(house, "is not good")


def signed_with_public_key(provider: TestProvider) -> Callable[[str], str]:
    def rewrite(token: str) -> str:
        header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
        signed = f"{header}.{token.split('.')[1]}"
        mac = hmac.digest(provider.key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    return rewrite


async def test_key_that_everybody_can_read_signs_nothing(provider: TestProvider, use: Use) -> None:
    provider.rewrite = signed_with_public_key(provider)
    with pytest.raises(IdentityRefused, match="is not good"):
        await identity(use())


async def test_keys_that_changed_are_read_anew(provider: TestProvider, use: Use) -> None:
    client = use()
    client._keys_at_most_every_s = 0
    for _ in range(2):
        assert (await identity(client)).subject == "1234"
        provider.rotate()


async def test_answer_counts_in_the_browser_that_asked(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    attacker = house.visitor()
    path = await ask(attacker)
    victim = house.visitor()
    for prepare in (None, ask):
        if prepare is not None:
            await prepare(victim)
        answer = await victim.get(path)
        assert answer.status_code == 403
        assert "does not belong to this browser" in words(answer.text)
        assert (await victim.get("/account")).status_code == 303
    assert provider.exchanged == 0


async def test_answer_counts_once(house: House, provider: TestProvider, use: Use) -> None:
    use()
    visitor = house.visitor()
    path = await ask(visitor)
    kept = visitor.cookies["ripieno_flow"]
    assert (await visitor.get(path)).status_code == 303
    again = await house.visitor().get(path, Cookie=f"ripieno_flow={kept}")
    assert again.status_code == 403
    assert "this answer was used before" in words(again.text)
    assert provider.exchanged == 1


async def test_answer_that_comes_late_is_refused(
    house: House, provider: TestProvider, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use()
    visitor = house.visitor()
    path = await ask(visitor)
    now = flows._now()
    monkeypatch.setattr(flows, "_now", lambda: now + flows.GOOD_FOR_S + 1)
    answer = await visitor.get(path)
    assert answer.status_code == 403
    assert "that took too long" in words(answer.text)


@pytest.mark.parametrize("sender", ["https://evil.example", ""])
async def test_answer_of_another_provider_is_refused(
    house: House, provider: TestProvider, use: Use, sender: str
) -> None:
    use()
    provider.answer = {"iss": sender}
    await refused(house, "was asked")
    assert provider.exchanged == 0


async def test_provider_that_does_not_let_somebody_in_is_quoted(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    provider.answer = {"error": "access_denied", "error_description": "<b>Not you</b>"}
    await refused(house, "the provider did not let you in: &lt;b&gt;Not you&lt;/b&gt;")


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"token_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"userinfo_endpoint": "http://evil.example/"},
    ],
)
async def test_provider_that_says_what_it_should_not_is_not_used(
    house: House, provider: TestProvider, use: Use, lie: Claims
) -> None:
    use()
    provider.metadata = lie
    answer = await house.visitor().get("/sign-in/provider")
    assert answer.status_code == 503
    assert "location" not in answer.headers


async def test_provider_that_is_away_keeps_nobody_else_out(
    house: House, provider: TestProvider, use: Use, caplog: pytest.LogCaptureFixture
) -> None:
    use()
    provider.is_down = True
    visitor = house.visitor()
    answer = await visitor.get("/sign-in/provider")
    assert answer.status_code == 503
    assert "it answers 503; try again later" in words(answer.text)
    assert "nobody can sign in by the provider: " in caplog.text
    assert (await visitor.sign_in("admin", PASSWORD)).status_code == 303
    provider.is_down = False
    _, answer = await come(house)
    assert answer.status_code == 303


async def test_doctor_looks_whether_the_provider_is_there(
    house: House, provider: TestProvider, use: Use
) -> None:
    async def found() -> list[Finding]:
        return [each for each in await house.control.doctor() if each.subject == "provider"]

    assert await found() == []
    use()
    assert [each.is_well for each in await found()] == [True]
    provider.metadata = {"issuer": "https://elsewhere.example.org"}
    (finding,) = await found()
    assert not finding.is_well
    assert "write its issuer into the settings" in finding.said
    _, answer = await come(house)
    assert answer.status_code == 303, "What is known of it already still lets people in."


async def test_secret_that_is_wrong_is_for_the_administrator(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    provider.secret = "another"
    await refused(house, "check client_id and client_secret_file")


async def test_only_certain_addresses_are_let_in(
    house: House, provider: TestProvider, use: Use
) -> None:
    use('allowed_domains = ["Example.org"]')
    for email, is_verified in (
        ("ada@evil.example", True),
        ("ada@example.org.evil.example", True),
        ("ada@sub.example.org", True),
        ("ada@example.org", False),
        ("ada@example.org", None),
        (None, True),
    ):
        provider.person |= {"email": email, "email_verified": is_verified}
        await refused(house, "only verified e-mail addresses of certain domains")
    provider.person |= {"email": "ada@EXAMPLE.org", "email_verified": True}
    _, answer = await come(house)
    assert answer.status_code == 303


async def test_who_is_disabled_stays_outside(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    await come(house)
    await house.control.change_user("ada-lovelace", is_disabled=True, caller="admin")
    await refused(house, "disabled")


async def test_who_leaves_is_told_how_to_leave_the_provider_too(
    house: House, provider: TestProvider, use: Use
) -> None:
    use()
    visitor, _ = await come(house)
    left = await visitor.post("/sign-out", token=await visitor.token())
    assert f'href="{provider.issuer}/leave?client_id={CLIENT}' in left.text
    other = await house.signed_in("admin")
    left = await other.post("/sign-out", token=await other.token())
    assert provider.issuer not in left.text


async def test_two_windows_make_one_account(house: House, provider: TestProvider, use: Use) -> None:
    use()
    answers = await asyncio.gather(*(come(house) for _ in range(4)))
    assert [answer.status_code for _, answer in answers] == [303] * 4
    users, _ = await house.control.users(after=None, limit=10)
    assert [each.name for each in users] == ["ada-lovelace", "admin"]


@contextmanager
def another_provider() -> Iterator[str]:
    """A provider that others have written."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


async def test_provider_that_others_have_written_is_understood(tmp_path: Path) -> None:
    with another_provider() as issuer:
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(timeout=60) as elsewhere:
            while True:
                try:
                    await elsewhere.get(f"{issuer}/.well-known/openid-configuration")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
            claims = {"preferred_username": "grace", "name": "Grace", "groups": ["navy"]}
            await elsewhere.put(f"{issuer}/users/77", json=claims)
            path = settings_file(tmp_path, issuer, 'groups_claim = "groups"')
            async with opened(tmp_path, oidc=path) as house:
                visitor = house.visitor()
                sent = await visitor.get("/sign-in/provider?next=/account")
                back = await elsewhere.post(sent.headers["location"], data={"sub": "77"})
                parts = urlsplit(back.headers["location"])
                answer = await visitor.get(f"{parts.path}?{parts.query}")
                assert answer.headers["location"] == "/account", words(answer.text)
                control: Control = house.control
                assert (await control.user("grace")).groups == ("navy",)
