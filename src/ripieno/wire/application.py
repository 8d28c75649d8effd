"""Applications that are published, each with its versions."""

from datetime import datetime

from pydantic import ConfigDict

from ripieno.wire.base import Document, Request, Response
from ripieno.wire.page import Page


class PublishRequest(Request):
    """An application file to publish; its name and version are in it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"document": "name: hello\nversion: 1.0.0\ncomponents: {}\n"}]
        }
    )

    document: Document


class Published(Response):
    """The name and version under which an application was published."""

    name: str
    version: str


class Application(Response):
    """A published application and its latest version."""

    name: str
    latest: str
    title: str
    description: str


class ApplicationPage(Page[Application]):
    """Applications by name."""


class ApplicationVersion(Response):
    """One version of an application; it never changes."""

    name: str
    version: str
    document: str
    published_at: datetime
