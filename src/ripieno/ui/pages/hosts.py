"""Hosts: machines that components run on, how they are, and new ones."""

import re

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ripieno.control.errors import Conflict, InvalidRequest
from ripieno.control.policy import Action
from ripieno.model.errors import ModelError
from ripieno.model.host import HostConfig, HostKind
from ripieno.runtimes.errors import RuntimeDriverError
from ripieno.ui import rendering, visit

REFUSALS = (InvalidRequest, Conflict, ModelError, RuntimeDriverError)
FIELDS = ("name", "address", "directory", "key_path", "jump")

_ADDRESS = re.compile(
    r"(?:(?P<user>[^@\s]+)@)?(?P<address>\[[^\]\s]+\]|[^:@\s]+)(?::(?P<port>[0-9]{1,5}))?"
)


async def show(request: Request) -> Response:
    """All hosts, and the form for a new one."""
    return await _page(request)


async def scan(request: Request) -> Response:
    """Ask a host for its key, which somebody then has to compare."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    try:
        fingerprint, _ = await gate.scan_host(_config(form))
    except REFUSALS as refusal:
        return await _page(request, error=str(refusal), form=form, status=422)
    return await _page(request, form=form, fingerprint=fingerprint)


async def add(request: Request) -> Response:
    """Add a host, if it (still) has the key that was compared."""
    gate = visit.gate_of(request)
    form = await request.form(max_files=0, max_fields=20)
    fingerprint = str(form.get("fingerprint", ""))
    try:
        if not fingerprint or fingerprint == "first":
            raise InvalidRequest("the host's key was not compared; ask for it first")
        await gate.add_host(_config(form), trust=fingerprint)
    except REFUSALS as refusal:
        return await _page(request, error=str(refusal), form=form, status=422)
    return RedirectResponse("/hosts?saved=added", status_code=303)


async def check(request: Request) -> Response:
    """Look at a host now."""
    host = await visit.gate_of(request).check_host(request.path_params["name"])
    if rendering.is_fragment(request):
        return rendering.page(request, "host.html", host=host, **_rights(request))
    return RedirectResponse(f"/hosts#host-{host.name}", status_code=303)


async def remove(request: Request) -> Response:
    """Forget a host."""
    try:
        await visit.gate_of(request).remove_host(request.path_params["name"])
    except REFUSALS as refusal:
        return await _page(request, error=str(refusal), status=409)
    return RedirectResponse("/hosts?saved=removed", status_code=303)


async def _page(
    request: Request,
    *,
    error: str = "",
    form: FormData | None = None,
    fingerprint: str = "",
    status: int = 200,
) -> Response:
    gate = visit.gate_of(request)
    return rendering.page(
        request,
        "hosts.html",
        status=status,
        section="hosts",
        hosts=await gate.hosts(),
        runtimes=await gate.runtimes(),
        form={name: str(form.get(name, "")) if form else "" for name in FIELDS},
        is_open=form is not None,
        fingerprint=fingerprint,
        saved=request.query_params.get("saved", ""),
        error=error,
        **_rights(request),
    )


def _rights(request: Request) -> dict[str, bool]:
    gate = visit.gate_of(request)
    return {
        "may_change": gate.may(Action.CHANGE_HOST),
        "may_check": gate.may(Action.CHECK_HOST),
    }


def _config(form: FormData) -> HostConfig:
    """The host that a form describes. Raises: `InvalidRequest`, `IllegalHost`."""
    given = {name: str(form.get(name, "")).strip() for name in FIELDS}
    match = _ADDRESS.fullmatch(given["address"])
    if match is None:
        raise InvalidRequest(f"{given['address']!r} is no address; write [USER@]ADDRESS[:PORT]")
    return HostConfig(
        name=given["name"],
        kind=HostKind.SSH,
        address=match["address"].strip("[]"),
        port=int(match["port"] or 22),
        user=match["user"],
        key_path=given["key_path"] or None,
        jump=given["jump"] or None,
        directory=given["directory"],
    )


ROUTES = [
    Route("/hosts", show, methods=["GET"]),
    Route("/hosts", add, methods=["POST"]),
    Route("/hosts/scan", scan, methods=["POST"]),
    Route("/hosts/{name}/check", check, methods=["POST"]),
    Route("/hosts/{name}/remove", remove, methods=["POST"]),
]
