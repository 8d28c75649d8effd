"""What a door cannot do. A message names what is in the way and the remedy."""

from ripieno.model.errors import RipienoError


class RoutingError(RipienoError):
    """Something asked of the door was not done."""


class DoorFailure(RoutingError):
    """Traefik cannot be started, or ends as soon as it was."""


class InvalidDoor(RoutingError):
    """What the settings say of the door makes no sense."""
