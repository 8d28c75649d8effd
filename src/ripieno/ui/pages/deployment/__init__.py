"""The pages of one deployment: its tabs, what can be done to it, and the application in a frame.

`frame` has what all tabs share; every other module is a tab or an action.
"""

from ripieno.ui.pages.deployment import (
    actions,
    configuration,
    events,
    logs,
    metrics,
    opened,
    overview,
    timeline,
)

ROUTES = [
    *overview.ROUTES,
    *timeline.ROUTES,
    *logs.ROUTES,
    *metrics.ROUTES,
    *events.ROUTES,
    *configuration.ROUTES,
    *opened.ROUTES,
    *actions.ROUTES,
]
