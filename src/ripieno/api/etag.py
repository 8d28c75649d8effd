"""Which state of a thing a client has seen: ETag, If-Match and If-None-Match (RFC 9110, 13)."""

import hashlib
import re
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import Response

from ripieno.api.errors import InvalidHeader

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="the ETag of the deployment as it was seen, or its revision in quotes; "
        "412 if what was asked of it has changed since",
    ),
]

_REVISION = re.compile(r'"(\d{1,18})(\.[0-9a-f]+)?"')


def revision_of(if_match: str | None) -> int | None:
    """The revision that a client has seen; None: it does not care.

    Raises: InvalidHeader.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    match = _REVISION.fullmatch(if_match.strip())
    if match is None:
        raise InvalidHeader(
            'If-Match is no ETag of a deployment; send what GET gave, or its revision: "3"'
        )
    return int(match[1])


def conditional(request: Request, response: Response) -> Response:
    """The response with its ETag, or 304 where the client has it already.

    The tag is a digest of the body, behind what the route set: a deployment's revision.
    """
    digest = hashlib.blake2b(response.body, digest_size=12).hexdigest()
    first = response.headers.get("etag")
    tag = f'"{first}.{digest}"' if first else f'"{digest}"'
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in (
        each.strip().removeprefix("W/") for each in known.split(",")
    ):
        kept = {
            name: value
            for name, value in response.headers.items()
            if name in ("etag", "cache-control", "link")
        }
        return Response(status_code=304, headers=kept)
    return response
