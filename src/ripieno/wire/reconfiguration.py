"""Reconfigurations: asking for a change of a deployment, and how far it is."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from ripieno.wire.base import (
    MOST_ITEMS,
    SLUG,
    Count,
    Document,
    Flag,
    Identifier,
    Json,
    Request,
    Response,
    Slug,
    Text,
    Version,
)
from ripieno.wire.page import Page


class ReconfigurationKind(StrEnum):
    """What a reconfiguration was asked for."""

    DEPLOY = "deploy"
    APPLY = "apply"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SCALE = "scale"
    REMOVE = "remove"
    ROLLBACK = "rollback"


class ReconfigurationState(StrEnum):
    """How far a reconfiguration is."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (
            ReconfigurationState.COMPLETED,
            ReconfigurationState.FAILED,
            ReconfigurationState.CANCELLED,
            ReconfigurationState.REFUSED,
        )


class ChangeKind(StrEnum):
    """What can be asked of a deployment."""

    APPLY = "apply"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SCALE = "scale"
    REMOVE = "remove"
    ROLLBACK = "rollback"


class OnFailure(StrEnum):
    """What to do when a reconfiguration fails."""

    KEEP = "keep"
    ROLLBACK = "rollback"


class Decision(StrEnum):
    """What to do about a failed transition."""

    RETRY = "retry"
    SKIP = "skip"
    ABANDON = "abandon"


Folder = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^/[^\x00]*$")]


class SourceRequest(Request):
    """An application: its document, or the name (and version) of a published one."""

    document: Document | None = Field(default=None, description="the application file, as text")
    application: Slug | None = Field(
        default=None, description="the name of a published application"
    )
    version: Version | None = Field(default=None, description="its version; by default the latest")
    parameters: Annotated[dict[Text, Json], Field(max_length=MOST_ITEMS)] = Field(
        default_factory=dict, description="values of the application's parameters"
    )
    settings: Annotated[dict[Text, Text], Field(max_length=MOST_ITEMS)] = Field(
        default_factory=dict, description="values as text, to be read by the parameter's type"
    )
    configuration: Annotated[str, StringConstraints(pattern=f"^$|{SLUG}")] | None = Field(
        default=None,
        description="one of the application's configurations, empty for none of them; not given, "
        "the one that there is stays",
    )
    directory: Folder | None = Field(
        default=None,
        description="where relative sources of files are, on the server; an absolute path",
    )


class ChangeRequest(SourceRequest):
    """What is to become of a deployment.

    Document, application, version, parameters and settings are for `apply`, and without a document
    or an application it is the present one with other parameters. `components` are for `start`,
    `stop` and `restart` (none: all), `replicas` for `scale`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "scale", "replicas": {"web": 3}},
                {"kind": "apply", "settings": {"atlas": "desikan"}, "on_failure": "rollback"},
                {"kind": "restart", "components": ["web"], "queue": True},
            ]
        }
    )

    kind: ChangeKind
    components: Annotated[list[Identifier], Field(max_length=MOST_ITEMS)] = Field(
        default_factory=list
    )
    replicas: Annotated[dict[Identifier, Count], Field(max_length=MOST_ITEMS)] = Field(
        default_factory=dict
    )
    returns_to: Identifier | None = Field(
        default=None,
        description="for `apply`: a reconfiguration that has completed, to be as after it",
    )
    on_failure: OnFailure | None = Field(default=None, description="by default what suits the kind")
    queue: Flag = Field(
        default=False, description="wait behind a reconfiguration that runs, rather than be refused"
    )


class RemoveQuery(Request):
    """How a deployment is to be removed."""

    on_failure: OnFailure | None = None
    queue: bool = Field(default=False, description="wait behind a reconfiguration that runs")


class Span(Response):
    """One transition as it went; `state`: issued, held, done, failed or dropped."""

    component: str
    transition: str
    behaviour: str
    attempt: int
    state: str
    start: datetime
    end: datetime | None
    cause: str | None


class ForecastSpan(Response):
    """One transition as it was predicted, in seconds from the start of the reconfiguration."""

    component: str
    transition: str
    start_s: float
    end_s: float
    is_critical: bool = Field(default=False, description="whether a delay of it delays all")


class Reconfiguration(Response):
    """A change of a deployment: what was predicted and, as far as it went, what happened."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "r-42",
                    "deployment": "shop-1",
                    "kind": "deploy",
                    "state": "running",
                    "reason": None,
                    "requested_by": "alice",
                    "created_at": "2026-01-31T12:00:00Z",
                    "started_at": "2026-01-31T12:00:00Z",
                    "ended_at": None,
                    "predicted_s": 3.5,
                    "components": ["store", "web"],
                    "timeline": [],
                    "forecast": [],
                    "rollback": None,
                }
            ]
        }
    )

    id: str
    deployment: str
    kind: ReconfigurationKind
    state: ReconfigurationState
    reason: str | None = Field(description="why it is in this state")
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    predicted_s: float | None
    components: list[str]
    timeline: list[Span] = Field(default_factory=list)
    forecast: list[ForecastSpan] = Field(default_factory=list)
    rollback: str | None = Field(
        default=None, description="the reconfiguration that undoes this one"
    )


class ReconfigurationPage(Page[Reconfiguration]):
    """Reconfigurations of a deployment, the newest first, without their timelines."""
