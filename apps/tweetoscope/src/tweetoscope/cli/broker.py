"""`tweetoscope broker`."""

import os

from tweetoscope import tansu
from tweetoscope.cli.options import HERE, Host, Listen


def command(port: Listen = 9092, host: Host = HERE) -> None:
    """Be a broker: Tansu, in memory, until it is ended."""
    command = tansu.command(port, host)
    os.execv(command[0], command)
