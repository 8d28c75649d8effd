"""Views of `control` and records of `store`, as the schemas that go over HTTP."""

import dataclasses

from ripieno.control import host_views, views
from ripieno.control.people_views import GroupView, UserView
from ripieno.control.quotas import QuotaView
from ripieno.control.scraping import ScrapeTarget
from ripieno.model import plan
from ripieno.model.access import Caller, Scope
from ripieno.store.records import AuditRecord, EventRecord, SavedRecord, TokenRecord
from ripieno.store.registered import ApplicationRecord, Found, Registered, VersionSummary
from ripieno.wire import application as wire
from ripieno.wire import scraping as wire_scraping
from ripieno.wire.audit import Deed
from ripieno.wire.deployment import Deployment
from ripieno.wire.event import Event
from ripieno.wire.group import Group
from ripieno.wire.health import Finding
from ripieno.wire.host import Host, Runtime
from ripieno.wire.metrics import Metrics
from ripieno.wire.plan import Preview
from ripieno.wire.quota import Quota
from ripieno.wire.reconfiguration import Reconfiguration
from ripieno.wire.route import Route
from ripieno.wire.saved import SavedConfiguration
from ripieno.wire.token import CreatedToken, Token
from ripieno.wire.user import Me, User


def deployment(view: views.DeploymentView) -> Deployment:
    """A deployment."""
    return Deployment.model_validate(view)


def reconfiguration(view: views.ReconfigurationView) -> Reconfiguration:
    """A reconfiguration."""
    return Reconfiguration.model_validate(view)


def preview(view: views.Preview) -> Preview:
    """A plan and what it would lead to."""
    return Preview(
        application=view.application,
        version=view.version,
        plan=plan.to_json(view.plan),
        connections=list(view.connections),
        warnings=list(view.warnings),
    )


def metrics(view: views.MetricsView) -> Metrics:
    """What components used."""
    return Metrics.model_validate(view)


def scrape_target(found: ScrapeTarget) -> wire_scraping.ScrapeTarget:
    """A replica as a Prometheus finds it."""
    return wire_scraping.ScrapeTarget(
        targets=[found.address],
        labels={
            "deployment": found.deployment,
            "application": found.application,
            "component": found.component,
            "replica": str(found.replica),
            "host": found.host,
        },
    )


def event(record: EventRecord) -> Event:
    """An event. Not validated once more, since pages of them are large."""
    return Event.model_construct(
        id=record.id,
        deployment=record.deployment,
        seq=record.seq,
        at=record.at,
        kind=record.kind,
        component=record.component,
        reconfiguration=record.reconfiguration,
        data=dict(record.data),
    )


def application(record: ApplicationRecord) -> wire.Application:
    """An application as a catalogue shows it."""
    return wire.Application.model_validate(record)


def route(view: views.RouteView) -> Route:
    """A route."""
    return Route.model_validate(view)


def found(found: Found) -> wire.ApplicationPage:
    """A page of applications."""
    return wire.ApplicationPage(
        items=[application(each) for each in found.items],
        total=found.total,
        is_partial=found.is_partial,
        facets={
            kind.value: [wire.FacetCount.model_validate(each) for each in values]
            for kind, values in found.facets.items()
        },
        next=found.next,
    )


def version_entry(record: VersionSummary) -> wire.VersionEntry:
    """A version in a list."""
    return wire.VersionEntry.model_validate(record)


def version(found: Registered) -> wire.ApplicationVersion:
    """One version of an application."""
    record = found.version
    return wire.ApplicationVersion(
        **{name: getattr(record, name) for name in wire.VersionEntry.model_fields},
        document=record.document,
        presentation=wire.Presentation.model_validate(record.presentation),
        kinds=record.kinds,
        files=[
            wire.KeptFile(path=path, **dataclasses.asdict(each))
            for path, each in record.files.items()
        ],
        entry=application(found.entry),
    )


def runtime(view: host_views.RuntimeView) -> Runtime:
    """A way to run components."""
    return Runtime.model_validate(view)


def host(view: host_views.HostView) -> Host:
    """A host."""
    return Host.model_validate(view)


def token(record: TokenRecord) -> Token:
    """A token, without its text."""
    return Token.model_validate(record)


def created_token(record: TokenRecord, text: str) -> CreatedToken:
    """A token that has just been made."""
    return CreatedToken(**token(record).model_dump(), token=text)


def user(view: UserView) -> User:
    """A user."""
    return User.model_validate(view)


def me(view: UserView, caller: Caller) -> Me:
    """Who asks."""
    scopes = [each for each in Scope if each in caller.scopes]
    return Me(**user(view).model_dump(), scopes=scopes, via=caller.via)


def group(view: GroupView) -> Group:
    """A group."""
    return Group.model_validate(view)


def quota(view: QuotaView) -> Quota:
    """A quota and what is used of it."""
    return Quota.model_validate(view)


def saved(record: SavedRecord) -> SavedConfiguration:
    """What somebody has saved."""
    return SavedConfiguration.model_validate(record)


def deed(record: AuditRecord) -> Deed:
    """Something of the audit trail."""
    return Deed.model_validate(record)


def finding(view: host_views.Finding) -> Finding:
    """One thing that was looked at."""
    return Finding.model_validate(view)
