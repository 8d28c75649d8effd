"""How a machine is reached that commands and files can be sent to: a record, nothing is opened.

Written by whoever registers a host, kept in the store, read by the runtimes. Whether the machine
is there, and whether the key opens it, is for `runtimes` to find out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ripieno.model.component_type import Value
from ripieno.model.errors import ModelError

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ADDRESS = re.compile(r"[A-Za-z0-9_.:%-]{1,253}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_JUMP = re.compile(r"((?P<user>[^@\s]+)@)?(?P<address>\[[^\]]+\]|[^:@\s]+)(:(?P<port>\d{1,5}))?")


class IllegalHost(ModelError):
    """What was written about a host cannot be meant; the message names the field."""


class HostKind(StrEnum):
    """The ways to a host."""

    LOCAL = "local"
    SSH = "ssh"


@dataclass(frozen=True, kw_only=True, slots=True)
class Jump:
    """The host through which another is reached."""

    user: str | None
    address: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class HostConfig:
    """A host: `directory` is its absolute working folder there, `jump` is `[user@]address[:port]`.

    `user`, `key_path` and `known_hosts_path` may be left out: then the server's own user, its
    default keys and agent, and its user's known_hosts are used. `timeout_s` is how long one
    operation may wait for a lost link; `keepalive_s` how often a silent link is asked whether it
    is still there (it is given up after three questions without an answer).

    Raises: IllegalHost.
    """

    name: str
    kind: HostKind = HostKind.LOCAL
    address: str = "127.0.0.1"
    port: int = 22
    user: str | None = None
    key_path: str | None = None
    known_hosts_path: str | None = None
    jump: str | None = None
    directory: str
    timeout_s: float = 60.0
    keepalive_s: float = 5.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise IllegalHost(
                f"host name {self.name!r}: use up to 63 of a-z, 0-9 and -, not at either end"
            )
        if not _ADDRESS.fullmatch(self.address) or self.address.startswith("-"):
            self._refuse("address", self.address, "a DNS name or an IP address")
        if not 1 <= self.port <= 65535:
            self._refuse("port", self.port, "a number from 1 to 65535")
        if self.user is not None and not _USER.fullmatch(self.user):
            self._refuse("user", self.user, "a login name, or leave it out")
        if not self.directory.startswith("/") or self.directory.strip("/") == "":
            self._refuse("directory", self.directory, "an absolute path that is not /")
        if any(part in (".", "..") for part in self.directory.split("/")):
            self._refuse("directory", self.directory, "a path without . and ..")
        if not all(character.isprintable() for character in self.directory):
            self._refuse("directory", self.directory, "a path of printable characters")
        if not 0 < self.timeout_s <= 3600:
            self._refuse("timeout_s", self.timeout_s, "seconds above 0 and up to 3600")
        if not 0 < self.keepalive_s <= 3600:
            self._refuse("keepalive_s", self.keepalive_s, "seconds above 0 and up to 3600")
        if self.jump is not None:
            jump_of(self)

    def _refuse(self, field: str, found: object, wanted: str) -> None:
        raise IllegalHost(f"host {self.name}: {field} is {found!r}: write {wanted}")


def jump_of(config: HostConfig) -> Jump | None:
    """The host to go through, read from `config.jump`.

    Raises: IllegalHost.
    """
    if config.jump is None:
        return None
    match = _JUMP.fullmatch(config.jump)
    if match is None or not 1 <= int(match["port"] or 22) <= 65535:
        raise IllegalHost(
            f"host {config.name}: jump is {config.jump!r}: write [user@]address[:port]"
        )
    return Jump(
        user=match["user"] or config.user,
        address=match["address"].strip("[]"),
        port=int(match["port"] or 22),
    )


def to_json(config: HostConfig) -> dict[str, Value]:
    """The host as JSON, without what was left at its default."""
    default = HostConfig(name=config.name, directory=config.directory)
    written: dict[str, Value] = {"kind": config.kind.value}
    for name in HostConfig.__dataclass_fields__:
        value = getattr(config, name)
        if name in ("name", "directory") or (name != "kind" and value != getattr(default, name)):
            written[name] = value
    return written


def from_json(written: Mapping[str, Value]) -> HostConfig:
    """The host that `to_json` wrote, or that somebody wrote by hand.

    Raises: IllegalHost.
    """
    name = written.get("name")
    if not isinstance(name, str):
        raise IllegalHost(f"a host needs a name, and here it is {name!r}")
    fields = HostConfig.__dataclass_fields__
    if unknown := sorted(set(written) - set(fields)):
        raise IllegalHost(
            f"host {name}: no such field: {', '.join(unknown)}; there are {', '.join(fields)}"
        )
    kind = _text(written, name, "kind", HostKind.LOCAL)
    if kind not in tuple(HostKind):
        raise IllegalHost(f"host {name}: kind is {kind!r}: write {' or '.join(HostKind)}")
    directory = _text(written, name, "directory", None)
    if directory is None:
        raise IllegalHost(f"host {name}: directory is missing: write an absolute path there")
    port = _number(written, name, "port", 22)
    if port != int(port):
        raise IllegalHost(f"host {name}: port is {port!r}: write a number from 1 to 65535")
    return HostConfig(
        name=name,
        kind=HostKind(kind),
        address=_text(written, name, "address", None) or "127.0.0.1",
        port=int(port),
        user=_text(written, name, "user", None),
        key_path=_text(written, name, "key_path", None),
        known_hosts_path=_text(written, name, "known_hosts_path", None),
        jump=_text(written, name, "jump", None),
        directory=directory,
        timeout_s=_number(written, name, "timeout_s", 60.0),
        keepalive_s=_number(written, name, "keepalive_s", 5.0),
    )


def _text(written: Mapping[str, Value], name: str, field: str, default: str | None) -> str | None:
    value = written.get(field)
    if value is None:
        return default
    if not isinstance(value, str) or not value:
        raise IllegalHost(f"host {name}: {field} is {value!r}: write a text")
    return value


def _number(written: Mapping[str, Value], name: str, field: str, default: float) -> float:
    value = written.get(field)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e9 < value < 1e9:
        raise IllegalHost(f"host {name}: {field} is {value!r}: write a number")
    return value
