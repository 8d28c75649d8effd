"""`tweetoscope dashboard`."""

from typing import Annotated

import typer

from tweetoscope import running
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Listen, windows
from tweetoscope.dashboard.reading import Reading
from tweetoscope.dashboard.site import Site, serve
from tweetoscope.kafka import Kafka
from tweetoscope.topics import DASHBOARD


def command(
    brokers: Brokers = LOCAL,
    port: Listen = 8080,
    host: Host = HERE,
    observation: Annotated[
        list[str] | None,
        typer.Option(help="The collector's windows, to say when the first one closes."),
    ] = None,
) -> None:
    """Be a web page that shows what is foretold, while it happens."""
    windows_s = windows(observation or ["600,1200"])
    with running.service(DASHBOARD, Kafka(brokers), port=None, host=host) as running_:
        reading = Reading(running_.broker)
        site = Site(reading, running_.metrics, windows_s)
        serve(site, reading, host=host, port=port, stop=running_.stop)
