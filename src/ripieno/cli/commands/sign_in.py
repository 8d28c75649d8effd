"""`ripieno sign-in`: a link that signs a browser in."""

import webbrowser
from typing import Annotated

import typer

from ripieno.cli import moments, session
from ripieno.cli.output import safe


def sign_in(
    user: Annotated[
        str | None,
        typer.Argument(
            metavar="USER",
            help="Whom it lets in; by default the user of the token that is in use.",
            show_default=False,
        ),
    ] = None,
    opens: Annotated[
        bool, typer.Option("--open", help="Open it in the browser of this machine at once.")
    ] = False,
) -> None:
    """Make a link that signs a browser in once. It is printed alone on the standard output.

    One for yourself is good for ten minutes; an administrator can make one for another user, who
    then has three days to use it and choose a password. A new link takes the place of an old one.

    Example: ripieno sign-in
    """
    found = session.find()
    link = session.run(lambda client: client.create_sign_in_link(user))
    url = link.url or found.url + link.path
    typer.echo(
        f"it lets {safe(link.user)} in once, until {moments.day_and_time(link.expires_at)}; give "
        "it to nobody else",
        err=True,
    )
    typer.echo(safe(url))
    if opens and not webbrowser.open(url):
        typer.echo("no browser could be opened; open the link yourself", err=True)
