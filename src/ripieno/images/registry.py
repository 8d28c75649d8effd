"""Asking a registry for what it knows of an image, by the OCI distribution protocol.

`RegistryReader.read` and `tags` are what the rest of the server calls. Nobody's credentials are
sent anywhere: only what everybody may read can be imported. A token that a registry's own token
server gives to anybody is sent to that registry and to nobody else.
"""

import asyncio
import hashlib
import math
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx

from ripieno.images import challenge, manifest
from ripieno.images.addresses import AddressBook, Resolve, allowances
from ripieno.images.errors import (
    IllegalAnswer,
    ImageNotFound,
    RateLimited,
    RegistryRefused,
    RegistryUnavailable,
)
from ripieno.images.manifest import Json
from ripieno.images.reference import ImageReference, is_digest, is_tag, parse
from ripieno.images.web import Answer, Web
from ripieno.model.image import ImageMetadata
from ripieno.model.node import listed, printable, quoted

MOST_MANIFEST_BYTES = 4 * 1024 * 1024
MOST_CONFIG_BYTES = 4 * 1024 * 1024
MOST_TAGS_BYTES = 2 * 1024 * 1024
MOST_TOKEN_BYTES = 128 * 1024
MOST_REDIRECTS = 5
MOST_MANIFESTS = 12
"""How many manifests and indexes are read for one image."""

MOST_NESTED = 4
"""How deep indexes may be in one another."""

MOST_TAGS = 10_000
TAGS_A_PAGE = 1000
TOGETHER_S = 60.0
"""How long it may take to read one image, everything together."""

PLATFORM = "linux/amd64"
_NEXT = re.compile(r"<([^>]{1,2000})>\s*;[^,]*\brel=\"?next\"?", re.IGNORECASE)
_REDIRECTS = (301, 302, 303, 307, 308)
_HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}


class RegistryReader:
    """Reads images of registries; nothing is kept between two calls.

    `allowed` are registries, `HOST[:PORT]`, that may be anywhere and speak plain http. Raises:
    `IllegalAllowance`.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        platform: str = PLATFORM,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._book = AddressBook(allowances(allowed), resolve=resolve)
        self._platform, self._tls = platform, tls

    async def read(self, name: str) -> ImageMetadata:
        """What a registry knows of an image. Raises: `ImageError`."""
        reference = parse(name)
        try:
            async with asyncio.timeout(TOGETHER_S), Web(self._book, tls=self._tls) as web:
                registry = _Registry(web, self._book, reference)
                return await _Image(registry, reference, self._platform).metadata()
        except TimeoutError as late:
            raise RegistryUnavailable(
                f"{reference} could not be read in {TOGETHER_S:g} s"
            ) from late

    async def tags(self, name: str, most: int = MOST_TAGS) -> tuple[str, ...]:
        """The tags of an image, in the order of the registry. Raises: `ImageError`."""
        reference = parse(name)
        try:
            async with asyncio.timeout(TOGETHER_S), Web(self._book, tls=self._tls) as web:
                return await _Registry(web, self._book, reference).tags(min(most, MOST_TAGS))
        except TimeoutError as late:
            raise RegistryUnavailable(
                f"the tags of {reference} could not be read in {TOGETHER_S:g} s"
            ) from late


class _Registry:
    """One repository of one registry, asked as often as it takes."""

    def __init__(self, web: Web, book: AddressBook, reference: ImageReference) -> None:
        self._web, self._book, self._reference = web, book, reference
        self._token: str | None = None
        self._base = httpx.URL(f"https://{reference.host}")
        port = self._base.port or 443
        self._may_be_plain = book.is_allowed(self._base.host, port)

    async def manifest(self, wanted: str) -> tuple[Json, str]:
        """A manifest or index by tag or digest, and its digest, which is checked."""
        what = f"the manifest {wanted} of {self._reference.repository}"
        answer = await self._get(
            f"manifests/{wanted}",
            headers={"Accept": manifest.ACCEPT},
            most_bytes=MOST_MANIFEST_BYTES,
            what=what,
        )
        told = answer.headers.get("docker-content-digest", "")
        if is_digest(wanted):
            told = wanted
        if is_digest(told):
            _check_digest(answer.body, told, what)
        else:
            told = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        return manifest.parse(answer.body, what), told

    async def config(self, digest: str) -> Json:
        """The configuration of an image. Raises: `IllegalAnswer` unless it has that digest."""
        what = f"the configuration {digest[:19]}… of {self._reference.repository}"
        answer = await self._get(
            f"blobs/{digest}",
            headers={"Accept": "*/*"},
            most_bytes=MOST_CONFIG_BYTES,
            what=what,
        )
        _check_digest(answer.body, digest, what)
        return manifest.parse(answer.body, what)

    async def tags(self, most: int) -> tuple[str, ...]:
        """The tags of the repository, page by page."""
        what = f"the list of tags of {self._reference.repository}"
        found: dict[str, None] = {}
        path: str | None = f"tags/list?n={TAGS_A_PAGE}"
        seen = set()
        while path is not None and path not in seen and len(found) < most:
            seen.add(path)
            answer = await self._get(path, headers={}, most_bytes=MOST_TAGS_BYTES, what=what)
            listed_tags = manifest.parse(answer.body, what).get("tags")
            for each in listed_tags if isinstance(listed_tags, list) else ():
                if isinstance(each, str) and is_tag(each):
                    found[each] = None
            path = self._next(answer)
        return tuple(found)[:most]

    def _next(self, answer: Answer) -> str | None:
        """Where a list goes on, of which only the query counts: it is the same list."""
        match = _NEXT.search(answer.headers.get("link", "")[:4000])
        if match is None:
            return None
        try:
            query = answer.url.join(match[1]).query.decode("ascii")
        except (httpx.InvalidURL, ValueError):
            return None
        return f"tags/list?{query}" if query else None

    async def _get(
        self, path: str, *, headers: Mapping[str, str], most_bytes: int, what: str
    ) -> Answer:
        """What is at a path of the repository, with a token if it takes one."""
        answer = await self._follow(path, headers, most_bytes, what)
        if answer.status == 401:
            self._token = await self._fetch_token(answer)
            answer = await self._follow(path, headers, most_bytes, what)
        if answer.status != 200:
            raise self._refusal(answer, what)
        return answer

    async def _follow(
        self, path: str, headers: Mapping[str, str], most_bytes: int, what: str
    ) -> Answer:
        """The answer behind redirects; the token is for the registry itself only."""
        url = await self._url(path)
        origin = (url.scheme, url.host, url.port)
        for _ in range(MOST_REDIRECTS + 1):
            sent = dict(headers)
            if self._token is not None and (url.scheme, url.host, url.port) == origin:
                sent["Authorization"] = f"Bearer {self._token}"
            answer = await self._web.get(url, headers=sent, most_bytes=most_bytes, what=what)
            if answer.status not in _REDIRECTS:
                return answer
            try:
                url = url.join(answer.headers.get("location", ""))
            except (httpx.InvalidURL, ValueError) as problem:
                raise IllegalAnswer(f"{what} is redirected to what is no address") from problem
        raise IllegalAnswer(f"{what} is redirected more than {MOST_REDIRECTS} times")

    async def _url(self, path: str) -> httpx.URL:
        """The address of a path; the first time, it is found out whether TLS is spoken."""
        if self._may_be_plain:
            self._may_be_plain = False
            try:
                await self._web.get(
                    self._base.join("/v2/"), headers={}, most_bytes=MOST_TOKEN_BYTES, what="/v2/"
                )
            except RegistryUnavailable:
                self._base = self._base.copy_with(scheme="http")
        return self._base.join(f"/v2/{self._reference.repository}/{path}")

    async def _fetch_token(self, answer: Answer) -> str:
        """The token that the registry wants and gives to anybody.

        A token server may grant less than it was asked for, so whoever uses the token and is
        refused again is refused for good.
        """
        wanted = challenge.bearer(answer.headers.get("www-authenticate", ""))
        if wanted is None:
            raise self._refusal(answer, str(self._reference))
        what = f"the token for {self._reference.repository}"
        try:
            url = answer.url.join(wanted.realm)
            query = {"service": wanted.service, "scope": wanted.scope or self._scope()}
            url = url.copy_merge_params({name: each for name, each in query.items() if each})
        except (httpx.InvalidURL, ValueError) as problem:
            raise IllegalAnswer(f"{what} is to be had at what is no address") from problem
        told = await self._web.get(url, headers={}, most_bytes=MOST_TOKEN_BYTES, what=what)
        if told.status != 200:
            raise self._refusal(told, what)
        found = manifest.parse(told.body, what)
        token = found.get("token") or found.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise IllegalAnswer(f"{what}: {_at(url)} answers without one")
        return token

    def _scope(self) -> str:
        return f"repository:{self._reference.repository}:pull"

    def _refusal(self, answer: Answer, what: str) -> Exception:
        """The error for an answer that is no success, with what the registry says of it."""
        said = _said(answer.body)
        told = f"; {_at(answer.url)} says: {said}" if said else ""
        if answer.status in (401, 403):
            return RegistryRefused(
                f"{_at(answer.url)} does not let everybody read "
                f"{self._reference.repository}{told}; only public images can be imported, and what "
                "is not there is often refused like this: look whether the name is right"
            )
        if answer.status == 404:
            return ImageNotFound(
                f"{_at(answer.url)} has not {what}{told}; look at the name and the tag"
            )
        if answer.status == 429:
            retry_after_s = _retry_after(answer)
            when = f"again in {retry_after_s:g} s" if retry_after_s is not None else "later"
            return RateLimited(
                f"{_at(answer.url)} is asked too often{told}; try {when}", retry_after_s
            )
        if answer.status >= 500:
            return RegistryUnavailable(
                f"{_at(answer.url)} answers {answer.status}{told}; try later"
            )
        return IllegalAnswer(f"{_at(answer.url)} answers {answer.status} for {what}{told}")


@dataclass(slots=True)
class _Image:
    """The way from a name to the configuration of one image."""

    registry: _Registry
    reference: ImageReference
    platform: str
    left: int = MOST_MANIFESTS

    async def metadata(self) -> ImageMetadata:
        """What is at the end of it. Raises: `IllegalAnswer` if there is no image."""
        document, digest = await self.registry.manifest(self.reference.wanted)
        self.left -= 1
        platforms: list[str] = []
        found = await self._image(document, [], platforms, 0)
        if found is None:
            raise IllegalAnswer(
                f"{self.reference} holds no image, or none that can be read here; "
                f"platforms in it: {listed(platforms)}"
            )
        single, annotations, config = found
        return manifest.metadata(
            name=str(self.reference),
            digest=digest,
            platforms=tuple(dict.fromkeys(platforms)),
            annotations=annotations,
            manifest=single,
            config=config,
        )

    async def _image(
        self,
        document: Json,
        annotations: list[Mapping[str, str]],
        platforms: list[str],
        depth: int,
    ) -> tuple[Json, list[Mapping[str, str]], Json] | None:
        """The first image in a document, the best one for the platform first."""
        if not manifest.is_index(document):
            config = manifest.config_of(document)
            if config is None:
                return None
            return document, annotations, await self.registry.config(config.digest)
        entries = manifest.entries(document)
        platforms.extend(each.platform for each in entries if each.platform)
        if depth >= MOST_NESTED:
            return None
        around = [*annotations, manifest.texts(document.get("annotations"))]
        for each in manifest.ranked(entries, self.platform):
            if self.left <= 0:
                return None
            self.left -= 1
            inner, _ = await self.registry.manifest(each.digest)
            found = await self._image(inner, [*around, each.annotations], platforms, depth + 1)
            if found is not None:
                return found
        return None


def _at(url: httpx.URL) -> str:
    """Host and port, as people write them."""
    return url.netloc.decode("ascii", "replace")


def _check_digest(body: bytes, digest: str, what: str) -> None:
    kind, _, wanted = digest.partition(":")
    if _HASHES[kind](body).hexdigest() != wanted:
        raise IllegalAnswer(
            f"{what} is not what its digest says; the registry or something on the way to it is "
            "broken, or not to be trusted"
        )


def _said(body: bytes) -> str:
    """What a registry says of an error, in its own words."""
    try:
        errors = manifest.parse(body[:16_384], "an error").get("errors")
    except IllegalAnswer:
        return ""
    said = []
    for each in errors[:3] if isinstance(errors, list) else ():
        if isinstance(each, dict):
            words = (each.get("code"), each.get("message"))
            said.append(" ".join(printable(word, 200) for word in words if isinstance(word, str)))
    return quoted(", ".join(said)) if any(said) else ""


def _retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:  # a date, which is not worth to be read
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds < 10**7 else None
