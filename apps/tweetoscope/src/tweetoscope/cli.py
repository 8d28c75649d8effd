"""The command `tweetoscope`: one subcommand a service, and what prepares them."""

import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tweetoscope import collector as collecting
from tweetoscope import estimator as estimating
from tweetoscope import generator as generating
from tweetoscope import jetstream as streaming
from tweetoscope import learner as teaching
from tweetoscope import logger as logging_
from tweetoscope import moving, replay, running, tansu
from tweetoscope import notifier as notifying
from tweetoscope import predictor as predicting
from tweetoscope.cascade import Gathering
from tweetoscope.errors import BadParameters, TweetoscopeError
from tweetoscope.followers import Followers
from tweetoscope.kafka import Kafka
from tweetoscope.learning import Kind
from tweetoscope.loki import pushing
from tweetoscope.marks import PowerLaw
from tweetoscope.prior import Prior
from tweetoscope.sources import Emitted, Simulation, Spread, closing, spread
from tweetoscope.topics import (
    COLLECTOR,
    DASHBOARD,
    ESTIMATOR,
    GENERATOR,
    LEARNER,
    LOGGER,
    NOTIFIER,
    PREDICTOR,
    all_topics,
)


class Kinds(StrEnum):
    """Where tweets can come from."""

    SIMULATED = "simulated"
    FILE = "file"
    JETSTREAM = "jetstream"


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Predict in real time how popular a tweet will become.",
)

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


@app.command()
def broker(port: Listen = 9092, host: Host = HERE) -> None:
    """Be a broker: Tansu, in memory, until it is ended."""
    command = tansu.command(port, host)
    os.execv(command[0], command)


@app.command()
def topics(
    brokers: Brokers = LOCAL,
    partitions: Annotated[int, typer.Option(min=1, help="How far services can spread.")] = 3,
    replication: Annotated[int, typer.Option(min=1, help="Copies of each topic.")] = 1,
    former: Annotated[
        str | None,
        typer.Option("--from", help="Brokers that a pipeline is to move from, with its state."),
    ] = None,
    take_back: Annotated[
        bool, typer.Option(help="Whether a pipeline that was to move away stays here after all.")
    ] = False,
) -> None:
    """Make the topics that are not there yet."""
    cluster = Kafka(brokers, replication=replication)
    if take_back:
        typer.echo(f"tasks that stay here: {moving.take_back(cluster)}")
    if former is not None and former != brokers:
        unread = moving.move(Kafka(former), cluster, brokers)
        if unread is None:
            typer.echo(f"the pipeline has moved here from {former} already")
        else:
            typer.echo(f"moved here from {former}, with {unread} records that were not read yet")
        return
    made = cluster.make(all_topics(partitions))
    typer.echo(f"made: {', '.join(made)}" if made else "all topics are there")


@app.command()
def generator(
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
    ] = streaming.ADDRESS,
    profiles: Annotated[
        str, typer.Option(help="Where it is asked how many followers an account has.")
    ] = streaming.PROFILES,
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
        feed: generating.Feed = generating.Paced(emitted=emitted, acceleration=acceleration)
        if kind is Kinds.JETSTREAM:
            feed = streaming.Jetstream(
                followers=Followers(profiles),
                metrics=running_.metrics,
                address=jetstream,
                sources=sources,
            )
        generating.run(feed, running_.broker, running_.metrics, running_.stop)
        if stay:
            running_.stop.wait()


@app.command()
def collector(
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    observation: Annotated[
        list[str] | None,
        typer.Option(help="Seconds of a window; for several, with commas or given again."),
    ] = None,
    terminated: Annotated[float, typer.Option(help="Seconds of silence that end a cascade.")] = (
        1800.0
    ),
    min_cascade_size: Annotated[int, typer.Option(help="Tweets that a window has at least.")] = 10,
    lateness: Annotated[float, typer.Option(help="Seconds by which tweets may be late.")] = 0.0,
    horizon: Annotated[float, typer.Option(help="Seconds after which any cascade is over.")] = (
        604_800.0
    ),
) -> None:
    """Gather tweets to cascades, and tell of these when a window closes and when they end."""
    gathering = Gathering(
        windows_s=windows(observation or ["600,1200"]),
        terminated_s=terminated,
        least_events=min_cascade_size,
        lateness_s=lateness,
        horizon_s=horizon,
    )
    with running.service(COLLECTOR, Kafka(brokers), port=port, host=host) as running_:
        running_.work(collecting.service(gathering, running_.metrics))


@app.command()
def estimator(
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    mean_magnitude: Annotated[
        float, typer.Option(help="Followers in the mean, until the stream has told.")
    ] = PowerLaw().mean,
    prior: Annotated[
        bool, typer.Option(help="Whether what is usual counts beside the likelihood.")
    ] = True,
) -> None:
    """Estimate parameters of the cascades that were seen in a window."""
    with running.service(ESTIMATOR, Kafka(brokers), port=port, host=host) as running_:
        usual = Prior.from_moments() if prior else None
        running_.work(estimating.service(mean_magnitude, usual))


@app.command()
def predictor(
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    threshold: Annotated[float, typer.Option(help="Final size that is worth an alert.")] = 0.0,
    probability: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="How likely it has to be.")
    ] = 0.5,
) -> None:
    """Predict final sizes, and tell how good predictions were."""
    with running.service(PREDICTOR, Kafka(brokers), port=port, host=host) as running_:
        alarm = predicting.Alarm(threshold=threshold, probability=probability)
        running_.work(predicting.service(alarm, running_.metrics))


@app.command()
def learner(
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    kind: Annotated[
        Kind, typer.Option(help="What is learnt; omega: as the course does.")
    ] = Kind.LOG_RATIO,
    memory: Annotated[int, typer.Option(min=12, help="Cascades that are learnt from.")] = 4000,
) -> None:
    """Learn from cascades that have ended."""
    with running.service(LEARNER, Kafka(brokers), port=port, host=host) as running_:
        learning = teaching.Learning(kind=kind, memory=memory)
        running_.work(teaching.service(learning, running_.metrics))


@app.command()
def logger(
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    loki: Annotated[
        str | None, typer.Option(envvar="TWEETOSCOPE_LOKI", help="Where Loki is: http://host:port.")
    ] = None,
) -> None:
    """Print what all services log, and push it to Loki."""
    with (
        running.service(LOGGER, Kafka(brokers), port=port, host=host) as running_,
        pushing(loki, running_.metrics) as loki_,
    ):
        running_.work(logging_.service(loki_))


@app.command()
def notifier(
    webhook: Annotated[
        str, typer.Option(envvar="TWEETOSCOPE_WEBHOOK", help="Where alerts are posted to.")
    ],
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    max_age: Annotated[
        float, typer.Option(min=0.0, help="Seconds after which an alert is no news any more.")
    ] = notifying.DAY_S,
) -> None:
    """Post each alert to a web address, as JSON with a sentence for chat programs."""
    with running.service(NOTIFIER, Kafka(brokers), port=port, host=host) as running_:
        where = notifying.Webhook(webhook, running_.metrics, running_.stop)
        running_.work(notifying.service(where, running_.metrics, max_age))


@app.command()
def dashboard(
    brokers: Brokers = LOCAL,
    port: Listen = 8080,
    host: Host = HERE,
    observation: Annotated[
        list[str] | None,
        typer.Option(help="The collector's windows, to say when the first one closes."),
    ] = None,
) -> None:
    """Be a web page that shows what is foretold, while it happens."""
    # No other service needs a web server, and all would wait for it to be loaded.
    from tweetoscope.dashboard.reading import Reading
    from tweetoscope.dashboard.site import Site, serve

    with running.service(DASHBOARD, Kafka(brokers), port=None, host=host) as running_:
        reading = Reading(running_.broker)
        site = Site(reading, running_.metrics, windows(observation or ["600,1200"]))
        serve(site, reading, host=host, port=port, stop=running_.stop)


def windows(said: Iterable[str]) -> tuple[float, ...]:
    """The windows that were asked for, in seconds and ascending."""
    words = [word.strip() for each in said for word in each.split(",")]
    try:
        return tuple(sorted({float(word) for word in words}))
    except ValueError as error:
        raise BadParameters(
            f"--observation {','.join(said)}: windows are seconds, as in --observation 600,3600"
        ) from error


def main() -> None:
    """Run a command; what is wrong with its input or its broker is said in one line."""
    try:
        app()
    except TweetoscopeError as error:
        typer.echo(f"tweetoscope: {error}", err=True)
        raise SystemExit(1) from error
