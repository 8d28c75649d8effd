"""JSON bytes of what the server itself made, whatever texts are in it."""

import json

import pydantic_core


def to_json(value: object) -> bytes:
    """A value as JSON; times in ISO 8601, what is not finite as null."""
    try:
        return pydantic_core.to_json(value, inf_nan_mode="null")
    except ValueError:
        # A lone surrogate, from output that was not UTF-8: escaped, which JSON allows.
        return json.dumps(pydantic_core.to_jsonable_python(value, inf_nan_mode="null")).encode()
