"""`tweetoscope collector`."""

from typing import Annotated

import typer

from tweetoscope import collector, running
from tweetoscope.cascade import Gathering
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Port, windows
from tweetoscope.kafka import Kafka
from tweetoscope.topics import COLLECTOR


def command(
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
        running_.work(collector.service(gathering, running_.metrics))
