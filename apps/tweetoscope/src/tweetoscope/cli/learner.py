"""`tweetoscope learner`."""

import os
import time
from typing import Annotated

import typer

from tweetoscope import learner, running
from tweetoscope.cli.options import HERE, LOCAL, Brokers, Host, Port
from tweetoscope.kafka import Kafka
from tweetoscope.learning import Kind
from tweetoscope.topics import LEARNER

NICE = 10
"""It makes way for those that somebody waits for."""


def command(
    brokers: Brokers = LOCAL,
    port: Port = None,
    host: Host = HERE,
    kind: Annotated[
        Kind, typer.Option(help="What is learnt; omega: as the course does.")
    ] = Kind.LOG_RATIO,
    memory: Annotated[int, typer.Option(min=12, help="Cascades that are learnt from.")] = 4000,
) -> None:
    """Learn from cascades that have ended."""
    os.nice(NICE)
    with running.service(LEARNER, Kafka(brokers), port=port, host=host) as running_:
        learning = learner.Learning(kind=kind, memory=memory)
        running_.work(learner.service(learning, running_.metrics, time.monotonic))
