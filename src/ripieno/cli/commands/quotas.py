"""`ripieno quota`: how much may run."""

from typing import Annotated

import typer

from ripieno.cli import catalogue, completing, session, sources
from ripieno.cli.arguments import AsJson
from ripieno.cli.exits import usage
from ripieno.cli.output import console, safe, said, show_json
from ripieno.cli.status_view import columns
from ripieno.wire.quota import Quota, QuotaRequest

app = catalogue.noun("Quotas: how much users and groups may have running.")

Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="Whose: user:NAME, group:NAME or everyone.")
]


@app.command("set")
def set_(
    subject: Subject,
    deployments: Annotated[
        int | None, typer.Option(min=0, help="Running deployments at most.")
    ] = None,
    cpus: Annotated[float | None, typer.Option(min=0, help="CPUs at most.")] = None,
    memory_mib: Annotated[int | None, typer.Option(min=0, help="Memory at most, in MiB.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set a quota, in the place of what it was. What runs already goes on.

    That of a group is for all that its members have together, that of everyone for each user by
    themselves, where their own says nothing.

    Example: ripieno quota set group:neuro --deployments 10 --memory-mib 16384
    """
    limits = {"deployments": deployments, "cpus": cpus, "memory_mib": memory_mib}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    if not given:
        raise usage("nothing is limited; give --deployments, --cpus or --memory-mib")
    request = sources.request(QuotaRequest, given)
    _report([session.run(lambda client: client.set_quota(subject, request))], as_json=as_json)


@app.command("list")
def list_(
    user: Annotated[
        str | None,
        typer.Option(
            metavar="USER",
            help="Those that count what a user has.",
            autocompletion=completing.users,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the quotas that count what you have, as an administrator all; with what is used.

    Example: ripieno quota list
    """
    _report(list(session.run(lambda client: client.quotas(user=user)).items), as_json=as_json)


@app.command()
def remove(subject: Subject) -> None:
    """Let a user or a group have as much as they like.

    Example: ripieno quota remove user:ada
    """
    session.run(lambda client: client.remove_quota(subject))
    typer.echo(f"{safe(subject)} has no quota")


def _report(found: list[Quota], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    if not found:
        typer.echo("There are no quotas, or none that concern you.")
        return
    table = columns("Of", "Deployments", "CPUs", "Memory (MiB)")
    for each in found:
        table.add_row(
            said(each.subject),
            _part(each.used.deployments, each.deployments),
            _part(each.used.cpus, each.cpus),
            _part(each.used.memory_mib, each.memory_mib),
        )
    console().print(table)


def _part(used: float, limit: float | None) -> str:
    return f"{used:g}" if limit is None else f"{used:g} of {limit:g}"
