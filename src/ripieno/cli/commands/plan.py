"""`ripieno plan`: what would be done to get from one assembly to another, and how long it takes."""

import json
from typing import Annotated

import typer
from rich.console import Console

from ripieno import offline
from ripieno.cli.plan_view import show
from ripieno.model.plan import to_json


def plan(
    current: Annotated[
        str,
        typer.Argument(
            metavar="CURRENT",
            help="What there is: an assembly file, or a case file, whose phases are simulated.",
        ),
    ],
    goal: Annotated[str, typer.Argument(metavar="GOAL", help="What should be: an assembly file.")],
    phase: Annotated[
        str | None,
        typer.Option(help="Begin at the end of this phase of a case file.", metavar="NAME"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Plan the way from one assembly to another; nothing is done.

    Shows what happens to every component and why, the steps in their order, and the predicted
    duration and downtime. The plan is simulated before it is shown. Exit code 0 if there is a plan
    (an empty one included), 1 if there is none, 2 for a file that cannot be read.

    Example: ripieno plan examples/plans/database.yaml examples/plans/database-goal.yaml
    """
    found = offline.plan_files(current, goal, phase=phase)
    if as_json:
        typer.echo(json.dumps(to_json(found), indent=2))
    else:
        show(found, Console(highlight=False))
