"""A provider of OpenID Connect, as this server asks it: where to send browsers, and what came back.

The authorization code flow with PKCE, state and nonce. What a token says counts only once its
signature, issuer, audience, time and nonce are what they have to be (OpenID Connect Core 1.0,
3.1.3.7). Authlib has the rules; requests go through one HTTP client with a timeout.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # has no types
    prepare_grant_uri,
)
from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]  # has no types
    create_s256_code_challenge,
)
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # has no types
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ripieno.identity.base import Identity
from ripieno.identity.errors import IdentityRefused, NotInvited, ProviderUnavailable
from ripieno.identity.flow import Flow
from ripieno.identity.settings import ProviderSettings, is_secure
from ripieno.model.access import Role

TIMEOUT_S = 10.0
GOOD_FOR_S = 3600.0
"""How long what the provider says of itself, and its keys, are taken for true."""

KEYS_AT_MOST_EVERY_S = 10.0
"""A token with a key that nobody knows has the keys read anew, but not more often than this."""

LEEWAY_S = 60
"""How much clocks may differ."""

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
"""Signatures with a key pair. Never `none`, nor one by a key that both sides have."""

_OF_THE_CLIENT = ("invalid_client", "unauthorized_client")
"""Refusals that are of this server, and of nobody who signs in (RFC 6749, 5.2)."""

MOST_BYTES = 1024 * 1024
MOST_GROUPS = 500


class Provider:
    """A provider; to be closed."""

    def __init__(
        self, settings: ProviderSettings, *, keys_at_most_every_s: float = KEYS_AT_MOST_EVERY_S
    ) -> None:
        self.settings = settings
        self._keys_at_most_every_s = keys_at_most_every_s
        self._http = httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False)
        self._metadata: tuple[Mapping[str, Any], float] | None = None
        self._keys: tuple[KeySet, float] | None = None
        self._reading = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def check(self) -> None:
        """That browsers can be sent there now. Raises: `ProviderUnavailable`."""
        await self._read_metadata(is_fresh=True)

    async def address(self, flow: Flow, *, back: str) -> str:
        """Where to send a browser; it comes back to `back`. Raises: `ProviderUnavailable`."""
        metadata = await self._read_metadata()
        return str(
            prepare_grant_uri(
                metadata["authorization_endpoint"],
                client_id=self.settings.client_id,
                response_type="code",
                redirect_uri=back,
                scope=" ".join(self.settings.scopes),
                state=flow.state,
                nonce=flow.nonce,
                code_challenge=create_s256_code_challenge(flow.verifier),
                code_challenge_method="S256",
            )
        )

    async def identity(self, flow: Flow, answer: Mapping[str, str], *, back: str) -> Identity:
        """Who came back with that answer, whose state has been looked at.

        Raises: `IdentityRefused`, `NotInvited`, `ProviderUnavailable`.
        """
        metadata = await self._read_metadata()
        self._check_sender(metadata, answer)
        if "error" in answer:
            raise IdentityRefused(_said(answer))
        if not answer.get("code"):
            raise IdentityRefused("the answer has no code; sign in once more")
        tokens = await self._exchange(metadata, flow, answer["code"], back)
        claims = await self._checked(metadata, flow, tokens)
        return await self._identity(metadata, claims, tokens)

    async def sign_out_address(self, *, back: str) -> str | None:
        """Where a browser can sign out at the provider too, None if it has no such place."""
        try:
            metadata = await self._read_metadata()
        except ProviderUnavailable:
            return None
        address = metadata.get("end_session_endpoint")
        if not isinstance(address, str) or not is_secure(address):
            return None
        mark = "&" if "?" in address else "?"
        said = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        return f"{address}{mark}{urlencode(said)}"

    def _check_sender(self, metadata: Mapping[str, Any], answer: Mapping[str, str]) -> None:
        """That the answer is of the provider that was asked (RFC 9207)."""
        sender = answer.get("iss")
        is_told = metadata.get("authorization_response_iss_parameter_supported") is True
        if sender is None and not is_told:
            return
        if sender != self.settings.issuer:
            raise IdentityRefused(
                f"the answer is of {sender or 'nobody'}, and {self.settings.issuer} was asked; "
                "sign in once more"
            )

    async def _exchange(
        self, metadata: Mapping[str, Any], flow: Flow, code: str, back: str
    ) -> Mapping[str, Any]:
        """The tokens that a code is good for."""
        settings = self.settings
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": flow.verifier,
            "client_id": settings.client_id,
        }
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        auth: httpx.BasicAuth | None = None
        if settings.client_secret is not None and "client_secret_basic" in methods:
            quoted = urlencode({settings.client_id: settings.client_secret}).partition("=")
            auth = httpx.BasicAuth(quoted[0], quoted[2])  # RFC 6749, 2.3.1
        elif settings.client_secret is not None:
            fields["client_secret"] = settings.client_secret
        try:
            response = await self._http.post(
                metadata["token_endpoint"],
                data=fields,
                auth=auth or httpx.USE_CLIENT_DEFAULT,
                headers={"Accept": "application/json"},
            )
            tokens = _object(response)
        except (httpx.HTTPError, ValueError) as problem:
            raise ProviderUnavailable(_away(settings.issuer, problem)) from problem
        if tokens.get("error") in _OF_THE_CLIENT:
            raise IdentityRefused(
                f"{settings.issuer} does not take this server for {settings.client_id} "
                f"({tokens['error']}); an administrator has to check client_id and "
                "client_secret_file"
            )
        if response.status_code != 200:
            raise IdentityRefused(_said(tokens))
        if not isinstance(tokens.get("id_token"), str):
            raise IdentityRefused(f"{settings.issuer} gave no ID token; check scopes and client")
        return tokens

    async def _checked(
        self, metadata: Mapping[str, Any], flow: Flow, tokens: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The claims of the ID token, which are true as far as the provider can be trusted."""
        text = tokens["id_token"]
        now = int(time.time())
        made_at: object = None
        try:
            token = await self._decoded(metadata, text)
            made_at = token.claims.get("iat")
            claims = CodeIDToken(
                dict(token.claims),
                token.header,
                options={
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "sub": {"essential": True},
                    "exp": {"essential": True},
                },
                params={
                    "nonce": flow.nonce,
                    "client_id": self.settings.client_id,
                    "access_token": tokens.get("access_token"),
                },
            )
            claims.validate(now=now, leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as problem:
            remedy = _clocks(made_at, now) or (
                "sign in once more, and tell an administrator if it stays so"
            )
            raise IdentityRefused(
                f"the ID token of {self.settings.issuer} is not good ({problem}); {remedy}"
            ) from problem
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if len(audiences) > 1 and claims.get("azp") != self.settings.client_id:
            raise IdentityRefused("the ID token was made for another client")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise IdentityRefused("the ID token does not say who it is of")
        checked: Mapping[str, Any] = claims
        return checked

    async def _decoded(self, metadata: Mapping[str, Any], text: str) -> jwt.Token:
        """A token whose signature is right, with the keys read anew if it is of a new one."""
        keys = await self._read_keys(metadata, seen_before=None)
        try:
            return jwt.decode(text, keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            # A key with a new name, or another one under the old name: keys are changed so.
            again = await self._read_keys(metadata, seen_before=keys)
            if again is keys:
                raise
            return jwt.decode(text, again, algorithms=list(ALGORITHMS))

    async def _identity(
        self,
        metadata: Mapping[str, Any],
        claims: Mapping[str, Any],
        tokens: Mapping[str, Any],
    ) -> Identity:
        settings = self.settings
        wanted = {settings.name_claim, settings.groups_claim, settings.role_claim, "email", "name"}
        said = dict(claims)
        if not (wanted - {None}) <= set(said) and metadata.get("userinfo_endpoint"):
            more = await self._user_info(metadata, tokens)
            if more.get("sub") == claims["sub"]:  # Core 1.0, 5.3.2
                said = {**more, **said}
        email = _text(said.get("email"))
        if settings.allowed_domains:
            is_verified = said.get("email_verified") in (True, "true")
            domain = email.rpartition("@")[2].lower()
            if not is_verified or domain not in settings.allowed_domains:
                raise NotInvited(
                    "only verified e-mail addresses of certain domains are let in here; ask an "
                    "administrator"
                )
        return Identity(
            issuer=settings.issuer,
            subject=claims["sub"],
            name=_text(said.get(settings.name_claim)) or email.partition("@")[0] or "user",
            display_name=_text(said.get("name")),
            email=email,
            groups=_texts(said.get(settings.groups_claim)) if settings.groups_claim else None,
            role=self._role(said),
        )

    def _role(self, said: Mapping[str, Any]) -> Role | None:
        """The most that any value of the claim makes somebody, at least the default role."""
        if self.settings.role_claim is None:
            return None
        best = self.settings.default_role
        for each in _texts(said.get(self.settings.role_claim)):
            role = self.settings.roles.get(each, best)
            best = role if role.includes(best) else best
        return best

    async def _user_info(
        self, metadata: Mapping[str, Any], tokens: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        token = tokens.get("access_token")
        if not isinstance(token, str):
            return {}
        return await self._get(metadata["userinfo_endpoint"], {"Authorization": f"Bearer {token}"})

    async def _read_metadata(self, *, is_fresh: bool = False) -> Mapping[str, Any]:
        """What the provider says of itself, and that it is who it should be."""
        async with self._reading:
            kept = self._metadata
            if kept is not None and not is_fresh and time.monotonic() < kept[1] + GOOD_FOR_S:
                return kept[0]
            issuer = self.settings.issuer
            found = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise ProviderUnavailable(
                    f"{issuer} says that it is {found.get('issuer')!r}; write its issuer into the "
                    "settings exactly as it says"
                )
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not isinstance(found.get(name), str) or not is_secure(found[name]):
                    raise ProviderUnavailable(f"{issuer} names no {name} with https://")
            if not is_secure(str(found.get("userinfo_endpoint", "https://"))):
                raise ProviderUnavailable(f"{issuer} names no userinfo_endpoint with https://")
            self._metadata = found, time.monotonic()
            return found

    async def _read_keys(
        self, metadata: Mapping[str, Any], *, seen_before: KeySet | None
    ) -> KeySet:
        """The provider's keys; others than those seen before, if it has others by now."""
        async with self._reading:
            kept = self._keys
            now = time.monotonic()
            if kept is not None:
                is_new = kept[0] is not seen_before
                good_for_s = GOOD_FOR_S if is_new else self._keys_at_most_every_s
                if now < kept[1] + good_for_s:
                    return kept[0]
            found = await self._get(metadata["jwks_uri"])
            try:
                keys = KeySet.import_key_set({"keys": _signing(found)})
            except (JoseError, ValueError, TypeError, KeyError) as problem:
                raise ProviderUnavailable(
                    f"the keys of {self.settings.issuer} cannot be read: {problem}"
                ) from problem
            self._keys = keys, now
            return keys

    async def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        try:
            response = await self._http.get(
                url, headers={"Accept": "application/json", **(headers or {})}
            )
            response.raise_for_status()
            return _object(response)
        except (httpx.HTTPError, ValueError) as problem:
            raise ProviderUnavailable(_away(url, problem)) from problem


def _away(url: str, problem: Exception) -> str:
    """That an address is of no use now, and why."""
    match problem:
        case httpx.HTTPStatusError():
            why = f"it answers {problem.response.status_code}"
        case httpx.TimeoutException():
            why = f"it says nothing for {TIMEOUT_S:.0f} s"
        case _:
            why = str(problem) or type(problem).__name__
    return f"{url} does not answer as it should: {why}; try again later"


def _clocks(made_at: object, now: int) -> str | None:
    """What to do if a token was made too long ago, or in the future, for one that is just given."""
    if not isinstance(made_at, int) or abs(made_at - now) <= LEEWAY_S:
        return None
    side = "behind" if made_at < now else "ahead of"
    return (
        f"the provider's clock is {abs(made_at - now)} s {side} that of this server, and an "
        "administrator has to set the wrong one"
    )


def _object(response: httpx.Response) -> Mapping[str, Any]:
    """The JSON object in a response. Raises: ValueError."""
    if len(response.content) > MOST_BYTES:
        raise ValueError("the answer is too large")
    found = response.json()
    if not isinstance(found, dict):
        raise ValueError("the answer is no JSON object")
    return found


def _signing(found: Mapping[str, Any]) -> list[Any]:
    """Keys that are for signatures, and that are half of a pair."""
    keys = found.get("keys")
    if not isinstance(keys, list):
        raise ValueError("there is no list of keys")
    return [
        each
        for each in keys
        if isinstance(each, dict)
        and each.get("use", "sig") == "sig"
        and each.get("kty") in ("RSA", "EC", "OKP")
    ]


def _said(answer: Mapping[str, Any]) -> str:
    """An error of the provider, in its words as far as they fit."""
    text = _text(answer.get("error_description")) or _text(answer.get("error")) or "no reason"
    return f"the provider did not let you in: {text}"


def _text(value: object) -> str:
    """A claim that is a text; the printable part of it that fits."""
    if not isinstance(value, str):
        return ""
    return "".join(each for each in value if each.isprintable()).strip()[:200]


def _texts(value: object) -> tuple[str, ...]:
    """A claim that is a list of texts, or one text."""
    found = value if isinstance(value, list) else [value]
    return tuple(filter(None, map(_text, found[:MOST_GROUPS])))
