"""Saved configurations: how a user has filled in the form of an application."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from ripieno.wire.base import NO_ZERO, Request, Response, Version

NAME = r"^[^/\x00-\x1f\x7f]{1,60}$"

Setting = Annotated[str, StringConstraints(max_length=65536, pattern=NO_ZERO)]


class SaveConfigurationRequest(Request):
    """What is to be saved: parameters as texts, over one of the application's configurations."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"settings": {"atlas": "desikan", "memory_mib": "512"}}]}
    )

    version: Version | None = Field(default=None, description="by default the latest")
    configuration: Annotated[str, StringConstraints(max_length=100, pattern=NO_ZERO)] = ""
    settings: dict[Setting, Setting] = Field(default_factory=dict, max_length=500)


class SavedConfiguration(Response):
    """What was saved, by its name. `version` null: the latest."""

    application: str
    name: str
    version: str | None
    configuration: str
    settings: dict[str, str]
    saved_at: datetime


class SavedConfigurationPage(Response):
    """What the caller has saved of an application, by name."""

    items: list[SavedConfiguration]
