"""Who comes through the door, and whether they are let in.

Asked by the door's edge about every request for an application, so what is usual takes no more
than some lookups in memory. It knows cookies and headers as texts, and nothing else of HTTP.
"""

from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

from ripieno.control import policy
from ripieno.control.callers import Callers
from ripieno.control.demand import Demand
from ripieno.control.errors import Forbidden, NotFound, Unauthenticated
from ripieno.control.passes import Passes, SignIn
from ripieno.control.policy import Action
from ripieno.control.reaching import place_of
from ripieno.control.rebuffs import Rebuffs
from ripieno.control.routes import Routes
from ripieno.control.sessions import Sessions
from ripieno.control.views import RouteView
from ripieno.control.visits import Visits
from ripieno.model.access import PUBLIC, Caller
from ripieno.wire import cookie

SAFE = ("GET", "HEAD", "OPTIONS")

_OUR_TOKEN = "bearer rip_"


class Verdict(Enum):
    """What becomes of a visit."""

    ADMITTED = auto()
    STRANGER = auto()
    """Nobody knows who it is."""
    REFUSED = auto()
    """It is known who it is, and they have no access."""
    FOREIGN = auto()
    """A page of another site has sent it."""
    NOWHERE = auto()
    """There is no such route."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a route. `host` is what the browser calls the host, `origin` the page's.

    `address` is where it comes from.
    """

    route: str
    host: str
    method: str = "GET"
    cookies: str = ""
    authorization: str = ""
    origin: str | None = None
    is_websocket: bool = False
    address: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a visit is let in, and what the application is told of it.

    `cookies` and `authorization` are without what is ours. `caller` None: anybody.
    """

    verdict: Verdict
    route: RouteView | None = None
    caller: Caller | None = None
    cookies: str = ""
    authorization: str = ""


class Visitors:
    """Decides about visits, by the routes' access lists and the policy table."""

    def __init__(
        self,
        *,
        routes: Routes,
        passes: Passes,
        callers: Callers,
        sessions: Sessions,
        visits: Visits,
        demand: Demand,
        rebuffs: Rebuffs,
    ) -> None:
        self.routes = routes
        self._rebuffs = rebuffs
        self._visits = visits
        self._demand = demand
        self._passes = passes
        self._callers = callers
        self._sessions = sessions
        addresses = routes.addresses
        self.is_secure = addresses is not None and addresses.is_trustworthy
        self.cookie_name = cookie.name_of(cookie.DOOR, is_secure=self.is_secure)

    async def check(self, visit: Visit) -> Answer:
        """What becomes of a visit."""
        view = self.routes.find(visit.route)
        if view is None:
            return Answer(Verdict.NOWHERE)
        cookies, shown = self._sorted(visit.cookies)
        has_token = visit.authorization[: len(_OUR_TOKEN)].lower() == _OUR_TOKEN
        authorization = "" if has_token else visit.authorization
        caller: Caller | None = None
        if has_token:
            try:
                caller = await self._callers.by_token(visit.authorization.partition(" ")[2].strip())
            except Unauthenticated:
                return Answer(Verdict.STRANGER, view)
        elif _is_foreign(visit):
            await self._note_foreign(visit, view, shown)
            return Answer(Verdict.FOREIGN, view)
        elif shown and not (visit.is_websocket and visit.origin is None):
            caller = await self._holder(shown, place_of(view))
        if caller is not None and policy.is_allowed(
            caller, Action.REACH, owner=view.owner, readers=view.access
        ):
            return Answer(Verdict.ADMITTED, view, caller, cookies, authorization)
        if PUBLIC in view.access:
            return Answer(Verdict.ADMITTED, view, None, cookies, authorization)
        if caller is None:
            return Answer(Verdict.STRANGER, view)
        self._note_refused(visit, view, caller)
        return Answer(Verdict.REFUSED, view, caller)

    def let_in(self, view: RouteView, caller: Caller | None, *, address: str) -> None:
        """Somebody who was admitted goes on to the route, or waits for it to be started."""
        self._visits.note(view.name)
        self._demand.come(view, caller, address=address)

    async def may_start(self, view: RouteView, user: str) -> bool:
        """Whether a user may start what the route leads to, however it was stopped."""
        try:
            caller = await self._callers.named(user)
        except Unauthenticated:
            return False
        return policy.is_allowed(caller, Action.CHANGE, owner=view.owner)

    def enter(self, route: str, ticket: str) -> tuple[str, str]:
        """The cookie that a ticket is exchanged for, and the path to go on to.

        Raises: `NotFound`; `Unauthenticated` for a ticket that is not good here, or not any more.
        """
        view = self.routes.find(route)
        if view is None:
            raise NotFound(f"there is no route {route!r}")
        place = place_of(view)
        sign_in, path = self._passes.take(ticket, place)
        return self._passes.cookie(place, sign_in), path

    def _note_refused(self, visit: Visit, view: RouteView, caller: Caller) -> None:
        try:
            policy.check(
                caller,
                Action.REACH,
                thing=f"route {view.name}",
                owner=view.owner,
                readers=view.access,
            )
        except Forbidden as refusal:
            self._rebuffs.note(caller, view.name, str(refusal), address=visit.address)

    async def _note_foreign(self, visit: Visit, view: RouteView, shown: list[str]) -> None:
        """What another site sends is worth a note where it is in somebody's name."""
        caller = await self._holder(shown, place_of(view)) if shown else None
        if caller is not None:
            reason = "another site has sent it"
            self._rebuffs.note(caller, view.name, reason, address=visit.address)

    def _sorted(self, cookies: str) -> tuple[str, list[str]]:
        """What of the cookies is the application's, and those by which we know a browser."""
        if "ripieno_" not in cookies.lower():
            return cookies, []
        others, shown = [], []
        for each in cookies.split(";"):
            name, _, text = each.strip().partition("=")
            if name == self.cookie_name:
                shown.append(text)
            elif not cookie.is_own(name):
                others.append(each.strip())
        return "; ".join(others), shown

    async def _holder(self, shown: list[str], place: str) -> Caller | None:
        """Whose cookie it is; of several, one that is good: others may have been put there."""
        for each in shown:
            sign_in = self._passes.holder(each, place)
            if sign_in is not None:
                found = await self._caller(sign_in)
                if found is not None:
                    return found
        return None

    async def _caller(self, sign_in: SignIn) -> Caller | None:
        """Who it is now, if what they came in by is still good."""
        id = sign_in.credential
        try:
            if id.startswith("s-"):
                session = await self._sessions.find_by_id(id)
                return None if session is None else session.caller
            if id.startswith("t-"):
                return await self._callers.by_token_id(id)
            return await self._callers.named(sign_in.user, since=sign_in.since)
        except Unauthenticated:
            return None


def _is_foreign(visit: Visit) -> bool:
    """Whether a page of another origin asks for something that could change something."""
    if visit.origin is None or (visit.method in SAFE and not visit.is_websocket):
        return False
    try:
        return urlsplit(visit.origin).netloc.lower() != visit.host.lower()
    except ValueError:
        return True
