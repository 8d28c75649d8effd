"""What the use cases are asked for. Made by the API from what came over HTTP, or by tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ripieno.control.views import ReconfigurationKind
from ripieno.model.component_type import Value
from ripieno.store.registered import FileRecord


class OnFailure(StrEnum):
    """What to do when a reconfiguration fails."""

    KEEP = "keep"
    ROLLBACK = "rollback"


class Decision(StrEnum):
    """What to do about a failed transition."""

    RETRY = "retry"
    SKIP = "skip"
    ABANDON = "abandon"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """An application: its document, or the name (and version) of a registered one.

    `parameters` are typed values; `settings` are texts to be read by the parameter's type, as
    `--set k=v` gives them. `configuration` names one of the application's; "" is none of them, and
    so is None for a document that comes with it. `directory` is where relative sources of files
    are looked for, on the server; `files` are those that were registered with it, by their paths.
    """

    document: str | None = None
    application: str | None = None
    version: str | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    configuration: str | None = None
    directory: str | None = None
    files: Mapping[str, FileRecord] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is to become of a deployment.

    `source` is for apply (None: the document as it is, with other parameters); `components` for
    start, stop and restart (empty: all); `replicas` for scale. `returns_to`, for apply: a
    reconfiguration of former times, after which the deployment is to be as it was. `queues`: wait
    behind a running reconfiguration instead of being refused. `on_failure` None: the default.
    """

    kind: ReconfigurationKind
    source: Source | None = None
    components: tuple[str, ...] = ()
    replicas: Mapping[str, int] = field(default_factory=dict)
    returns_to: str | None = None
    on_failure: OnFailure | None = None
    queues: bool = False
