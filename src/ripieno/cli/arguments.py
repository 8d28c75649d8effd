"""Arguments and options that several commands share, so that they are the same everywhere."""

from typing import Annotated

import typer

from ripieno.cli import completing
from ripieno.wire.reconfiguration import OnFailure

Deployment = Annotated[
    str,
    typer.Argument(
        metavar="DEPLOYMENT", help="Its name or id.", autocompletion=completing.deployments
    ),
]
Component = Annotated[
    str,
    typer.Argument(metavar="COMPONENT", help="Its name.", autocompletion=completing.components),
]
Components = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="COMPONENT",
        help="Which components; by default all.",
        autocompletion=completing.components,
        show_default=False,
    ),
]
Under = Annotated[
    str,
    typer.Argument(
        metavar="RECONFIGURATION|DEPLOYMENT",
        help="Its id (r-…), or the deployment that it is going on in.",
        autocompletion=completing.deployments,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Give a parameter a value; may be repeated.",
        show_default=False,
    ),
]
Configuration = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="One of the configurations of the application; '' for none of them.",
        show_default=False,
    ),
]
Version = Annotated[
    str | None,
    typer.Option(help="Version of a published application; by default the latest."),
]
Waits = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until it is over, and show how it goes on.")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print errors only; the exit code tells the rest.")
]
Queues = Annotated[
    bool,
    typer.Option(
        "--queue", help="Wait behind a reconfiguration that is going on, rather than be refused."
    ),
]
IfFails = Annotated[
    OnFailure | None,
    typer.Option(
        "--on-failure",
        help="When it fails: keep what was reached, or go back. By default what suits the command.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
