"""Completion of names in the shell, asked from the server if it answers quickly."""

import asyncio
from collections.abc import Awaitable, Callable

import typer

from ripieno import settings
from ripieno.client import Client
from ripieno.model.errors import RipienoError

PATIENCE_S = 0.7
MOST_NAMES = 200


def deployments(incomplete: str) -> list[str]:
    """Names of deployments."""

    async def names(client: Client) -> list[str]:
        return [each.name for each in (await client.deployments(limit=MOST_NAMES)).items]

    return _asked(names, incomplete)


def components(context: typer.Context, incomplete: str) -> list[str]:
    """Names of components of the deployment that is on the command line already."""
    deployment = context.params.get("deployment")
    if not deployment:
        return []

    async def names(client: Client) -> list[str]:
        return [each.name for each in (await client.deployment(deployment)).components]

    return _asked(names, incomplete)


def hosts(incomplete: str) -> list[str]:
    """Names of hosts."""

    async def names(client: Client) -> list[str]:
        return [each.name for each in (await client.hosts()).items]

    return _asked(names, incomplete)


def secrets(incomplete: str) -> list[str]:
    """Names of secrets."""

    async def names(client: Client) -> list[str]:
        return list((await client.secrets()).items)

    return _asked(names, incomplete)


def users(incomplete: str) -> list[str]:
    """Names of users."""

    async def names(client: Client) -> list[str]:
        return [each.name for each in (await client.users(limit=MOST_NAMES)).items]

    return _asked(names, incomplete)


def groups(incomplete: str) -> list[str]:
    """Names of groups."""

    async def names(client: Client) -> list[str]:
        return [each.name for each in (await client.groups()).items]

    return _asked(names, incomplete)


def applications(incomplete: str) -> list[str]:
    """Names of applications that begin so."""

    async def names(client: Client) -> list[str]:
        found = await client.applications(incomplete, limit=MOST_NAMES)
        return [each.name for each in found.items]

    return _asked(names, incomplete)


def versions(context: typer.Context, incomplete: str) -> list[str]:
    """Versions of the application that is on the command line already."""
    application = context.params.get("name")
    if not application:
        return []

    async def names(client: Client) -> list[str]:
        return [each.version for each in (await client.application_versions(application)).items]

    return _asked(names, incomplete)


def _asked(names: Callable[[Client], Awaitable[list[str]]], incomplete: str) -> list[str]:
    """What the server says, or nothing: whoever presses Tab wants no message."""
    try:
        found = settings.find()

        async def ask() -> list[str]:
            async with asyncio.timeout(PATIENCE_S):
                async with Client(found.url, found.token, timeout_s=PATIENCE_S) as client:
                    return await names(client)

        every = asyncio.run(ask())
    except (RipienoError, TimeoutError):
        return []
    return [each for each in every if each.startswith(incomplete) and each.isprintable()]
