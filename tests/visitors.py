"""Visitors of the real web UI: a control plane over SQLite, pages asked for as a browser does."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path

import httpx
from fastapi import FastAPI

from ripieno import settings
from ripieno.api.app import create_app
from ripieno.bootstrap import running, site_for
from ripieno.control.passwords import Passwords
from ripieno.control.service import Control
from ripieno.model.access import Role
from ripieno.settings import ServerSettings
from ripieno.testing.control_rig import tcp_ports
from ripieno.ui.address import Address
from tests.accounts import PASSWORD, QUICK

HOST = "ripieno.test"


class House:
    """A server with a web UI, and users who may come in."""

    def __init__(self, control: Control, public_url: str | None) -> None:
        self.control = control
        # Passwords are tried quickly here; how slow they are elsewhere is none of a page's.
        control._passwords = Passwords(QUICK)
        self.public_url = public_url
        address = Address(public_url, names=[HOST])
        self.app: FastAPI = create_app(
            control, site=site_for(control, address), public_url=public_url
        )

    async def add(
        self, name: str, role: Role = Role.DEPLOYER, *, password: str | None = PASSWORD
    ) -> None:
        """A user."""
        await self.control.add_user(name, role=role, password=password, caller="admin")

    def visitor(self, **options: str) -> "Visitor":
        """Somebody with a browser of their own, who is not signed in."""
        return Visitor(self.app, **options)

    async def signed_in(self, name: str, **options: str) -> "Visitor":
        """Somebody who is."""
        visitor = self.visitor(**options)
        response = await visitor.sign_in(name)
        assert response.status_code == 303, response.text
        return visitor


class Visitor:
    """A browser: it keeps cookies, follows no redirects, and says which site a request is from."""

    def __init__(
        self, app: FastAPI, *, base: str = f"http://{HOST}", address: str = "192.0.2.7"
    ) -> None:
        self.base = base
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, client=(address, 4321)), base_url=base
        )

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A page."""
        return await self.client.get(path, headers=_named({"Sec-Fetch-Site": "none", **headers}))

    async def post(
        self,
        path: str,
        fields: Mapping[str, str] | None = None,
        *,
        token: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """What a form on a page of ours sends; with `token`, as a form of that session."""
        own = {"Origin": self.base, "Sec-Fetch-Site": "same-origin", **headers}
        data = dict(fields or {})
        if token is not None:
            data["csrf_token"] = token
        return await self.client.post(path, data=data, headers=_named(own))

    async def sign_in(
        self, name: str, password: str = PASSWORD, *, following: str = "", **headers: str
    ) -> httpx.Response:
        """Fill in the form."""
        fields = {"user": name, "password": password, "next": following}
        return await self.post("/sign-in", fields, **headers)

    async def token(self, path: str = "/account") -> str:
        """The token that the forms of a page carry."""
        page = await self.get(path)
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found is not None, page.text
        return unescape(found[1])

    @property
    def cookies(self) -> dict[str, str]:
        """What the browser keeps."""
        return {each.name: each.value or "" for each in self.client.cookies.jar}


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items() if value}


@asynccontextmanager
async def house(
    folder: Path, *, public_url: str | None = None, oidc: Path | None = None
) -> AsyncIterator[House]:
    """A house with the administrator `admin`, whose password is `PASSWORD`."""
    chosen = ServerSettings(
        home=folder,
        database_url=settings.database_url(folder),
        tcp_ports=tcp_ports(),
        public_url=public_url,
        oidc=oidc,
    )
    async with running(chosen) as control:
        found = House(control, public_url)
        await control.set_password("admin", PASSWORD, caller="admin")
        yield found
