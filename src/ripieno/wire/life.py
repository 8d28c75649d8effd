"""Lives: how long deployments stay up by themselves."""

from datetime import datetime

from pydantic import ConfigDict, Field

from ripieno.wire.base import Request, Response


class Life(Response):
    """How long a deployment has been left to itself, and how long it has yet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "stopped_for": None,
                    "idle_stop_min": 30,
                    "idle_stop_at": "2026-01-31T12:29:40Z",
                    "lifetime_h": 8,
                    "ends_at": "2026-01-31T20:00:02Z",
                    "is_ending": False,
                    "problem": None,
                }
            ]
        }
    )

    stopped_for: str | None = Field(
        default=None, description="idle or lifetime, if that is why the server has stopped it"
    )
    idle_stop_min: float | None = Field(
        default=None, description="how long it may be unused; null: as long as it likes"
    )
    idle_stop_at: datetime | None = Field(
        default=None, description="when it is stopped unless somebody comes; null: somebody is here"
    )
    lifetime_h: float | None = Field(
        default=None, description="how long it may be up, without extensions"
    )
    ends_at: datetime | None = Field(
        default=None, description="when it is stopped, whoever is here"
    )
    is_ending: bool = Field(default=False, description="whether that is soon")
    problem: str | None = Field(default=None, description="why nobody can tell whether it is used")


MOST_HOURS = 87840
"""Ten years: the longest that a life is made longer at once."""


class ExtendRequest(Request):
    """More of a life."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"hours": 4}]})

    hours: float = Field(gt=0, le=MOST_HOURS, description="by how much its end is later")
