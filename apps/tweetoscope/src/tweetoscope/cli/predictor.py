"""`tweetoscope predictor`."""

from typing import Annotated

import typer

from tweetoscope import predictor, running
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Port
from tweetoscope.kafka import Kafka
from tweetoscope.topics import PREDICTOR


def command(
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
        alarm = predictor.Alarm(threshold=threshold, probability=probability)
        running_.work(predictor.service(alarm, running_.metrics))
