"""What a registry could do to whoever reads an image of it, and what comes of that.

The registry is a stub that answers what a test says.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from ripieno.images import errors, registry, web
from ripieno.images.addresses import AddressBook
from ripieno.images.registry import RegistryReader
from ripieno.testing.registries import Reply, Request, StubServer, certified

CONFIG = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Labels": {"a": "b"}}})


def digest(content: bytes | str) -> str:
    content = content.encode() if isinstance(content, str) else content
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest(config: str = CONFIG) -> bytes:
    return json.dumps({"config": {"digest": digest(config)}, "layers": []}).encode()


Answers = Mapping[str, Reply | Callable[[Request], Reply]]


def stub(answers: Answers) -> StubServer:
    """A server with these answers by path, and the configuration of the usual image."""
    usual: Answers = {
        "/v2/": Reply(),
        "/v2/tool/manifests/1.0": Reply(body=manifest()),
        f"/v2/tool/blobs/{digest(CONFIG)}": Reply(body=CONFIG.encode()),
    }

    def answer(request: Request) -> Reply:
        found = {**usual, **answers}.get(request.path, Reply(404))
        return found(request) if callable(found) else found

    return StubServer(answer)


async def read(server: StubServer, *allowed: str) -> dict[str, str]:
    """The labels of the usual image, of a registry that is allowed."""
    reader = RegistryReader([server.host, *allowed])
    return dict((await reader.read(f"{server.host}/tool:1.0")).labels)


async def test_a_plain_registry_is_read_where_it_is_allowed() -> None:
    with stub({}) as server:
        assert await read(server) == {"a": "b"}
        assert {each.headers["host"] for each in server.asked} == {server.host}


async def test_a_token_does_not_follow_a_redirect_to_another_origin() -> None:
    def guarded(reply: Reply) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            if request.headers.get("authorization") == "Bearer good":
                return reply
            realm = f'Bearer realm="http://{server.host}/token",service="s"'
            return Reply(401, headers={"WWW-Authenticate": realm})

        return answer

    with stub({"/stored": Reply(body=CONFIG.encode())}) as store:
        path = f"/v2/tool/blobs/{digest(CONFIG)}"
        with stub(
            {
                "/token": Reply(body=b'{"access_token": "good"}'),
                "/v2/tool/manifests/1.0": guarded(Reply(307, headers={"Location": "/moved"})),
                "/moved": guarded(Reply(body=manifest())),
                path: guarded(Reply(307, headers={"Location": f"http://{store.host}/stored?x=1"})),
            }
        ) as server:
            assert await read(server, store.host) == {"a": "b"}
            with pytest.raises(errors.ForbiddenAddress):
                await read(server)
        assert [each.path for each in store.asked] == ["/stored"]
        assert "authorization" not in store.asked[0].headers


INSIDE = ("http://127.0.0.1:1/", "https://127.0.0.1:1/", "//127.0.0.1:1/", "https://[::1]:1/x")


@pytest.mark.parametrize("location", [*INSIDE, "https://169.254.169.254/", "https://localhost/"])
@pytest.mark.parametrize("where", ["redirect", "realm"])
async def test_nothing_inside_is_reached_over_a_redirect_or_a_realm(
    location: str, where: str
) -> None:
    answer = Reply(302, headers={"Location": location})
    if where == "realm":
        answer = Reply(401, headers={"WWW-Authenticate": f'Bearer realm="{location}"'})
    with stub({"/v2/tool/manifests/1.0": answer}) as server, pytest.raises(errors.ForbiddenAddress):
        await read(server)


@pytest.mark.parametrize(
    "location",
    ["", "ftp://a.org/", "file:///etc/passwd", "http://u:p@a.org/", "https://", "http://[", "\x7f"],
)
async def test_a_redirect_to_what_is_no_address_is_refused(location: str) -> None:
    answer = Reply(302, headers={"Location": location})
    with stub({"/v2/tool/manifests/1.0": answer}) as server, pytest.raises(errors.IllegalAnswer):
        await read(server)


async def test_redirects_come_to_an_end() -> None:
    answer = Reply(302, headers={"Location": "/v2/tool/manifests/1.0"})
    with (
        stub({"/v2/tool/manifests/1.0": answer}) as server,
        pytest.raises(errors.IllegalAnswer, match="redirected more than 5 times"),
    ):
        await read(server)


async def test_plain_http_is_spoken_only_with_whom_it_is_allowed() -> None:
    answer = Reply(302, headers={"Location": "http://blobs.example.org/x"})
    with (
        stub({"/v2/tool/manifests/1.0": answer}) as server,
        pytest.raises(errors.ForbiddenAddress, match="over plain http"),
    ):
        await read(server)


async def test_a_name_that_leads_elsewhere_the_second_time_is_refused() -> None:
    """DNS rebinding: every new connection is made to an address that was just checked."""
    told = iter([["8.8.8.8"], ["127.0.0.1"]])
    asked = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(told)

    with stub({}) as server:
        book = AddressBook(frozenset(), resolve=resolve)
        assert await book.addresses("evil.org", server.port) == ["8.8.8.8"]
        reader = RegistryReader(resolve=resolve)
        with pytest.raises(errors.ForbiddenAddress):
            await reader.read(f"evil.org:{server.port}/tool:1.0")
        assert asked == ["evil.org", "evil.org"]
        assert not server.asked


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert host == "lab.test"
        return ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first one

    with stub({}) as server:
        name = f"lab.test:{server.port}"
        found = await RegistryReader([name], resolve=resolve).read(f"{name}/tool:1.0")
        assert found.labels == {"a": "b"}
        assert {each.headers["host"] for each in server.asked} == {name}


async def test_certificates_are_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    server_tls, client_tls = certified(tmp_path, "lab.test")
    server = stub({})
    server.server.socket = server_tls.wrap_socket(server.server.socket, server_side=True)
    with server:
        for host, is_named in (("lab.test", True), ("other.test", False)):
            name = f"{host}:{server.port}"
            reader = RegistryReader([name], resolve=resolve, tls=client_tls)
            if is_named:
                assert (await reader.read(f"{name}/tool:1.0")).labels == {"a": "b"}
            else:
                with pytest.raises(errors.ImageError):
                    await reader.read(f"{name}/tool:1.0")
        assert {each.headers["host"] for each in server.asked} == {f"lab.test:{server.port}"}


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("manifests/1.0", b"[]", "is no JSON object"),
        ("manifests/1.0", b"<html>", "is no JSON"),
        ("manifests/1.0", b'{"schemaVersion": 1, "history": []}', "holds no image"),
        ("manifests/1.0", b'{"manifests": []}', "holds no image"),
        ("manifests/1.0", b'{"config": {"digest": "sha256:../../etc"}}', "holds no image"),
        (f"blobs/{digest(CONFIG)}", CONFIG.encode() + b" ", "is not what its digest says"),
    ],
)
async def test_what_breaks_the_rules_is_refused(path: str, body: bytes, words: str) -> None:
    with (
        stub({f"/v2/tool/{path}": Reply(body=body)}) as server,
        pytest.raises(errors.IllegalAnswer, match=words),
    ):
        await read(server)


async def test_a_manifest_has_the_digest_that_it_was_asked_by() -> None:
    other = digest("other")
    with (
        stub({f"/v2/tool/manifests/{other}": Reply(body=manifest())}) as server,
        pytest.raises(errors.IllegalAnswer, match="is not what its digest says"),
    ):
        await RegistryReader([server.host]).read(f"{server.host}/tool@{other}")
    wrong = Reply(body=manifest(), headers={"Docker-Content-Digest": other})
    with (
        stub({"/v2/tool/manifests/1.0": wrong}) as server,
        pytest.raises(errors.IllegalAnswer, match="is not what its digest says"),
    ):
        await read(server)


async def test_indexes_without_end_are_given_up() -> None:
    def index(*inner: bytes) -> bytes:
        return json.dumps({"manifests": [{"digest": digest(each)} for each in inner]}).encode()

    bottom = index()
    chain = [bottom]
    for _ in range(9):
        chain.append(index(chain[-1]))
    wide = index(*(index(bytes(str(n), "ascii")) for n in range(99)))
    answers = {f"/v2/tool/manifests/{digest(each)}": Reply(body=each) for each in chain}
    many = {
        f"/v2/tool/manifests/{digest(each)}": Reply(body=each)
        for each in (index(bytes(str(n), "ascii")) for n in range(99))
    }
    for top in (chain[-1], wide):
        first = {"/v2/tool/manifests/1.0": Reply(body=top)}
        with stub({**answers, **many, **first}) as server:
            with pytest.raises(errors.ImageError):
                await read(server)
            assert len(server.asked) <= registry.MOST_MANIFESTS + 2


@pytest.mark.parametrize("is_declared", [True, False])
async def test_an_answer_that_is_too_long_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, is_declared: bool
) -> None:
    monkeypatch.setattr(registry, "MOST_MANIFEST_BYTES", 1000)
    reply = Reply(body=b" " * 5000)
    if not is_declared:
        chunks = b"1388\r\n" + b" " * 5000 + b"\r\n0\r\n\r\n"
        reply = Reply(body=chunks, headers={"Transfer-Encoding": "chunked"})
    with (
        stub({"/v2/tool/manifests/1.0": reply}) as server,
        pytest.raises(errors.IllegalAnswer, match=r"(at most|more than) 1000"),
    ):
        await read(server)


async def test_what_comes_compressed_is_refused() -> None:
    reply = Reply(body=b"x", headers={"Content-Encoding": "gzip"})
    with (
        stub({"/v2/tool/manifests/1.0": reply}) as server,
        pytest.raises(errors.IllegalAnswer, match="comes compressed"),
    ):
        await read(server)


ERROR = json.dumps({"errors": [{"code": "TOOMANY", "message": "slow down \x1b[31m", "detail": 1}]})


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(401), errors.RegistryRefused, "does not let everybody read tool"),
        (
            Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'}),
            errors.RegistryRefused,
            "only public images can be imported",
        ),
        (Reply(403, body=ERROR.encode()), errors.RegistryRefused, "says: 'TOOMANY slow down"),
        (Reply(404), errors.ImageNotFound, "look at the name and the tag"),
        (
            Reply(429, body=ERROR.encode(), headers={"Retry-After": "17"}),
            errors.RateLimited,
            r"try again in 17 s",
        ),
        (Reply(429, headers={"Retry-After": "Wed, 1 Jan"}), errors.RateLimited, "try later"),
        (Reply(429, headers={"Retry-After": "nan"}), errors.RateLimited, "try later"),
        (Reply(503), errors.RegistryUnavailable, "answers 503; try later"),
        (Reply(418, body=b"x" * 99_999), errors.IllegalAnswer, "answers 418 for"),
    ],
)
async def test_an_error_says_what_to_do(reply: Reply, kind: type[Exception], words: str) -> None:
    with (
        stub({"/v2/tool/manifests/1.0": reply}) as server,
        pytest.raises(kind, match=words) as refused,
    ):
        await read(server)
    assert "\x1b" not in str(refused.value)
    if isinstance(refused.value, errors.RateLimited):
        assert refused.value.retry_after_s in (17.0, None)


@pytest.mark.parametrize(
    "token", [b"{}", b'{"token": 1}', b'{"token": "a\\nb"}', b'{"token": "\xc3\xa4"}', b"x"]
)
async def test_a_token_that_is_none_is_refused(token: bytes) -> None:
    def wanting(request: Request) -> Reply:
        realm = f'Bearer realm="http://{server.host}/token"'
        return Reply(401, headers={"WWW-Authenticate": realm})

    with (
        stub({"/token": Reply(body=token), "/v2/tool/manifests/1.0": wanting}) as server,
        pytest.raises(errors.IllegalAnswer),
    ):
        await read(server)


async def test_a_list_of_tags_goes_on_where_its_link_says() -> None:
    def tags(request: Request) -> Reply:
        last = request.query.get("last")
        names = ["c", "not a tag", 1] if last else ["a", "b"]
        link = {} if last else {"Link": '</v2/tool/tags/list?n=2&last=b>; rel="next"'}
        return Reply(body=json.dumps({"name": "tool", "tags": names}).encode(), headers=link)

    with stub({"/v2/tool/tags/list": tags}) as server:
        reader = RegistryReader([server.host])
        assert await reader.tags(f"{server.host}/tool") == ("a", "b", "c")
        assert await reader.tags(f"{server.host}/tool", 1) == ("a",)


@pytest.mark.parametrize("link", ["<http://127.0.0.1:1/v2/x?a=b>", "<?n=1000>", "<", "</v2/>"])
async def test_a_list_of_tags_stays_with_its_registry_and_ends(link: str) -> None:
    def tags(request: Request) -> Reply:
        return Reply(body=b'{"tags": ["a"]}', headers={"Link": f'{link}; rel="next"'})

    with stub({"/v2/tool/tags/list": tags}) as server:
        reader = RegistryReader([server.host])
        assert await reader.tags(f"{server.host}/tool") == ("a",)
        assert len(server.asked) <= 4


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(request: Request) -> Reply:
        return Reply(headers={"Content-Length": "10"})

    monkeypatch.setattr(web, "READ_S", 0.2)
    with (
        stub({"/v2/tool/manifests/1.0": silent}) as server,
        pytest.raises(errors.RegistryUnavailable, match=r"(breaks off|does not answer)"),
    ):
        await read(server)
    monkeypatch.setattr(registry, "TOGETHER_S", 0.0)
    with stub({}) as server, pytest.raises(errors.RegistryUnavailable, match="not be read in 0 s"):
        await read(server)
