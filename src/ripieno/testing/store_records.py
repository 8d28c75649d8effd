"""Records to store in tests, and what a store should then hold: the model of `commit` in memory."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ripieno.model.access import EVERYONE
from ripieno.model.presentation import Presentation
from ripieno.store.applications import Registration
from ripieno.store.records import (
    OPEN_COMMANDS,
    REMOVED,
    UNFINISHED,
    AuditRecord,
    Batch,
    CommandRecord,
    DeploymentRecord,
    EventRecord,
    GroupRecord,
    HandleRecord,
    MarkingRecord,
    NewEvent,
    ReconfigurationRecord,
    SavedRecord,
    TimerRecord,
    TokenRecord,
    UserRecord,
)
from ripieno.store.registered import VersionRecord, VersionState
from ripieno.store.store import Store

START = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment after the start."""
    return START + timedelta(seconds=seconds)


def deployment(id: str = "d-1", name: str | None = None, **others: object) -> DeploymentRecord:
    """A deployment, named as its id if nothing else is said."""
    record = DeploymentRecord(
        id=id,
        name=name or id,
        application="shop",
        version="1.2.0",
        document="name: shop\n",
        parameters={"z": 1, "a": [1.5, None, True], "nested": {"é": "漢"}},
        owner="t-1",
        state="running",
        revision=1,
        target={"components": {}},
        created_at=START,
        updated_at=START,
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def reconfiguration(id: str = "r-1", of: str = "d-1", **others: object) -> ReconfigurationRecord:
    """A reconfiguration that is queued."""
    record = ReconfigurationRecord(
        id=id,
        deployment=of,
        kind="apply",
        state="queued",
        document=None,
        parameters={},
        plan=None,
        options={"target": {}},
        requested_by="t-1",
        reason=None,
        created_at=START,
        started_at=None,
        ended_at=None,
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def command(id: int = 1, of: str = "d-1", **others: object) -> CommandRecord:
    """A command without an outcome."""
    record = CommandRecord(
        deployment=of,
        id=id,
        attempt=1,
        reconfiguration="r-1",
        component="web",
        transition="start",
        verb="start",
        arguments={"action": {"verb": "start", "arguments": {}}, "inputs": {}},
        state="issued",
        cause=None,
        issued_at=START,
        ended_at=None,
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def timer(id: int = 1, of: str = "d-1", due_s: float = 60.0) -> TimerRecord:
    """A deadline."""
    return TimerRecord(deployment=of, id=id, due_at=at(due_s))


def handle(component: str = "web", of: str = "d-1", pid: int = 1) -> HandleRecord:
    """A handle."""
    return HandleRecord(
        deployment=of,
        component=component,
        runtime_handle={"handle": {"pid": pid}, "restarts": 0},
        definition={"name": component},
    )


def marking(seq: int, of: str = "d-1", snapshot: str = '{"components": {}}') -> MarkingRecord:
    """A marking after that event."""
    return MarkingRecord(deployment=of, seq=seq, snapshot=snapshot)


def event(number: int = 1, **others: object) -> NewEvent:
    """An event about the component `web`."""
    record = NewEvent(
        kind="transition.ended",
        at=at(number),
        component="web",
        reconfiguration="r-1",
        data={"number": number, "facts": [["web", "place", "ready"]]},
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def events(count: int, first: int = 1) -> tuple[NewEvent, ...]:
    """Several events."""
    return tuple(event(first + number) for number in range(count))


def user(name: str = "ada", **others: object) -> UserRecord:
    """A user who may deploy."""
    record = UserRecord(
        name=name,
        display_name=f"{name.title()} 🎻",
        email=f"{name}@example.org",
        role="deployer",
        created_at=START,
        signed_out_at=START,
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def group(name: str = "neuro") -> GroupRecord:
    """A group."""
    return GroupRecord(name=name, description=f"The {name} group", created_at=START)


def token(id: str = "t-1", of: str = "ada", **others: object) -> TokenRecord:
    """A token that is good for a minute."""
    record = TokenRecord(
        id=id,
        name="laptop",
        user=of,
        scopes=("read", "deploy"),
        digest=id.ljust(64, "d"),
        created_at=START,
        expires_at=at(60),
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def saved(name: str = "large", of: str = "ada", **others: object) -> SavedRecord:
    """How somebody has filled in a form."""
    record = SavedRecord(
        user=of,
        application="shop",
        name=name,
        version=None,
        configuration="",
        settings={"atlas": "é 漢", "memory_mib": "512"},
        saved_at=START,
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def deed(seconds: float, **others: object) -> AuditRecord:
    """Something that was done, told by its words."""
    record = AuditRecord(
        id=f"a-{seconds:g}-{others.get('action')}",
        at=at(seconds),
        user="ada",
        via="laptop (t-1)",
        address="192.0.2.7",
        action="deployment.deploy",
        thing="deployment shop",
        result="allowed",
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def version(
    version: str = "1.0.0", of: str = "shop", document: str = "a", **others: object
) -> VersionRecord:
    """A published version."""
    record = VersionRecord(
        application=of,
        version=version,
        state=VersionState.PUBLISHED,
        problem="",
        created_at=START,
        created_by="ada",
        published_at=START,
        yanked_because="",
        document=document,
        presentation=Presentation(title=f"Title of {version}"),
    )
    return dataclasses.replace(record, **others)  # type: ignore[arg-type]  # a test's own words


def registration(
    number: str = "1.0.0",
    of: str = "shop",
    *,
    owner: str = "ada",
    visibility: tuple[str, ...] = (EVERYONE,),
    contents: Mapping[str, bytes] | None = None,
    **others: object,
) -> Registration:
    """A published version to be stored."""
    return Registration(
        version=version(number, of=of, **others),  # type: ignore[arg-type]  # as above
        owner=owner,
        visibility=visibility,
        contents=contents or {},
    )


@dataclasses.dataclass(slots=True)
class Kept:
    """What is kept of one deployment, by reading it or by the model."""

    deployment: DeploymentRecord | None = None
    events: list[EventRecord] = dataclasses.field(default_factory=list)
    commands: dict[tuple[int, int], CommandRecord] = dataclasses.field(default_factory=dict)
    timers: dict[int, TimerRecord] = dataclasses.field(default_factory=dict)
    handles: dict[str, HandleRecord] = dataclasses.field(default_factory=dict)
    reconfigurations: dict[str, ReconfigurationRecord] = dataclasses.field(default_factory=dict)
    marking: MarkingRecord | None = None

    def commit(self, id: str, batch: Batch, first_id: int) -> None:
        """Change as the store should; the first event of the batch has that id."""
        if batch.deployment is not None:
            self.deployment = batch.deployment
        self.reconfigurations |= {each.id: each for each in batch.reconfigurations}
        self.commands |= {(each.id, each.attempt): each for each in batch.commands}
        self.handles |= {each.component: each for each in batch.handles}
        self.timers |= {each.id: each for each in batch.timers}
        for number in batch.timer_stops:
            self.timers.pop(number, None)
        for component in batch.handle_removals:
            self.handles.pop(component, None)
        self.marking = batch.marking or self.marking
        for number, new in enumerate(batch.events):
            self.events.append(
                EventRecord(
                    id=first_id + number,
                    deployment=id,
                    seq=batch.expected_seq + 1 + number,
                    at=new.at,
                    kind=new.kind,
                    component=new.component,
                    reconfiguration=new.reconfiguration,
                    data=new.data,
                )
            )
        if batch.deployment is not None and batch.deployment.state == REMOVED:
            self.timers, self.handles, self.marking = {}, {}, None
            for key, known in self.commands.items():
                if known.state in OPEN_COMMANDS:
                    self.commands[key] = dataclasses.replace(known, state="dropped")

    @property
    def open_commands(self) -> list[CommandRecord]:
        """Those without an outcome, in the order of their ids."""
        return [self.commands[key] for key in sorted(self.commands) if _is_open(self.commands[key])]

    @property
    def unfinished(self) -> list[ReconfigurationRecord]:
        """Reconfigurations that are not over, the oldest first."""
        found = [each for each in self.reconfigurations.values() if each.state in UNFINISHED]
        return sorted(found, key=lambda each: (each.created_at, each.id))


def _is_open(command: CommandRecord) -> bool:
    return command.state in OPEN_COMMANDS


async def differences(store: Store, id: str, kept: Kept) -> list[str]:
    """In what a store does not hold of a deployment what it should."""
    reconfigurations, _ = await store.reconfigurations(id, after=None, limit=1000)
    of_reconfigurations = [
        each for known in kept.reconfigurations for each in await store.commands_of(known)
    ]
    pairs: dict[str, tuple[object, object]] = {
        "deployment": (await store.deployment(id), kept.deployment),
        "journal": (await store.journal(id, after=0), kept.events),
        "open commands": (await store.open_commands(id), kept.open_commands),
        "commands": (
            {
                (each.id, each.attempt): each
                for each in of_reconfigurations
                if each.deployment == id
            },
            {
                key: each
                for key, each in kept.commands.items()
                if each.reconfiguration in kept.reconfigurations
            },
        ),
        "timers": (
            await store.timers(id),
            sorted(kept.timers.values(), key=lambda each: each.id),
        ),
        "handles": (
            await store.handles(id),
            sorted(kept.handles.values(), key=lambda each: each.component),
        ),
        "reconfigurations": ({each.id: each for each in reconfigurations}, kept.reconfigurations),
        "unfinished": (await store.unfinished_reconfigurations(id), kept.unfinished),
        "marking": (await store.marking(id), kept.marking),
    }
    return [
        f"{what}: there is {found!r}, and there should be {wanted!r}"
        for what, (found, wanted) in pairs.items()
        if found != wanted
    ]
