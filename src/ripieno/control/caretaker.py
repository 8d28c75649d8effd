"""Looks after deployments that nobody uses, or that have lived long enough, and stops them.

What is decided is in `life`; here it is looked, again and again, and done: by an ordinary change,
which an event and the audit trail explain. A visit at the last moment wins.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ripieno.control import life as lives
from ripieno.control import trail
from ripieno.control.errors import Conflict, RevisionMismatch
from ripieno.control.leading import Leading
from ripieno.control.life import Due, Glimpse, Life, Rest
from ripieno.control.policy import Action
from ripieno.control.prompt import SYSTEM, Begins, Prompt, system
from ripieno.control.requests import Change
from ripieno.control.routes import Routes
from ripieno.control.state import State
from ripieno.control.supervisor import Supervisor
from ripieno.control.trail import Result, Trail
from ripieno.control.views import DeploymentState, DeploymentView, LifeView, ReconfigurationKind
from ripieno.control.visits import Visits
from ripieno.model.errors import RipienoError
from ripieno.model.stay import HOUR_S, MINUTE_S, Stay, Terms, stay_of

LOG = logging.getLogger(__name__)

SHORTEST_S, LONGEST_S = 0.5, 15.0
"""Between two looks."""

LOOKS = 10
"""How often it is looked in the shortest time that something may be unused, or is warned of."""

MOST_LATE = 2.0
"""Of that: by how much a look may be late and still tell of the time since the last one."""

AGAIN_S = 600.0
"""How long a deployment is left alone that could not be stopped."""

_EVENTS = {Rest.IDLE: "deployment.idle", Rest.LIFETIME: "deployment.expired"}


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a deployment beyond what is stored of its life."""

    revision: int
    unused_s: float
    is_used: bool


class Caretaker:
    """Looks after all deployments that are led here."""

    def __init__(
        self,
        *,
        leading: Leading,
        routes: Routes,
        visits: Visits,
        terms: Terms,
        begin: Begins,
        audit: Trail,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.terms = terms
        self._leading = leading
        self._routes = routes
        self._visits = visits
        self._begin = begin
        self._audit = audit
        self.now = now
        self._seen: dict[str, _Seen] = {}
        self._again_at: dict[str, datetime] = {}
        self._looked_at: datetime | None = None
        self._interval_s = LONGEST_S
        self.problem: str | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except RipienoError as problem:
                LOG.warning("nothing can be looked after", extra={"problem": str(problem)})
            await asyncio.sleep(self._interval_s)

    async def look(self) -> None:
        """Look once at all deployments, and do what is due."""
        now = self.now()
        elapsed_s = 0.0
        if self._looked_at is not None:
            elapsed_s = (now - self._looked_at).total_seconds()
        # Of what was while nobody looked nothing is known.
        elapsed_s = min(max(0.0, elapsed_s), MOST_LATE * self._interval_s)
        self._looked_at = now
        limited = []
        for supervisor in self._leading.all:
            stay = self.stay(supervisor.state)
            if not stay.is_endless:
                limited.append((supervisor, stay))
        idle_s = [stay.idle_s for _, stay in limited if stay.idle_s is not None]
        self.problem, under_way = await self._under_way() if idle_s else (None, {})
        self._interval_s = _interval_s([stay for _, stay in limited])
        led = {supervisor.state.id for supervisor in self._leading.all}
        self._seen = {id: each for id, each in self._seen.items() if id in led}
        self._again_at = {id: at for id, at in self._again_at.items() if id in led and at > now}
        for supervisor, stay in limited:
            try:
                await self._look_at(supervisor, stay, under_way, now, elapsed_s)
            except RipienoError as problem:
                fields = {"deployment": supervisor.state.id, "problem": str(problem)}
                LOG.warning("cannot be looked after", extra=fields)

    def stay(self, state: State) -> Stay:
        """The limits of a deployment."""
        return stay_of(state.target.routes, self.terms)

    def shown(self, view: DeploymentView) -> DeploymentView:
        """A deployment with its life."""
        state = self._leading.led(view.id)
        return view if state is None else dataclasses.replace(view, life=self.view(state))

    def view(self, state: State) -> LifeView:
        """The life of a deployment as it is now."""
        stay = self.stay(state)
        life = state.life
        is_up = DeploymentState(state.record.state) in lives.UP
        seen = self._seen.get(state.id)
        idle_stop_at = None
        is_used = seen is None or seen.is_used or self._visits.is_any(self._names(state))
        if stay.idle_s is not None and is_up and seen is not None and not is_used:
            looked_at = self._looked_at or self.now()
            idle_stop_at = looked_at + timedelta(seconds=stay.idle_s - seen.unused_s)
        ends_at = life.ends_at(stay) if is_up else None
        return LifeView(
            stopped_for=life.rest.value if life.rest is not None else None,
            idle_stop_min=None if stay.idle_s is None else stay.idle_s / MINUTE_S,
            idle_stop_at=idle_stop_at,
            lifetime_h=None if stay.lifetime_s is None else stay.lifetime_s / HOUR_S,
            ends_at=ends_at,
            is_ending=ends_at is not None and life.warned_for == ends_at,
            problem=self.problem if stay.idle_s is not None else None,
        )

    async def _under_way(self) -> tuple[str | None, Mapping[str, int] | None]:
        """Open connections by route; where nobody can see them: why, and None."""
        door = self._routes.door
        if door is None:
            return "there is no door, so nobody can tell whether it is used", None
        found = await door.under_way()
        if found is not None:
            return None, found
        return (
            "the connections of Traefik cannot be seen from here, so nobody can tell whether it is "
            "used",
            None,
        )

    async def _look_at(
        self,
        supervisor: Supervisor,
        stay: Stay,
        under_way: Mapping[str, int] | None,
        now: datetime,
        elapsed_s: float,
    ) -> None:
        state = supervisor.state
        names = self._names(state)
        known = self._seen.get(state.id)
        is_new = known is not None and known.revision != state.record.revision
        is_used = (
            is_new
            or under_way is None
            or self._visits.is_any(names)
            or any(under_way.get(each, 0) for each in names)
        )
        self._visits.forget(names)
        before = state.life
        if known is not None and before.began_at is not None:
            before = dataclasses.replace(before, unused_s=known.unused_s)
        glimpse = Glimpse(
            state=DeploymentState(state.record.state),
            is_changing=state.current is not None or bool(state.queue),
            is_used=is_used,
        )
        # A deployment that was not seen before may have been used until this moment.
        since_s = 0.0 if known is None else elapsed_s
        life, due = lives.looked(before, stay, glimpse, now=now, elapsed_s=since_s)
        self._seen[state.id] = _Seen(state.record.revision, life.unused_s, is_used)
        match due:
            case Due.IDLE_STOP:
                await self._stop(supervisor, Rest.IDLE, stay, now)
            case Due.END:
                await self._stop(supervisor, Rest.LIFETIME, stay, now)
            case _ if lives.is_worth_storing(state.life, life, stay):
                await supervisor.ask(lambda: _note(supervisor, life, stay, due))

    def _names(self, state: State) -> list[str]:
        return [each.name for each in self._routes.of(state.id)]

    async def _stop(self, supervisor: Supervisor, rest: Rest, stay: Stay, now: datetime) -> None:
        state = supervisor.state
        if state.id in self._again_at:
            return
        self._again_at[state.id] = now + timedelta(seconds=AGAIN_S)
        reason = told(rest, stay)
        names, revision = self._names(state), state.record.revision

        def still_holds() -> bool:
            is_same = state.record.revision == revision and state.current is None
            return is_same and (rest is Rest.LIFETIME or not self._visits.is_any(names))

        prompt = Prompt(
            event=_EVENTS[rest], data={"reason": reason}, rest=rest, still_holds=still_holds
        )
        change = Change(kind=ReconfigurationKind.STOP)
        result, problem = Result.ALLOWED, reason
        try:
            await self._begin(state.id, change, caller=SYSTEM, prompt=prompt)
        except (Conflict, RevisionMismatch):
            # Somebody came, or changes it: the next look will tell.
            self._again_at.pop(state.id, None)
            return
        except RipienoError as error:
            LOG.warning("cannot be stopped", extra={"deployment": state.id, "problem": str(error)})
            result, problem = Result.FAILED, str(error)
        thing = f"deployment {state.record.name}: {change.kind}"
        self._audit.note(trail.record(system(rest.value), Action.CHANGE, thing, result, problem))


def _interval_s(stays: Sequence[Stay]) -> float:
    idle_s = (stay.idle_s for stay in stays if stay.idle_s is not None)
    notice_s = (lives.notice_s(stay) for stay in stays if stay.lifetime_s is not None)
    shortest_s = min((*idle_s, *notice_s), default=LONGEST_S * LOOKS)
    return min(max(SHORTEST_S, shortest_s / LOOKS), LONGEST_S)


def told(rest: Rest, stay: Stay) -> str:
    """Why a deployment is stopped, in words."""
    if rest is Rest.IDLE:
        assert stay.idle_s is not None
        return f"nobody has used it for {_span(stay.idle_s)}"
    assert stay.lifetime_s is not None
    return f"its life time of {_span(stay.lifetime_s)} is over"


def _span(value_s: float) -> str:
    if value_s < MINUTE_S:
        return f"{value_s:g} s"
    return f"{value_s / HOUR_S:g} h" if value_s >= HOUR_S else f"{value_s / MINUTE_S:g} min"


def _note(supervisor: Supervisor, seen: Life, stay: Stay, due: Due | None) -> None:
    """Store what was seen of a life, unless it has become another one meanwhile."""
    state = supervisor.state
    life = state.life
    if DeploymentState(state.record.state) not in lives.UP or life.rest is not None:
        return
    if life.began_at is not None and life.began_at != seen.began_at:
        return
    ends_at = dataclasses.replace(seen, extended_s=life.extended_s).ends_at(stay)
    is_warning = due is Due.WARNING and seen.warned_for == ends_at
    state.live(
        dataclasses.replace(
            life,
            began_at=seen.began_at,
            unused_s=seen.unused_s,
            warned_for=ends_at if is_warning else life.warned_for,
        )
    )
    if is_warning and ends_at is not None:
        supervisor.tell("deployment.expiring", ends_at=ends_at.isoformat(timespec="seconds"))
