"""`ripieno extend`: a later end for a deployment that has a life time."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ripieno.cli import moments, session
from ripieno.cli.arguments import AsJson, Deployment
from ripieno.cli.exits import usage
from ripieno.cli.output import safe, show_json
from ripieno.client import Client
from ripieno.wire import deployment as wire
from ripieno.wire.life import MOST_HOURS


def extend(
    deployment: Deployment,
    hours: Annotated[
        float, typer.Option(metavar="NUMBER", help="By how many hours its end is later.")
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Let a deployment live for longer: at the end of its life time it is stopped.

    Example: ripieno extend notebook --hours 4
    """

    if not 0 < hours <= MOST_HOURS:
        raise usage(f"--hours {hours:g}: give a number above 0 and at most {MOST_HOURS}")

    async def work(client: Client) -> wire.Deployment:
        return await client.extend(deployment, hours)

    found = session.run(work)
    if as_json:
        show_json(found.life)
        return
    assert found.life.ends_at is not None
    left_s = (found.life.ends_at - datetime.now(UTC)).total_seconds()
    typer.echo(f"{safe(found.name)} is stopped in {moments.measured(left_s)}, not earlier")
