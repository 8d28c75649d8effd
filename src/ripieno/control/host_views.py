"""Hosts and runtimes as they are shown: what was found, what runs there, what each can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ripieno.model.component_type import Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` only where it is not well."""

    subject: str
    is_well: bool
    said: str
    remedy: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What is placed somewhere: what its components were promised, and what they use.

    `used_cpus` and `used_memory_bytes` are None until something was measured.
    """

    components: int = 0
    replicas: int = 0
    cpus: float = 0.0
    memory_mib: int = 0
    used_cpus: float | None = None
    used_memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeView:
    """A way to run components: on which hosts it does, what it can do and what not, its load."""

    name: str
    hosts: tuple[str, ...]
    abilities: Mapping[str, bool]
    load: Load


@dataclass(frozen=True, kw_only=True, slots=True)
class HostView:
    """A host, and what was last found there. `state`: connected, away or unchecked.

    `checks` is each thing that was looked at, with the remedy where it is not well.
    """

    name: str
    kind: str
    address: str
    directory: str
    state: str
    components: int
    facts: Mapping[str, Value] = field(default_factory=dict)
    problem: str | None = None
    fingerprint: str | None = None
    load: Load = field(default_factory=Load)
    checks: tuple[Finding, ...] = ()
    checked_at: datetime | None = None
