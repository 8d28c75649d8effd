"""Why there is no plan. Every message names the component and what to do about it."""

from ripieno.model.errors import RipienoError


class PlanError(RipienoError):
    """There is no plan from here to the goal."""


class NoProvider(PlanError):
    """Nothing in the goal provides what a use port needs."""


class SeveralProviders(PlanError):
    """Several components provide what a use port needs, and nothing says which is meant."""


class WrongSelection(PlanError):
    """A selector or a listed connection names something that is not there or does not fit."""


class UnreachableGoal(PlanError):
    """A component has no sequence of behaviours that does what the goal asks of it."""


class PlanWouldFail(PlanError):
    """The plan was simulated, and deadlocks, fails, or ends somewhere else."""
