"""Names that nobody chose: short enough to be typed, too long to be met twice."""

import secrets


def deployment_id(name: str) -> str:
    """An id for a deployment of that name; it is also its folder on hosts."""
    return f"{name}-{secrets.token_hex(3)}"


def reconfiguration_id() -> str:
    """An id for a reconfiguration."""
    return f"r-{secrets.token_hex(5)}"
