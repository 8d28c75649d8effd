"""Actions: what a transition does when a deployment carries it out, as data.

A transition never holds a coroutine, a session or a thread, so its state can be stored and done
again after a restart. Who performs actions, and how, is the control plane's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ripieno.model.errors import ComponentTypeError


class Verb(StrEnum):
    """What can be done. All but the last two work on the workload of the component.

    `CALL` calls a registered Python coroutine: `{"name": ..., "with": {...}}`. `COMMAND` runs a
    command on the component's host, exit code 0 meaning done: `{"argv": [...]}` and optionally
    `env`, `working_directory` and `timeout_s`.
    """

    PREPARE = "prepare"
    START = "start"
    AWAIT_READY = "await_ready"
    STOP = "stop"
    RESTART = "restart"
    ROLL = "roll"
    SCALE = "scale"
    REMOVE = "remove"
    RUN_JOB = "run_job"
    CHECK = "check"
    CALL = "call"
    COMMAND = "command"

    @property
    def is_own(self) -> bool:
        """Whether the author of the type says what is done, rather than the workload."""
        return self in (Verb.CALL, Verb.COMMAND)


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """What to do, and with what: plain data, as JSON has it, whose texts may hold `${...}`.

    Raises: `ComponentTypeError` when `CALL` has no name or `COMMAND` nothing to run.
    """

    verb: Verb
    arguments: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.verb is Verb.CALL and not _is_name(self.arguments.get("name")):
            raise ComponentTypeError("an action calls nothing; name a registered coroutine")
        if self.verb is Verb.COMMAND and not _is_argv(self.arguments.get("argv")):
            raise ComponentTypeError("an action runs nothing; give a list of words, [program, …]")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_argv(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
