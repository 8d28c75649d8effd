"""`ripieno simulate`: what the programs of a case file would do, in virtual time."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ripieno import offline
from ripieno.cli import gantt, timeline
from ripieno.model.errors import DocumentError
from ripieno.model.program import Outcome
from ripieno.model.simulation import CaseReport, to_json


def simulate(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A case file: one case or a list; - for standard input."
        ),
    ],
    phase: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Show this phase only; those before it run all the same."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
    gantt_file: Annotated[
        Path | None, typer.Option("--gantt", metavar="OUT.svg", help="Draw the phases into a file.")
    ] = None,
) -> None:
    """Run the programs of a case file in virtual time and show what happens when.

    Shows for each phase the outcome, the makespan, a timeline, the critical path and where every
    component ends; for a deadlock, who waits for whom. Exit code 0 if every phase completes, 1 if
    one does not, 2 for a file that cannot be read.

    Example: ripieno simulate examples/web-shop.yaml --gantt web-shop.svg
    """
    if gantt_file is not None and _is_same(gantt_file, file):
        raise DocumentError("this is the case file itself; draw into another one", source=file)
    reports = offline.simulate_file(file)
    if phase is not None:
        reports = _narrowed(reports, phase, file)
    if gantt_file is not None:
        offline.write(gantt_file, gantt.draw(reports))
    if as_json:
        typer.echo(json.dumps([to_json(report) for report in reports], indent=2))
    else:
        console = Console(highlight=False)
        for number, report in enumerate(reports):
            if number:
                console.print()
            timeline.show(report, console)
    if not all(report.completes for report in reports):
        raise typer.Exit(1)


def _narrowed(reports: list[CaseReport], phase: str, file: str) -> list[CaseReport]:
    """The reports of one phase; a case that was refused has none, and is shown as it is.

    Raises: `DocumentError` if no case has such a phase.
    """
    narrowed = []
    for report in reports:
        shown = tuple(
            each for each in report.phases if each.name == phase or each.outcome is Outcome.REJECTED
        )
        if shown:
            narrowed.append(CaseReport(id=report.id, title=report.title, phases=shown))
    if not narrowed:
        names = dict.fromkeys(each.name for report in reports for each in report.phases)
        raise DocumentError(
            f"there is no phase {phase!r}; the phases are {', '.join(names)}", source=file
        )
    return narrowed


def _is_same(one: Path, other: str) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # One of them is not there, or is standard input.
        return False
