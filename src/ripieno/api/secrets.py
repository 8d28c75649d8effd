"""Routes: secrets. They can be set, named and removed; no route gives one out."""

from ripieno.api import routers
from ripieno.api.context import Control, Name
from ripieno.wire.secret import SecretNames, SecretRequest

router = routers.of("secrets")


@router.get("/secrets")
async def secrets(control: Control) -> SecretNames:
    """List the names of all secrets."""
    return SecretNames(items=list(await control.secrets()))


@router.put("/secrets/{name}", status_code=204)
async def set_secret(name: Name, request: SecretRequest, control: Control) -> None:
    """Set a secret, a new one or another value."""
    await control.set_secret(name, request.value.get_secret_value())


@router.delete("/secrets/{name}", status_code=204, responses={409: {}})
async def remove_secret(name: Name, control: Control) -> None:
    """Remove a secret."""
    await control.remove_secret(name)
