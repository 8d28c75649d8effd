"""The supervisors of all deployments: taken up at the start, begun anew, started again.

A supervisor that breaks (the database is away for too long, a mistake in the code) is made again
from what is stored, after a pause; its deployment loses nothing by that.
"""

import asyncio
import logging

from ripieno.control.errors import NameInUse
from ripieno.control.hub import Hub
from ripieno.control.journal import replayed
from ripieno.control.performer import Performer
from ripieno.control.routes import Routes
from ripieno.control.state import State
from ripieno.control.supervisor import Supervisor
from ripieno.control.views import DeploymentState, Ownership
from ripieno.engine.machine import Machine
from ripieno.runtimes.base import Runtime
from ripieno.store.records import DeploymentRecord, ReconfigurationRecord
from ripieno.store.store import Store

LOG = logging.getLogger(__name__)

FIRST_PAUSE_S, LAST_PAUSE_S = 0.2, 10.0
"""Before a supervisor that broke is made again."""


MOST_GONE = 10_000
"""Removed deployments of which it is remembered whose they were, while their events are told."""


class Leading:
    """All supervisors by the id of their deployment."""

    def __init__(
        self,
        *,
        store: Store,
        performer: Performer,
        runtime: Runtime,
        hub: Hub,
        routes: Routes,
        group: asyncio.TaskGroup,
    ) -> None:
        self._store = store
        self._performer = performer
        self._runtime = runtime
        self._hub = hub
        self._routes = routes
        self._group = group
        self._supervisors: dict[str, Supervisor] = {}
        self._ids: dict[str, str] = {}
        self._gone: dict[str, Ownership] = {}
        # Deployments that could not be taken up, and why.
        self.not_led: dict[str, str] = {}

    @property
    def all(self) -> tuple[Supervisor, ...]:
        """Those at work."""
        return tuple(self._supervisors.values())

    async def take_up(self) -> int:
        """Take up all deployments that are stored; how many there are."""
        cursor: str | None = None
        states = []
        while True:
            records, cursor = await self._store.deployments(after=cursor, limit=100)
            for record in records:
                if record.state == DeploymentState.REMOVED.value:
                    continue
                try:
                    states.append(await self._stored(record))
                except Exception as problem:  # One that cannot be read must not keep others down.
                    LOG.exception("deployment cannot be taken up", extra={"deployment": record.id})
                    self.not_led[record.id] = f"{type(problem).__name__}: {problem}"
            if cursor is None:
                break
        # All ports are known as given before anybody goes on and asks for one.
        for state in states:
            self._recover(state)
            self._routes.follow(state)
        for state in states:
            self._lead(state)
        return len(states)

    def begin(self, record: DeploymentRecord) -> Supervisor:
        """Lead a new deployment; it is stored with the first thing asked of its supervisor.

        Raises: `NameInUse`.
        """
        if record.name in self._ids:
            raise NameInUse(
                f"there is a deployment {record.name!r} already; apply the change to it, or give "
                "this one another name"
            )
        return self._lead(State(record, Machine({})))

    async def find(self, name_or_id: str) -> Supervisor | None:
        """Who leads a deployment, None if it is not there."""
        id = self._ids.get(name_or_id, name_or_id)
        return self._supervisors.get(id)

    def led(self, id: str) -> State | None:
        """A deployment that is led here, at once."""
        supervisor = self._supervisors.get(id)
        return None if supervisor is None else supervisor.state

    def asked(self, id: str) -> ReconfigurationRecord | None:
        """A reconfiguration that goes on here or waits, be it written yet or not; at once."""
        for supervisor in self.all:
            for each in (supervisor.state.current, *supervisor.state.queue):
                if each is not None and each.id == id:
                    return each
        return None

    def owned(self, id: str) -> Ownership | None:
        """Whose a deployment is that has been led here, be it removed meanwhile."""
        supervisor = self._supervisors.get(id)
        return self._gone.get(id) if supervisor is None else _ownership(supervisor.state.record)

    def _recover(self, state: State) -> None:
        for held in state.held.values():
            if held.handle is not None:
                self._runtime.recover(held.handle)

    def _lead(self, state: State) -> Supervisor:
        supervisor = self._supervisor(state)
        self._group.create_task(self._keep(supervisor))
        return supervisor

    def _supervisor(self, state: State) -> Supervisor:
        supervisor = Supervisor(
            state,
            store=self._store,
            performer=self._performer,
            runtime=self._runtime,
            group=self._group,
            published=lambda events: self._hub.wake(),
            followed=self._routes.follow,
        )
        self._supervisors[state.id] = supervisor
        self._ids[state.record.name] = state.id
        return supervisor

    async def _keep(self, supervisor: Supervisor) -> None:
        """Run a supervisor; where it breaks, go on with another one from what is stored."""
        id, name = supervisor.state.id, supervisor.state.record.name
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await supervisor.run()
                break
            except Exception:  # Whatever it was, the deployment must not be left alone.
                LOG.exception("supervisor broke", extra={"deployment": id})
            while True:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LAST_PAUSE_S)
                try:
                    record = await self._store.deployment(id)
                    state = None if record is None else await self._stored(record)
                    break
                except Exception:  # The same holds for reading it: it is tried until it can be.
                    LOG.exception("deployment cannot be read", extra={"deployment": id})
            if state is None:
                break
            supervisor = self._supervisor(state)
        if self._supervisors.pop(id, None) is not None:
            self._gone[id] = _ownership(supervisor.state.record)
            if len(self._gone) > MOST_GONE:
                del self._gone[next(iter(self._gone))]
        self._routes.forget(id)
        if self._ids.get(name) == id:
            del self._ids[name]

    async def _stored(self, record: DeploymentRecord) -> State:
        """A deployment as it was last committed."""
        store = self._store
        marking = await store.marking(record.id)
        events = await store.journal(record.id, after=marking.seq if marking else 0)
        seq = events[-1].seq if events else (marking.seq if marking else 0)
        machine = replayed(marking, events)
        state = State(record, machine, seq=seq, snapshot_seq=marking.seq if marking else 0)
        state.take_up(
            handles=await store.handles(record.id),
            commands=await store.open_commands(record.id),
            timers=await store.timers(record.id),
            reconfigurations=await store.unfinished_reconfigurations(record.id),
        )
        return state


def _ownership(record: DeploymentRecord) -> Ownership:
    return Ownership(id=record.id, name=record.name, owner=record.owner, readers=record.readers)
