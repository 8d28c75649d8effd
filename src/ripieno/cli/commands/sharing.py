"""`ripieno app yank`, `unyank`, `remove`, `visibility`, `owner`: what becomes of them."""

from typing import Annotated

import typer

from ripieno.cli import completing, session
from ripieno.cli.arguments import AsJson, Yes
from ripieno.cli.commands.registering import Name, VersionName
from ripieno.cli.exits import usage
from ripieno.cli.output import is_terminal, safe, show_json
from ripieno.client import Client
from ripieno.wire.application import Application


def yank(
    name: Name,
    version: VersionName,
    reason: Annotated[
        str, typer.Option("--reason", "-r", help="Why; those who have it read this.")
    ],
) -> None:
    """Withdraw a version: it is not deployed any more, unless it is named.

    What runs goes on, and the version stays where it was.

    Example: ripieno app yank counter 1.0.0 --reason 'it counts backwards'
    """
    session.run(lambda client: client.yank(name, version, reason))
    typer.echo(
        f"{name} {version} is yanked; bring it back with: ripieno app unyank {name} {version}"
    )


def unyank(name: Name, version: VersionName) -> None:
    """Bring a version back that was yanked.

    Example: ripieno app unyank counter 1.0.0
    """
    session.run(lambda client: client.unyank(name, version))
    typer.echo(f"{name} {version} is back.")


def remove(
    name: Name,
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="VERSION",
            help="Which version; by default all of them.",
            autocompletion=completing.versions,
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Although it is deployed; what runs goes on.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Forget a version, or an application with all of them.

    Others may rely on a version that was published; to yank it is kinder.

    Example: ripieno app remove counter 1.0.0
    """
    what = f"{name} {version}" if version else f"{name} with all of its versions"
    if not yes:
        if not is_terminal():
            raise usage(f"{what} would be gone for good; add --yes if that is meant")
        typer.confirm(f"Remove {what}?", abort=True)

    async def work(client: Client) -> None:
        if version is None:
            await client.remove_application(name, force=force)
        else:
            await client.remove_version(name, version, force=force)

    session.run(work)
    typer.echo(f"{what} is gone.")


def visibility(
    name: Name,
    principals: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WHO",
            help="Who may see it: everyone, user:NAME, group:NAME; without any, it is told.",
            show_default=False,
        ),
    ] = None,
    only_owner: Annotated[
        bool, typer.Option("--nobody", help="Nobody but its owner and maintainers.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say who may see an application, or show it.

    Example: ripieno app visibility counter group:neuro user:ada
    """
    if principals and only_owner:
        raise usage("give either --nobody or those who may see it")

    async def work(client: Client) -> Application:
        if not principals and not only_owner:
            return (await client.application(name)).entry
        return await client.share_application(name, visibility=principals or [])

    _tell(session.run(work), as_json)


def owner(
    name: Name,
    user: Annotated[str, typer.Argument(metavar="USER", help="Who is to own it.")],
    as_json: AsJson = False,
) -> None:
    """Give an application to another user.

    Example: ripieno app owner counter ada
    """
    _tell(session.run(lambda client: client.share_application(name, owner=user)), as_json)


def _tell(found: Application, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    name, owner = safe(found.name), safe(found.owner)
    readers = safe(", ".join(found.visibility)) or "nobody else"
    typer.echo(f"{name} belongs to {owner}, and may be seen by {readers}.")
