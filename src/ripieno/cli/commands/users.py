"""`ripieno user`: who there is, and who may do what."""

from typing import Annotated

import typer
from rich.text import Text

from ripieno.cli import catalogue, completing, hidden, moments, session, sources
from ripieno.cli.arguments import AsJson, Yes
from ripieno.cli.exits import usage
from ripieno.cli.output import console, is_terminal, safe, said, show_json
from ripieno.cli.status_view import columns
from ripieno.client import Client, every
from ripieno.model.access import Role
from ripieno.wire.user import MOST_PASSWORD, User, UserChange, UserRequest

app = catalogue.noun("Users, and who may do what.")

Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=completing.users)]
RoleOption = Annotated[
    Role | None,
    typer.Option(help="What they may be: each may do what those before it may."),
]
DisplayName = Annotated[
    str | None, typer.Option("--display-name", metavar="TEXT", help="How they are called.")
]
Email = Annotated[str | None, typer.Option(metavar="NAME@HOST", help="How they are written to.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A slug, such as ada-lovelace.")],
    role: RoleOption = Role.VIEWER,
    display_name: DisplayName = None,
    email: Email = None,
    with_password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read one from the input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a user. Without a password, a link lets them in: ripieno sign-in NAME.

    Example: ripieno user add ada --role deployer --display-name "Ada Lovelace"
    """
    fields = {"name": name, "role": role, "display_name": display_name, "email": email}
    if with_password:
        fields["password"] = hidden.read(f"Password of {safe(name)}", most_bytes=4 * MOST_PASSWORD)
    given = {field: value for field, value in fields.items() if value is not None}
    request = sources.request(UserRequest, given)
    made = session.run(lambda client: client.add_user(request))
    if as_json:
        show_json(made)
        return
    typer.echo(f"user {safe(made.name)} is a {made.role}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all users.

    Example: ripieno user list
    """

    async def ask(client: Client) -> list[User]:
        return [each async for each in every(client.users)]

    found = session.run(ask)
    if as_json:
        show_json(found)
        return
    table = columns("Name", "Role", "State", "Groups", "Called")
    for each in found:
        table.add_row(
            said(each.name),
            each.role.value,
            _state(each),
            said(" ".join(each.groups)),
            said(each.display_name),
        )
    console().print(table)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a user.

    Example: ripieno user show ada
    """
    found = session.run(lambda client: client.user(name))
    if as_json:
        show_json(found)
    else:
        present(found)


@app.command("set")
def set_(
    name: Name,
    role: RoleOption = None,
    display_name: DisplayName = None,
    email: Email = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a user.

    Example: ripieno user set ada --role publisher
    """
    fields = {"role": role, "display_name": display_name, "email": email}
    given = {field: value for field, value in fields.items() if value is not None}
    if not given:
        raise usage("nothing is to be changed; give --role, --display-name or --email")
    _change(name, sources.request(UserChange, given), as_json=as_json)


@app.command()
def disable(name: Name, as_json: AsJson = False) -> None:
    """Let a user in no more, now; what they have deployed goes on.

    Example: ripieno user disable ada
    """
    _change(name, UserChange(is_disabled=True), as_json=as_json)


@app.command()
def enable(name: Name, as_json: AsJson = False) -> None:
    """Let a user in again, and their tokens too.

    Example: ripieno user enable ada
    """
    _change(name, UserChange(is_disabled=False), as_json=as_json)


@app.command()
def password(
    name: Name,
    is_removed: Annotated[
        bool, typer.Option("--remove", help="Let no password in; a provider or a link may.")
    ] = False,
) -> None:
    """Give a user the password that is typed, or that on the input, and sign them out everywhere.

    Example: ripieno user password ada
    """
    given = None
    if not is_removed:
        given = hidden.read(f"Password of {safe(name)}", most_bytes=4 * MOST_PASSWORD)
    session.run(lambda client: client.set_password(name, given))
    typer.echo(f"{safe(name)} has {'no' if is_removed else 'another'} password")


@app.command()
def remove(
    name: Name,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="USER",
            help="Who gets their deployments and applications.",
            autocompletion=completing.users,
        ),
    ] = None,
    is_sure: Yes = False,
) -> None:
    """Forget a user, with their tokens and sessions. What they own goes to another.

    Example: ripieno user remove ada --to bob
    """
    if not is_sure and is_terminal():
        typer.confirm(f"Forget the user {safe(name)}?", abort=True)
    session.run(lambda client: client.remove_user(name, to=to))
    typer.echo(f"user {safe(name)} is forgotten")


def present(found: User) -> None:
    """Print what there is to know of a user."""
    terminal = console()
    terminal.print(Text.assemble((safe(found.name), "bold"), "  ", found.role.value, "  "), end="")
    terminal.print(_state(found))
    rows = {
        "called": found.display_name,
        "e-mail": found.email,
        "groups": " ".join(found.groups),
        "signs in by": _ways(found),
        "since": moments.day_and_time(found.created_at),
    }
    for name, value in rows.items():
        if value:
            terminal.print(said(f"  {name}: {value}"))


def _change(name: str, change: UserChange, *, as_json: bool) -> None:
    changed = session.run(lambda client: client.change_user(name, change))
    if as_json:
        show_json(changed)
    else:
        present(changed)


def _state(each: User) -> Text:
    return Text("disabled", style="bright_black") if each.is_disabled else Text("enabled")


def _ways(each: User) -> str:
    ways = ["password"] if each.has_password else []
    return ", ".join(ways + ([each.provider] if each.provider else []))
