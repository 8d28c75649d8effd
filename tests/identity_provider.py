"""A small provider of OpenID Connect that signs real tokens, and tells lies where a test wants it.

It holds clients to PKCE with S256, to one use of a code, and to their secret.
"""

import base64
import functools
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.serving import serving

CLIENT, SECRET = "ripieno", "secret of the client: +/&="

Claims = dict[str, Any]


def new_key() -> RSAKey:
    """A pair of keys."""
    return RSAKey.generate_key(2048, {"use": "sig", "kid": secrets.token_hex(4)})


@functools.cache
def first_key() -> RSAKey:
    """The pair that providers begin with; it takes a while to find one."""
    return new_key()


class TestProvider:
    """A provider. What it is to do, and what it was asked, are its attributes."""

    __test__ = False

    def __init__(self, issuer: str = "") -> None:
        self.issuer = issuer
        self.person: Claims = {
            "sub": "1234",
            "preferred_username": "Ada.Lovelace",
            "name": "Ada Lovelace",
            "email": "ada@example.org",
            "email_verified": True,
        }
        self.key = first_key()
        self.signing_key = self.key
        self.change: Callable[[Claims], Claims] = lambda claims: claims
        self.rewrite: Callable[[str], str] = lambda token: token
        self.metadata: Claims = {}
        self.answer: dict[str, str] = {}
        self.userinfo: Claims | None = None
        self.is_down = False
        self.secret = SECRET
        self.asked: list[dict[str, str]] = []
        self.exchanged = 0
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
                Route("/userinfo", self._userinfo),
            ]
        )

    def rotate(self) -> None:
        """Sign with another key from now on, and show only that."""
        self.key = self.signing_key = new_key()

    async def _configuration(self, request: Request) -> Response:
        if self.is_down:
            return Response(status_code=503)
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/leave",
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse({**found, **self.metadata})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer, **self.answer}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", status_code=303)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        self.exchanged += 1
        asked = self._codes.pop(str(form["code"]), None)
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        given = base64.b64decode(text).decode() if kind == "Basic" else ""
        challenge = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        if tuple(map(unquote, given.replace("+", " ").split(":"))) != (CLIENT, self.secret):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        is_right = (
            asked is not None
            and form["grant_type"] == "authorization_code"
            and asked["code_challenge_method"] == "S256"
            and base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() == asked["code_challenge"]
            and form["redirect_uri"] == asked["redirect_uri"]
        )
        if not is_right or asked is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            **self.person,
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        header = {"alg": "RS256", "kid": self.key.kid}
        token = jwt.encode(header, self.change(claims), self.signing_key)
        return JSONResponse(
            {"access_token": "access", "token_type": "Bearer", "id_token": self.rewrite(token)}
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _userinfo(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer access":
            return Response(status_code=401)
        return JSONResponse(self.userinfo or {"sub": self.person["sub"]})


@asynccontextmanager
async def provider_running() -> AsyncIterator[TestProvider]:
    """A provider at an address of its own."""
    provider = TestProvider()
    async with serving(provider.app) as url:
        provider.issuer = url
        yield provider
