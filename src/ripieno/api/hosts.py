"""Routes: hosts."""

from fastapi import Depends, Response

from ripieno.api import asked, idempotency, routers, shown
from ripieno.api.context import Control, Name
from ripieno.api.security import PREFIX
from ripieno.wire.host import AddHostRequest, Host, HostKey, HostPage, HostRequest, RuntimePage

router = routers.of("hosts")


@router.get("/hosts")
async def hosts(control: Control) -> HostPage:
    """List all hosts."""
    return HostPage(items=[shown.host(each) for each in await control.hosts()])


@router.post(
    "/hosts",
    status_code=201,
    responses={409: {}},
    dependencies=[Depends(idempotency.document_key)],
)
async def add_host(request: AddHostRequest, response: Response, control: Control) -> Host:
    """Add a host, or describe one anew."""
    view = await control.add_host(asked.host(request), trust=request.trust)
    response.headers["Location"] = f"{PREFIX}/hosts/{view.name}"
    return shown.host(view)


@router.post("/hosts/scan", responses={409: {}})
async def scan_host(request: HostRequest, control: Control) -> HostKey:
    """Ask a host for its key, so that it can be compared before the host is added."""
    fingerprint, key = await control.scan_host(asked.host(request))
    return HostKey(fingerprint=fingerprint, key=key)


@router.get("/runtimes")
async def runtimes(control: Control) -> RuntimePage:
    """List the ways to run components: what each can do, and what runs there."""
    return RuntimePage(items=[shown.runtime(each) for each in await control.runtimes()])


@router.get("/hosts/{name}")
async def host(name: Name, control: Control) -> Host:
    """Tell about a host."""
    return shown.host(await control.host(name))


@router.post("/hosts/{name}/check", responses={409: {}})
async def check_host(name: Name, control: Control) -> Host:
    """Look whether a host can be reached and has what is needed."""
    return shown.host(await control.check_host(name))


@router.delete("/hosts/{name}", status_code=204, responses={409: {}})
async def remove_host(name: Name, control: Control) -> None:
    """Forget a host on which nothing is placed."""
    await control.remove_host(name)
