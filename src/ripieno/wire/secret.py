"""Secrets: they can be set and named, never read."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from ripieno.wire.base import NO_ZERO, Request, Response

MOST_SECRET = 64 * 1024
"""The longest secret, in characters."""


def _without_zero(value: SecretStr) -> SecretStr:
    if "\0" in value.get_secret_value():
        raise ValueError("the value has a zero character; take it out")
    return value


class SecretRequest(Request):
    """The value of a secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": "correct horse"}]})

    value: Annotated[
        SecretStr,
        Field(max_length=MOST_SECRET, json_schema_extra={"pattern": NO_ZERO}),
        AfterValidator(_without_zero),
    ]


class SecretNames(Response):
    """The names of all secrets."""

    items: list[str]
