"""Pages of lists: the next cursor in the body, and as a Link header (RFC 8288)."""

from fastapi import Request, Response


def link(request: Request, response: Response, following: str | None) -> None:
    """Tell in a header where the next page is, if there is one."""
    if following is not None:
        there = request.url.include_query_params(after=following)
        response.headers["Link"] = f'<{there.path}?{there.query}>; rel="next"'
