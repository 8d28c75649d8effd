"""`tweetoscope generator`."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tweetoscope import generator, replay, running
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Port
from tweetoscope.errors import BadParameters
from tweetoscope.followers import Followers
from tweetoscope.jetstream import ADDRESS, PROFILES, Jetstream
from tweetoscope.kafka import Kafka
from tweetoscope.sources import Emitted, Simulation, Spread, closing, spread
from tweetoscope.topics import GENERATOR


class Kinds(StrEnum):
    """Where tweets can come from."""

    SIMULATED = "simulated"
    FILE = "file"
    JETSTREAM = "jetstream"


def command(
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    source: Annotated[
        Kinds | None,
        typer.Option(help="Where tweets come from; by default a file if one is given."),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Cascades to replay: Parquet or CSV.")] = None,
    index: Annotated[Path | None, typer.Option(help="Where each is in the CSV file.")] = None,
    acceleration: Annotated[
        float, typer.Option(min=0.0, help="Times faster than it was; 0: as fast as possible.")
    ] = 1000.0,
    sources: Annotated[int, typer.Option(min=1, help="Sources in parallel.")] = 5,
    cascades: Annotated[int, typer.Option(min=1, help="Cascades at once in each source.")] = 5,
    start_range: Annotated[
        float, typer.Option(min=0.0, help="Minutes within which the next one begins.")
    ] = 10.0,
    seed: Annotated[int, typer.Option(help="Other numbers, other cascades.")] = 0,
    quiet: Annotated[
        float, typer.Option(min=0.0, help="Seconds after a replay, to close what is open.")
    ] = 604_800.0,
    jetstream: Annotated[
        str, typer.Option(help="Where Bluesky's public stream is, if that is the source.")
    ] = ADDRESS,
    profiles: Annotated[
        str, typer.Option(help="Where it is asked how many followers an account has.")
    ] = PROFILES,
    stay: Annotated[
        bool, typer.Option(help="Whether it is there still when all is written.")
    ] = False,
) -> None:
    """Write tweets: simulated ones, those of a file, or Bluesky's as they come."""
    kind = source or (Kinds.SIMULATED if data is None else Kinds.FILE)
    if kind is Kinds.FILE and data is None:
        raise BadParameters("the source is a file: say which one, with --data")
    how = Spread(
        sources=sources, at_once=cascades, pause_s=60.0 * start_range, origins_s=1e6, seed=seed
    )

    whole = replay.read(data, index) if kind is Kinds.FILE and data is not None else None

    def emitted() -> Iterable[Emitted]:
        if whole is None:
            return spread(Simulation(seed=seed).cascades(), how)
        return closing(spread(whole, how), quiet)

    with running.service(GENERATOR, Kafka(brokers), port=port, host=host) as running_:
        running_.serve()
        feed: generator.Feed = generator.Paced(emitted=emitted, acceleration=acceleration)
        if kind is Kinds.JETSTREAM:
            feed = Jetstream(
                followers=Followers(profiles),
                metrics=running_.metrics,
                address=jetstream,
                sources=sources,
            )
        running_.meet()
        generator.run(feed, running_.broker, running_.metrics, running_.stop)
        if stay:
            running_.stop.wait()
