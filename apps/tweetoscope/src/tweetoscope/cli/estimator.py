"""`tweetoscope estimator`."""

from typing import Annotated

import typer

from tweetoscope import estimator, running
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Port
from tweetoscope.kafka import Kafka
from tweetoscope.marks import PowerLaw
from tweetoscope.prior import Prior
from tweetoscope.topics import ESTIMATOR


def command(
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
        running_.work(estimator.service(mean_magnitude, usual))
