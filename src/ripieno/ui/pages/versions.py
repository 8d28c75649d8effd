"""What those who may edit an application do with it: publish, withdraw, bring back, share."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import Conflict, NotFound
from ripieno.store.registered import VersionState
from ripieno.ui import visit


async def publish(request: Request) -> Response:
    """Publish a draft."""
    gate = visit.gate_of(request)
    name, version, _ = await _asked(request)
    await gate.publish(name, version)
    return _to(name, version)


async def yank(request: Request) -> Response:
    """Withdraw a version."""
    gate = visit.gate_of(request)
    name, version, because = await _asked(request)
    await gate.yank(name, version, because)
    return _to(name, version)


async def unyank(request: Request) -> Response:
    """Bring a version back."""
    gate = visit.gate_of(request)
    name, version, _ = await _asked(request)
    await gate.unyank(name, version)
    return _to(name, version)


async def discard(request: Request) -> Response:
    """Forget a draft, and the application if it had nothing else."""
    gate = visit.gate_of(request)
    name, version, _ = await _asked(request)
    if (await gate.registered(name, version)).version.state is not VersionState.DRAFT:
        raise Conflict(f"{name} {version} is no draft any more; withdraw it instead")
    await gate.remove(name, version)
    try:
        await gate.registered(name)
    except NotFound:
        return RedirectResponse("/", status_code=303)
    return _to(name)


async def share(request: Request) -> Response:
    """Say who may see an application."""
    gate = visit.gate_of(request)
    posted = await request.form(max_files=0, max_fields=10)
    readers = str(posted.get("visibility", "")).replace(",", " ").split()
    await gate.share(request.path_params["name"], visibility=readers)
    return _to(request.path_params["name"])


def address(name: str, version: str | None = None) -> str:
    """Where the page of an application is."""
    asked = f"?version={quote(version, safe='')}" if version else ""
    return f"/applications/{quote(name, safe='')}{asked}"


def _to(name: str, version: str | None = None) -> Response:
    return RedirectResponse(address(name, version), status_code=303)


async def _asked(request: Request) -> tuple[str, str, str]:
    posted = await request.form(max_files=0, max_fields=10)
    name = request.path_params["name"]
    return name, str(posted.get("version", "")), str(posted.get("because", ""))


ROUTES = [
    Route("/applications/{name}/publish", publish, methods=["POST"]),
    Route("/applications/{name}/yank", yank, methods=["POST"]),
    Route("/applications/{name}/unyank", unyank, methods=["POST"]),
    Route("/applications/{name}/share", share, methods=["POST"]),
    Route("/applications/{name}/discard", discard, methods=["POST"]),
]
