"""`tweetoscope notifier`."""

from typing import Annotated

import typer

from tweetoscope import notifier, running
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Port
from tweetoscope.kafka import Kafka
from tweetoscope.topics import NOTIFIER


def command(
    webhook: Annotated[
        str, typer.Option(envvar="TWEETOSCOPE_WEBHOOK", help="Where alerts are posted to.")
    ],
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    max_age: Annotated[
        float, typer.Option(min=0.0, help="Seconds after which an alert is no news any more.")
    ] = notifier.DAY_S,
) -> None:
    """Post each alert to a web address, as JSON with a sentence for chat programs."""
    notifier.check_address(webhook)
    with running.service(NOTIFIER, Kafka(brokers), port=port, host=host) as running_:
        where = notifier.Webhook(webhook, running_.metrics, running_.stop)
        running_.work(notifier.service(where, running_.metrics, max_age))
