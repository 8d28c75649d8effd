"""Custom actions: Python coroutines that transitions of own component types call by name.

An application's package registers them, under the entry point group `ripieno.actions` or as a
module that the server is told of; the performer calls them. An action runs at least once for a
command: after a crash of the server it runs again with the same `command`, and has to find what it
has done already.

    @action("tweetoscope.create-topic")
    async def create_topic(context: Context) -> Mapping[str, Value] | None: ...

What it returns goes to the component's provide ports of these names.
"""

import asyncio
import importlib
import importlib.metadata
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from ripieno.model.component_type import Value
from ripieno.model.errors import RipienoError
from ripieno.runtimes.host import Host

GROUP = "ripieno.actions"


class ActionError(RipienoError):
    """An action is not known, is registered twice, or cannot be loaded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What an action is given.

    `command` is the same for every attempt at one command, and no other command has it. `arguments`
    are those of the transition, `settings` those of the component, references resolved. `inputs`
    are the values of its connected use ports. `directory` is the component's folder on the host.
    `say` adds a line to the deployment's events.
    """

    deployment: str
    component: str
    transition: str
    command: str
    attempt: int
    arguments: Mapping[str, Value]
    settings: Mapping[str, Value]
    inputs: Mapping[str, Value]
    host: Host
    directory: str
    say: Callable[[str], None]


Outputs = Mapping[str, Value] | None
ActionFunction = Callable[[Context], Awaitable[Outputs]]


class Actions:
    """The actions that a server knows, by name."""

    def __init__(self) -> None:
        self._functions: dict[str, ActionFunction] = {"ripieno.sleep": _sleep}

    def add(self, name: str, function: ActionFunction) -> None:
        """Register an action. Raises: `ActionError` if another has the name."""
        known = self._functions.setdefault(name, function)
        if known is not function:
            raise ActionError(
                f"two actions are called {name!r}, in {known.__module__} and "
                f"{function.__module__}; rename one"
            )

    def named(self, name: str) -> ActionFunction:
        """An action by name. Raises: `ActionError` that lists what there is."""
        function = self._functions.get(name)
        if function is None:
            raise ActionError(
                f"there is no action {name!r}; there are {', '.join(sorted(self._functions))}; "
                "start the server with --actions MODULE, or install the package that has it"
            )
        return function

    def load(self, modules: Iterable[str]) -> None:
        """Register what modules and installed packages declare. Raises: `ActionError`."""
        found = [point.value for point in importlib.metadata.entry_points(group=GROUP)]
        for name in [*found, *modules]:
            try:
                module = importlib.import_module(name)
            except ImportError as problem:
                raise ActionError(f"actions of {name} cannot be loaded: {problem}") from problem
            for function in vars(module).values():
                declared = getattr(function, "ripieno_action", None)
                if declared is not None:
                    self.add(declared, function)


def action(name: str) -> Callable[[ActionFunction], ActionFunction]:
    """Declare a coroutine function as the action of that name."""

    def declare(function: ActionFunction) -> ActionFunction:
        function.ripieno_action = name  # type: ignore[attr-defined]  # read by Actions.load
        return function

    return declare


async def _sleep(context: Context) -> Outputs:
    """Take the time given as `seconds`, for rehearsals of an application before it is there."""
    seconds = context.arguments.get("seconds", 0)
    if not isinstance(seconds, int | float) or seconds < 0:
        raise ActionError(f"ripieno.sleep: seconds is {seconds!r}; give a number from 0 on")
    await asyncio.sleep(seconds)
    return None
