"""Imports: descriptions that others wrote, and the drafts of applications made of them."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from ripieno.wire.base import NO_ZERO, Document, Request, Response, Slug, Text

MOST_FILES = 50
MOST_PROFILES = 50

Reference = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=NO_ZERO)]


class ImportImageRequest(Request):
    """An image in a registry that everybody may read; it is described, not fetched."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"image": "ghcr.io/neuro/brain-viewer:1.2"}]}
    )

    image: Reference
    name: Slug | None = Field(default=None, description="what the application is to be called")


class ImportBoutiquesRequest(Request):
    """A Boutiques descriptor (JSON, schema 0.5)."""

    document: Document
    name: Slug | None = Field(default=None, description="what the application is to be called")


class ImportComposeRequest(Request):
    """A Compose file, and the files of variables that it names."""

    document: Document
    name: Slug | None = Field(
        default=None, description="what the application is to be called if the file has no name"
    )
    files: Annotated[dict[Text, Text], Field(max_length=MOST_FILES)] = Field(
        default_factory=dict, description="files of variables by their names in it, and .env"
    )
    profiles: Annotated[list[Text], Field(max_length=MOST_PROFILES)] = Field(
        default_factory=list, description="whose services are wanted, too"
    )


class Draft(Response):
    """An application file to go on from; nothing is registered yet."""

    document: str
    found: list[str] = Field(description="what the description told")
    missing: list[str] = Field(description="what somebody should fill in")
    notes: list[str] = Field(description="what could not be carried over, and why")
