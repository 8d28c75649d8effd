"""`ripieno whoami`: who asks."""

from ripieno.cli import session
from ripieno.cli.arguments import AsJson
from ripieno.cli.commands import users
from ripieno.cli.output import console, said, show_json


def whoami(as_json: AsJson = False) -> None:
    """Show who asks, and what the token is good for.

    Example: ripieno whoami
    """
    found = session.run(lambda client: client.whoami())
    if as_json:
        show_json(found)
        return
    users.present(found)
    console().print(said(f"  by: {found.via}"))
    console().print(said(f"  scopes: {' '.join(found.scopes)}"))
