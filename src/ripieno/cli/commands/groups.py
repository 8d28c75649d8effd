"""`ripieno group`: users who share something."""

from typing import Annotated

import typer

from ripieno.cli import catalogue, completing, session, sources
from ripieno.cli.arguments import AsJson, Yes
from ripieno.cli.output import console, is_terminal, safe, said, show_json
from ripieno.cli.status_view import columns
from ripieno.wire.group import Group, GroupRequest

app = catalogue.noun("Groups of users. Access lists and quotas name them as group:NAME.")

Name = Annotated[
    str, typer.Argument(metavar="GROUP", help="Its name.", autocompletion=completing.groups)
]
User = Annotated[str, typer.Argument(metavar="USER", help="Who.", autocompletion=completing.users)]
Description = Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="GROUP", help="A slug, such as neuro.")],
    description: Description = "",
    as_json: AsJson = False,
) -> None:
    """Make a group with nobody in it.

    Example: ripieno group add neuro --description "The third floor"
    """
    request = sources.request(GroupRequest, {"name": name, "description": description})
    made = session.run(lambda client: client.add_group(request))
    _report(made, as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all groups and who is in them; a * stands before those who manage one.

    Example: ripieno group list
    """
    found = list(session.run(lambda client: client.groups()).items)
    if as_json:
        show_json(found)
        return
    if not found:
        console().print("There are no groups. Make one with: ripieno group add NAME")
        return
    table = columns("Group", "Members", "For")
    for each in found:
        table.add_row(said(each.name), said(_members(each)), said(each.description))
    console().print(table)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a group and who is in it.

    Example: ripieno group show neuro
    """
    _report(session.run(lambda client: client.group(name)), as_json=as_json)


@app.command()
def describe(
    name: Name, description: Annotated[str, typer.Argument(metavar="TEXT", help="What it is for.")]
) -> None:
    """Say what a group is for.

    Example: ripieno group describe neuro "The third floor"
    """
    _report(session.run(lambda client: client.describe_group(name, description)), as_json=False)


@app.command("add-member")
def add_member(
    name: Name,
    user: User,
    is_manager: Annotated[
        bool, typer.Option("--manager", help="They may say who else is in it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a user into a group, or say anew whether they manage it.

    Example: ripieno group add-member neuro ada --manager
    """
    made = session.run(lambda client: client.put_member(name, user, is_manager=is_manager))
    _report(made, as_json=as_json)


@app.command("remove-member")
def remove_member(name: Name, user: User) -> None:
    """Take a user out of a group.

    Example: ripieno group remove-member neuro ada
    """
    session.run(lambda client: client.remove_member(name, user))
    typer.echo(f"{safe(user)} is not in {safe(name)} any more")


@app.command()
def remove(name: Name, is_sure: Yes = False) -> None:
    """Forget a group. Who had access by it has not any more.

    Example: ripieno group remove neuro
    """
    if not is_sure and is_terminal():
        typer.confirm(f"Forget the group {safe(name)}?", abort=True)
    session.run(lambda client: client.remove_group(name))
    typer.echo(f"group {safe(name)} is forgotten")


def _report(found: Group, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    typer.echo(f"group {safe(found.name)}: {safe(_members(found)) or 'nobody is in it'}")
    if found.description:
        typer.echo(f"  {safe(found.description)}")


def _members(found: Group) -> str:
    return " ".join(f"{'*' if each.is_manager else ''}{each.user}" for each in found.members)
