"""Start on demand: a visit starts what was stopped because nobody visited it.

However many come at once, it is started once, as the owner's: quotas count it as theirs. Why it is
not started is shown to those who wait.
"""

import asyncio
import dataclasses
import logging
import time

from ripieno.control import trail
from ripieno.control.errors import Conflict
from ripieno.control.leading import Leading
from ripieno.control.life import Rest
from ripieno.control.policy import Action
from ripieno.control.prompt import Begins, Prompt, system
from ripieno.control.requests import Change
from ripieno.control.routes import Routes
from ripieno.control.trail import Result, Trail
from ripieno.control.views import ReconfigurationKind, RouteState, RouteView
from ripieno.model.access import Caller
from ripieno.model.errors import RipienoError

LOG = logging.getLogger(__name__)

PAUSE_S = 5.0
"""After a refusal: how long visits do not try again. A page asks for more than one thing."""


class Demand:
    """Starts deployments for visitors."""

    def __init__(
        self,
        *,
        leading: Leading,
        routes: Routes,
        begin: Begins,
        audit: Trail,
        group: asyncio.TaskGroup,
    ) -> None:
        self._leading = leading
        self._routes = routes
        self._begin = begin
        self._audit = audit
        self._group = group
        self._starts: dict[str, asyncio.Task[None]] = {}
        self._refused_at: dict[str, float] = {}

    def come(self, view: RouteView, caller: Caller | None, *, address: str) -> None:
        """Somebody who may visits a route, None: anybody. Started is what waits for it."""
        name = view.deployment
        if view.state is not RouteState.IDLE or name in self._starts:
            return
        refused_at = self._refused_at.get(name)
        if refused_at is not None and time.monotonic() - refused_at < PAUSE_S:
            return
        who = dataclasses.replace(caller or system("visit"), address=address)
        start = self._group.create_task(self._start(name, who))
        self._starts[name] = start
        start.add_done_callback(lambda _: self._starts.pop(name, None))

    async def until_begun(self, deployment: str) -> None:
        """Wait until it is started, or is known not to be."""
        start = self._starts.get(deployment)
        if start is not None:
            await asyncio.wait({start})

    async def _start(self, name: str, caller: Caller) -> None:
        supervisor = await self._leading.find(name)
        if supervisor is None:
            return
        state = supervisor.state
        self._refused_at.pop(name, None)
        self._routes.refuse(state.id, None)
        # What its owner had stopped before stays so.
        resting = tuple(each for each in state.life.resting if each in state.target.components)
        prompt = Prompt(
            event="deployment.woken",
            data={"by": caller.user},
            still_holds=lambda: state.life.rest is Rest.IDLE,
        )
        # It may be on its way to being stopped: then it is started when that is done.
        change = Change(kind=ReconfigurationKind.START, components=resting, queues=True)
        result, reason = Result.ALLOWED, None
        try:
            await self._begin(state.id, change, caller=caller.user, prompt=prompt)
        except Conflict as refusal:
            if state.life.rest is not Rest.IDLE:
                return  # Somebody else has started it.
            result, reason = Result.REFUSED, str(refusal)
        except RipienoError as problem:
            LOG.warning("cannot be started", extra={"deployment": state.id}, exc_info=True)
            result, reason = Result.FAILED, str(problem)
        if reason is not None:
            self._refused_at[name] = time.monotonic()
            self._routes.refuse(state.id, reason)
        thing = f"deployment {name}"
        self._audit.note(trail.record(caller, Action.WAKE, thing, result, reason))
