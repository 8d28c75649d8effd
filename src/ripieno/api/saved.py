"""Routes: saved configurations of applications, always the caller's own."""

from typing import Annotated

from fastapi import Path

from ripieno.api import routers, shown
from ripieno.api.context import Control, Name
from ripieno.wire.saved import (
    NAME,
    SaveConfigurationRequest,
    SavedConfiguration,
    SavedConfigurationPage,
)

router = routers.of("applications")

Saved = Annotated[str, Path(pattern=NAME, description="what the caller calls it")]


@router.get("/applications/{name}/saved-configurations")
async def saved_configurations(name: Name, control: Control) -> SavedConfigurationPage:
    """List how the caller has filled in the form of an application, and saved that."""
    found = await control.saved_configurations(name)
    return SavedConfigurationPage(items=[shown.saved(each) for each in found])


@router.put("/applications/{name}/saved-configurations/{saved}", responses={409: {}})
async def save_configuration(
    name: Name, saved: Saved, request: SaveConfigurationRequest, control: Control
) -> SavedConfiguration:
    """Save how a form is filled in. It takes the place of what has the name."""
    return shown.saved(
        await control.save_configuration(
            name,
            saved,
            version=request.version,
            configuration=request.configuration,
            settings=request.settings,
        )
    )


@router.delete("/applications/{name}/saved-configurations/{saved}", status_code=204)
async def remove_saved_configuration(name: Name, saved: Saved, control: Control) -> None:
    """Forget what was saved."""
    await control.remove_saved_configuration(name, saved)
