"""How a provider is used: the file that `ripieno serve --oidc` names.

Called by the composition root. The secret is in a file of its own, so that this one may be shown.
"""

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ripieno.identity.errors import IdentityError
from ripieno.model.access import Role

SCOPES = ("openid", "profile", "email")


class IllegalSettings(IdentityError):
    """The file makes no sense; the message says where."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSettings:
    """A provider, and what is made of what it says.

    `groups_claim` None: groups are none of the provider's business. `roles` says which value of
    `role_claim` makes which role, at every sign-in; without it a user keeps the role that they
    have here, `default_role` at first. `allowed_domains` empty: of any e-mail address, or none.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    label: str
    scopes: tuple[str, ...] = SCOPES
    name_claim: str = "preferred_username"
    groups_claim: str | None = None
    role_claim: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    default_role: Role = Role.VIEWER
    allowed_domains: tuple[str, ...] = ()


def read(path: Path) -> ProviderSettings:
    """The settings in a file. Raises: `IllegalSettings`."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise IllegalSettings(f"{path} cannot be read: {problem}") from problem
    try:
        return _settings(written, path.parent)
    except IllegalSettings as problem:
        raise IllegalSettings(f"{path}: {problem}") from problem


def _settings(written: Mapping[str, Any], folder: Path) -> ProviderSettings:
    known = {
        "issuer",
        "client_id",
        "client_secret_file",
        "label",
        "scopes",
        "name_claim",
        "groups_claim",
        "role_claim",
        "roles",
        "default_role",
        "allowed_domains",
    }
    unknown = sorted(set(written) - known)
    if unknown:
        raise IllegalSettings(f"{unknown[0]} is not known; there are {', '.join(sorted(known))}")
    issuer = _text(written, "issuer")
    scopes = _texts(written, "scopes", SCOPES)
    if "openid" not in scopes:
        raise IllegalSettings("scopes has to have openid among them")
    roles = written.get("roles", {})
    if not isinstance(roles, dict):
        raise IllegalSettings("roles is a table: the value of the claim = a role")
    if roles and "role_claim" not in written:
        raise IllegalSettings("roles needs role_claim, which says where the values are")
    return ProviderSettings(
        issuer=_checked_issuer(issuer),
        client_id=_text(written, "client_id"),
        client_secret=_secret(written, folder),
        label=_text(written, "label", urlsplit(issuer).hostname or issuer),
        scopes=scopes,
        name_claim=_text(written, "name_claim", "preferred_username"),
        groups_claim=_text(written, "groups_claim") if "groups_claim" in written else None,
        role_claim=_text(written, "role_claim") if "role_claim" in written else None,
        roles={str(value): _role(role) for value, role in roles.items()},
        default_role=_role(written.get("default_role", Role.VIEWER.value)),
        allowed_domains=tuple(
            each.lower().removeprefix("@") for each in _texts(written, "allowed_domains", ())
        ),
    )


def is_secure(url: str) -> bool:
    """Whether nobody on the way can read or change what is said: https, or this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )


def _checked_issuer(text: str) -> str:
    parts = urlsplit(text)
    if not is_secure(text) or not parts.hostname or parts.query or parts.fragment:
        raise IllegalSettings(f"issuer is {text!r}, and should be an address with https://")
    return text


def _text(written: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = written.get(name, default)
    if not isinstance(value, str) or not value:
        raise IllegalSettings(f"{name} is missing, or is no text")
    return value


def _texts(written: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = written.get(name, list(default))
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise IllegalSettings(f"{name} is a list of texts")
    return tuple(value)


def _role(value: object) -> Role:
    try:
        return Role(str(value))
    except ValueError:
        known = ", ".join(Role)
        raise IllegalSettings(f"{value!r} is no role; there are {known}") from None


def _secret(written: Mapping[str, Any], folder: Path) -> str | None:
    if "client_secret_file" not in written:
        return None
    path = folder / _text(written, "client_secret_file")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as problem:
        raise IllegalSettings(f"client_secret_file {path} cannot be read: {problem}") from problem
    if mode & 0o077:
        raise IllegalSettings(f"{path} can be read by others; make it yours: chmod 600 {path}")
    if not secret:
        raise IllegalSettings(f"client_secret_file {path} is empty")
    return secret
