"""`tweetoscope logger`."""

from typing import Annotated

import typer

from tweetoscope import logger, running
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Port
from tweetoscope.kafka import Kafka
from tweetoscope.loki import pushing
from tweetoscope.topics import LOGGER


def command(
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
        running_.work(logger.service(loki_))
