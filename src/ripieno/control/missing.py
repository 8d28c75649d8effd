"""What is said of a thing that is not there. Of one that is hidden from who asks, the same is said,
so that nobody finds out names by trying them.
"""

from ripieno.control.errors import NotFound


def application(name: str) -> NotFound:
    """No application has this name."""
    return NotFound(
        f"no application {name} is registered, or it is not shared with you; see ripieno app list"
    )


def version(application: str, version: str | None) -> NotFound:
    """An application has no such version."""
    return NotFound(
        f"application {application} has no version {version}; see ripieno app show {application}"
    )


def deployment(name_or_id: str) -> NotFound:
    """No deployment has this name or id."""
    return NotFound(
        f"there is no deployment {name_or_id!r}, or it is not shared with you; see ripieno status"
    )


def reconfiguration(id: str) -> NotFound:
    """No reconfiguration has this id."""
    return NotFound(f"there is no reconfiguration {id!r}; see ripieno history DEPLOYMENT")


def route(name: str) -> NotFound:
    """No route has this name."""
    return NotFound(
        f"there is no route {name!r}, or it is not shared with you; see: ripieno routes"
    )
