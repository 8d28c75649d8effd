"""Options that several commands have."""

from collections.abc import Iterable
from typing import Annotated

import typer

from tweetoscope.errors import BadParameters

Brokers = Annotated[
    str,
    typer.Option(
        envvar="TWEETOSCOPE_BROKERS", help="Addresses of Kafka brokers: host:port, with commas."
    ),
]
Listen = Annotated[int, typer.Option(envvar="PORT", help="Where it listens.")]
Port = Annotated[
    int | None, typer.Option(envvar="PORT", help="Where Prometheus asks it; without: nowhere.")
]
Host = Annotated[str, typer.Option(help="Whom it listens to; 0.0.0.0: everybody.")]
LOCAL = "127.0.0.1:9092"
HERE = "127.0.0.1"


def windows(said: Iterable[str]) -> tuple[float, ...]:
    """The windows that were asked for, in seconds and ascending."""
    words = [word.strip() for each in said for word in each.split(",")]
    try:
        return tuple(sorted({float(word) for word in words}))
    except ValueError as error:
        raise BadParameters(
            f"--observation {','.join(said)}: windows are seconds, as in --observation 600,3600"
        ) from error
