"""Use cases about how long a deployment stays up: more of its life, and being woken by a visit."""

import dataclasses
import math
from datetime import timedelta

from ripieno.control import missing
from ripieno.control.demand import Demand
from ripieno.control.deployments import Deployments
from ripieno.control.errors import Conflict, InvalidRequest
from ripieno.model.access import Caller
from ripieno.model.stay import HOUR_S

MOST_HOURS = 24 * 3660.0


class Staying(Deployments):
    """The part of the use cases that is about lives of deployments."""

    demand: Demand

    async def extend(self, deployment: str, hours: float, *, caller: str) -> None:
        """Let a deployment live for so much longer.

        Raises: `NotFound`; `Conflict` if it is not up, or has no end; `InvalidRequest` for a number
        that makes no sense, or more than the server allows.
        """
        supervisor = await self._supervisor(deployment)
        if not (math.isfinite(hours) and 0 < hours <= MOST_HOURS):
            raise InvalidRequest(f"{hours:g} hours: give more than 0 and at most {MOST_HOURS:g}")
        state, caretaker = supervisor.state, self.caretaker

        def extend() -> None:
            stay = caretaker.stay(state)
            if stay.lifetime_s is None:
                raise Conflict(f"{state.record.name} has no life time: it runs until it is stopped")
            life = dataclasses.replace(
                state.life, extended_s=state.life.extended_s + hours * HOUR_S, warned_for=None
            )
            ends_at = life.ends_at(stay)
            if ends_at is None:
                raise Conflict(
                    f"{state.record.name} is {state.record.state}; its life time begins when it "
                    "is up"
                )
            most_s = caretaker.terms.most_lifetime_s
            if (ends_at - caretaker.now()) / timedelta(seconds=1) > most_s:
                raise InvalidRequest(
                    f"{state.record.name} would live for more than {most_s / HOUR_S:g} h from now, "
                    "which is the most that this server allows; extend it later, or by less"
                )
            state.live(life)
            until = ends_at.isoformat(timespec="seconds")
            supervisor.tell("deployment.extended", by=caller, hours=hours, ends_at=until)

        await supervisor.ask(extend)

    async def wake(self, route: str, *, caller: Caller) -> None:
        """Start what was stopped because nobody visited it, as a visit by the route would.

        Why it cannot be started is shown by the route. Raises: `NotFound`.
        """
        view = self._routes.find(route)
        if view is None:
            raise missing.route(route)
        self.demand.come(view, caller, address=caller.address)
        await self.demand.until_begun(view.deployment)
