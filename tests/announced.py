"""What the API announces, made once in a process, as several modules make tests of it."""

from functools import cache
from typing import Any

from ripieno.api.app import create_app
from tests.fake_control import FakeControl


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, which is the same for every application; not to be changed."""
    return create_app(FakeControl()).openapi()
