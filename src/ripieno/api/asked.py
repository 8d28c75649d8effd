"""Requests as they came over HTTP, as what the use cases are asked for."""

from ripieno.control.requests import Change, OnFailure, Source
from ripieno.control.views import ReconfigurationKind
from ripieno.model.bundle import Bundle
from ripieno.model.host import HostConfig, HostKind
from ripieno.store.registered import FacetKind, Order, Search
from ripieno.wire.application import RegisterRequest, SearchQuery
from ripieno.wire.host import HostRequest
from ripieno.wire.reconfiguration import ChangeRequest, RemoveQuery, SourceRequest

_SOURCE = frozenset(
    {
        "document",
        "application",
        "version",
        "parameters",
        "settings",
        "configuration",
        "directory",
    }
)


def source(request: SourceRequest) -> Source:
    """The application that is meant."""
    return Source(
        document=request.document,
        application=request.application,
        version=request.version,
        parameters=request.parameters,
        settings=request.settings,
        configuration=request.configuration,
        directory=request.directory,
    )


def change(request: ChangeRequest) -> Change:
    """What is to become of a deployment; it has a source if the request says anything of one."""
    return Change(
        kind=ReconfigurationKind(request.kind),
        source=None if _SOURCE.isdisjoint(request.model_fields_set) else source(request),
        components=tuple(request.components),
        replicas=request.replicas,
        returns_to=request.returns_to,
        on_failure=on_failure(request.on_failure),
        queues=request.queue,
    )


def deploying(request: SourceRequest) -> Change:
    """A new deployment, as a change to plan."""
    return Change(kind=ReconfigurationKind.DEPLOY, source=source(request))


def removal(query: RemoveQuery) -> Change:
    """That a deployment is to be removed."""
    return Change(
        kind=ReconfigurationKind.REMOVE,
        on_failure=on_failure(query.on_failure),
        queues=query.queue,
    )


def on_failure(asked: str | None) -> OnFailure | None:
    """What to do when a reconfiguration fails."""
    return None if asked is None else OnFailure(asked)


def bundle(request: RegisterRequest) -> Bundle:
    """A document that needs no files."""
    return Bundle(document=request.document)


def search(query: SearchQuery) -> Search:
    """What is looked for."""
    facets = {
        FacetKind.TAG: tuple(query.tag),
        FacetKind.CATEGORY: () if query.category is None else (query.category,),
        FacetKind.MAINTAINER: tuple(query.maintainer),
        FacetKind.KIND: tuple(query.kind),
    }
    return Search(
        text=query.q,
        facets={kind: values for kind, values in facets.items() if values},
        is_mine=query.mine,
        order=Order(query.order),
        after=query.after,
        limit=query.limit,
        counts=query.counts,
    )


def host(request: HostRequest) -> HostConfig:
    """How a host is reached. Raises: IllegalHost."""
    fields = request.model_dump(exclude={"trust", "kind"})
    return HostConfig(kind=HostKind(request.kind), **fields)
