"""`ripieno gantt`: when what happened, beside when it was predicted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ripieno import offline
from ripieno.cli import (
    comparison,
    comparison_svg,
    comparison_text,
    completing,
    moments,
    session,
    sources,
    timeline,
)
from ripieno.cli import gantt as drawing
from ripieno.cli.arguments import AsJson
from ripieno.cli.commands.steering import with_id
from ripieno.cli.exits import CommandError, ExitCode
from ripieno.cli.output import console, safe, show_json
from ripieno.client import Client
from ripieno.model.errors import DocumentError
from ripieno.model.simulation import to_json
from ripieno.wire.reconfiguration import Reconfiguration


def gantt(
    what: Annotated[
        str,
        typer.Argument(
            metavar="DEPLOYMENT|RECONFIGURATION|FILE",
            help="A deployment (its last reconfiguration), the id of a reconfiguration (r-…), or a "
            "case file, which is simulated.",
            autocompletion=completing.deployments,
        ),
    ],
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="OUT.svg", help="Draw into a file instead; - prints it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw when each transition ran, and under it when it was predicted to.

    Example: ripieno gantt counter --svg counter.svg
    """
    if sources.is_file(what):
        _simulated(what, svg, as_json=as_json)
        return

    async def look(client: Client) -> tuple[str, Reconfiguration]:
        if (found := await with_id(client, what)) is not None:
            return (await client.deployment(found.deployment)).name, found
        deployment = await client.deployment(what)
        chosen = deployment.reconfiguration
        if chosen is None:
            asked = (await client.reconfigurations(what, limit=1)).items
            if not asked:
                raise CommandError(
                    f"nothing was asked of {safe(deployment.name)} yet", ExitCode.NOT_FOUND
                )
            chosen = asked[0].id
        return deployment.name, await client.reconfiguration(chosen)

    name, found = session.run(look)
    if as_json:
        show_json(found)
        return
    most = comparison_text.MOST_LANES if svg is None else comparison_svg.MOST_LANES
    compared = comparison.compare(found, datetime.now(UTC), most_lanes=most)
    title = f"{name}: {found.kind} {found.id}"
    if svg is not None:
        _write(svg, comparison_svg.draw(f"{title}, {found.state}", compared))
        return
    terminal = console()
    times = f"{found.state}, {moments.measured(compared.elapsed_s)}"
    if compared.predicted_s is not None:
        times += f" (predicted {moments.duration(compared.predicted_s)})"
    terminal.print(Text.assemble((safe(title), "bold"), f"  {times}"))
    comparison_text.show(compared, terminal)


def _simulated(file: str, svg: Path | None, *, as_json: bool) -> None:
    if svg is not None and Path(file).exists() and svg.exists() and svg.samefile(file):
        raise DocumentError("this is the case file itself; draw into another one", source=file)
    reports = offline.simulate_file(file)
    if as_json:
        show_json([to_json(report) for report in reports])
    elif svg is not None:
        _write(svg, drawing.draw(reports))
    else:
        for report in reports:
            timeline.show(report, console())
    if not all(report.completes for report in reports):
        raise typer.Exit(ExitCode.FAILED)


def _write(path: Path, drawn: str) -> None:
    if str(path) == sources.STANDARD_INPUT:
        typer.echo(drawn, nl=False)
        return
    offline.write(path, drawn)
    typer.echo(f"{path} is drawn")
