"""Pages of lists: the next cursor in the body, and as a Link header (RFC 8288)."""

from urllib.parse import urlencode

from fastapi import Request, Response


def link(request: Request, response: Response, following: str | None) -> None:
    """Tell in a header where the next page is, if there is one."""
    if following is not None:
        same = [each for each in request.query_params.multi_items() if each[0] != "after"]
        query = urlencode([*same, ("after", following)])
        response.headers["Link"] = f'<{request.scope["path"]}?{query}>; rel="next"'
