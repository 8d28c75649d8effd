"""What comes into a supervisor's mailbox from those that act for it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from ripieno.model.action import Action
from ripieno.model.application import ComponentDefinition
from ripieno.model.component_type import Value
from ripieno.model.event import CommandId, TimerId
from ripieno.runtimes import base
from ripieno.runtimes.base import Handle


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A command for the performer: the action of a transition, and all that it is done with.

    `deployment` is the id, `deployment_name` what people call it.
    """

    deployment: str
    deployment_name: str
    command: CommandId
    attempt: int
    component: str
    transition: str
    action: Action | None
    definition: ComponentDefinition
    inputs: Mapping[str, Value] = field(default_factory=dict)
    handle: Handle | None = None

    @property
    def key(self) -> str:
        """Identity of what the command starts: another attempt starts something else."""
        return f"{self.command}.{self.attempt}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A command was carried out. `handle` is the component's from now on, None: unchanged."""

    command: CommandId
    attempt: int
    outputs: Mapping[str, Value] = field(default_factory=dict)
    handle: Handle | None = None
    is_removed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """A command could not be carried out."""

    command: CommandId
    attempt: int
    cause: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A handle has changed in the middle of a command; `done` is set once it is stored."""

    component: str
    handle: Handle
    done: asyncio.Future[None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Something worth telling happened on the way."""

    component: str | None
    text: str
    kind: str = "component.note"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicaEnded:
    """A replica that was ready has ended, or is not well any more."""

    component: str
    ended: base.Ended


@dataclass(frozen=True, kw_only=True, slots=True)
class RestartDue:
    """The pause before a crashed component is started again is over."""

    component: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerDue:
    """The deadline of a wait is reached."""

    timer: TimerId


Message = Done | Failed | Saved | Said | ReplicaEnded | RestartDue | TimerDue
