"""Hosts: machines that components can run on."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from ripieno.wire.base import NO_ZERO, Request, Response, Slug, Text
from ripieno.wire.health import Finding

Path = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=NO_ZERO)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=NO_ZERO)]


class HostKind(StrEnum):
    """The ways to a host."""

    LOCAL = "local"
    SSH = "ssh"


class HostRequest(Request):
    """How a host is reached; see the formats reference for each field."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "node-1",
                    "kind": "ssh",
                    "address": "node-1.example.org",
                    "user": "ripieno",
                    "directory": "/var/lib/ripieno",
                    "trust": "first",
                }
            ]
        }
    )

    name: Slug
    kind: HostKind = HostKind.SSH
    address: Word = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 22
    user: Annotated[Text, Field(max_length=64)] | None = None
    key_path: Path | None = None
    known_hosts_path: Path | None = None
    jump: Word | None = Field(default=None, description="`[user@]address[:port]`")
    directory: Path
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    keepalive_s: Annotated[float, Field(gt=0, le=3600)] = 5.0


class AddHostRequest(HostRequest):
    """A host to add, and how its key is to be recognised."""

    trust: Annotated[Text, Field(max_length=200)] | None = Field(
        default=None,
        description="the fingerprint of its key, or `first`: trust the key that it shows",
    )


class Load(Response):
    """What is placed somewhere: what its components were promised, and what they use.

    `used_cpus` and `used_memory_bytes` are null until something was measured.
    """

    components: int
    replicas: int
    cpus: float
    memory_mib: int
    used_cpus: float | None = None
    used_memory_bytes: int | None = None


class Host(Response):
    """A host, and what was last found there. `state`: connected, away or unchecked."""

    name: str
    kind: str
    address: str
    directory: str
    state: str
    components: int = Field(description="how many components are placed there")
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    problem: str | None = None
    fingerprint: str | None = None
    load: Load | None = None
    checks: list[Finding] = Field(default_factory=list)
    checked_at: datetime | None = None


class Runtime(Response):
    """A way to run components. `abilities` says of each thing whether it can do it."""

    name: str = Field(description="local, ssh")
    hosts: list[str] = Field(description="the hosts that it runs components on")
    abilities: dict[str, bool]
    load: Load


class RuntimePage(Response):
    """All ways to run components."""

    items: list[Runtime]


class HostPage(Response):
    """All hosts by name."""

    items: list[Host]


class HostKey(Response):
    """The key that a host shows: compare its fingerprint with what the host's owner says."""

    fingerprint: str
    key: str = Field(description="a line for a known_hosts file")
