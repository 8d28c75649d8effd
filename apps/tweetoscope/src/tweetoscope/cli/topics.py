"""`tweetoscope topics`."""

import threading
from functools import partial
from typing import Annotated

import typer

from tweetoscope import moving, waiting
from tweetoscope.cli.options import LOCAL, Brokers
from tweetoscope.kafka import Kafka
from tweetoscope.topics import all_topics

TIMEOUT_S = 30.0
"""How long is waited for brokers that do not answer."""


def command(
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
    clusters = [cluster] if former in (None, brokers) else [cluster, Kafka(former)]
    for each in clusters:
        waiting.until_there(
            each, partial(typer.echo, err=True), threading.Event(), within_s=TIMEOUT_S
        )
    if take_back:
        typer.echo(f"tasks that stay here: {moving.take_back(cluster)}")
    if former is not None and len(clusters) > 1:
        unread = moving.move(clusters[1], cluster, brokers)
        if unread is None:
            typer.echo(f"the pipeline has moved here from {former} already")
        else:
            typer.echo(f"moved here from {former}, with {unread} records that were not read yet")
        return
    if stayed := moving.stay(cluster):
        typer.echo(f"a move from here was not finished; tasks that stay here: {stayed}")
    made = cluster.make(all_topics(partitions))
    typer.echo(f"made: {', '.join(made)}" if made else "all topics are there")
