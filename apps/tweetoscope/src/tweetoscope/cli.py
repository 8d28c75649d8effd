"""The command `tweetoscope`: one subcommand a service, and what prepares them."""

import os
from typing import Annotated

import typer

from tweetoscope import tansu
from tweetoscope.broker import BrokerError
from tweetoscope.kafka import Kafka
from tweetoscope.topics import all_topics

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
Port = Annotated[int, typer.Option(envvar="PORT", help="Where it listens.")]
Host = Annotated[str, typer.Option(help="Whom it listens to; 0.0.0.0: everybody.")]
LOCAL = "127.0.0.1:9092"


@app.command()
def broker(port: Port = 9092, host: Host = "127.0.0.1") -> None:
    """Be a broker: Tansu, in memory, until it is ended."""
    command = tansu.command(port, host)
    os.execv(command[0], command)


@app.command()
def topics(
    brokers: Brokers = LOCAL,
    partitions: Annotated[int, typer.Option(min=1, help="How far services can spread.")] = 3,
    replication: Annotated[int, typer.Option(min=1, help="Copies of each topic.")] = 1,
) -> None:
    """Make the topics that are not there yet."""
    try:
        made = Kafka(brokers, replication=replication).make(all_topics(partitions))
    except BrokerError as error:
        raise typer.Exit(_say(str(error))) from error
    typer.echo(f"made: {', '.join(made)}" if made else "all topics are there")


def _say(error: str) -> int:
    typer.echo(error, err=True)
    return 1
