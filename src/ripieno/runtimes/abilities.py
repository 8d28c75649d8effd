"""What runtimes can do and what not: told to whoever chooses where a component is to run."""

from collections.abc import Mapping
from enum import StrEnum


class Ability(StrEnum):
    """Something that a runtime can do, or cannot."""

    COMMANDS = "commands"
    IMAGES = "images"
    FILES = "files"
    HEALTH = "health"
    SCALING = "scaling"
    ROLLING_UPDATES = "rolling-updates"
    JOBS = "jobs"
    LOGS = "logs"
    USAGE = "usage"
    OUTLIVES_SERVER = "outlives-server"
    LIMITS = "limits"


def of_hosts(*, run_images: bool) -> Mapping[Ability, bool]:
    """What can be done on hosts, of which one has a container engine or none has."""
    return {**PROCESSES, Ability.IMAGES: run_images}


PROCESSES: Mapping[Ability, bool] = {
    each: each not in (Ability.IMAGES, Ability.LIMITS) for each in Ability
}
"""Of plain processes on a host, this machine or one that is reached over SSH: what a component is
promised is counted, and nobody keeps it from using more."""
