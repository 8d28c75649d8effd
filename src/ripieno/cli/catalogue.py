"""Which subcommands there are; each is imported only when it is called.

A client command has to answer at once, and what `ripieno --help` shows is all in this table.
"""

import contextlib
import gc
import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import typer
import typer.core
import typer.main

CHANGE = "Bring up and change"
SEE = "See"
STEER = "Step in"
MANAGE = "Manage"
SERVER = "Server"
FILES = "Without a server"

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A subcommand: what `--help` says of it, and the function or Typer application it is."""

    name: str
    summary: str
    panel: str
    module: str
    attribute: str


def _entry(panel: str, name: str, module: str, summary: str, attribute: str = "") -> Entry:
    return Entry(
        name=name,
        summary=summary,
        panel=panel,
        module=f"ripieno.cli.commands.{module}",
        attribute=attribute or name,
    )


ENTRIES = (
    _entry(CHANGE, "deploy", "deploy", "Bring up an application."),
    _entry(CHANGE, "plan", "plan", "Show what a change would do; nothing is done."),
    _entry(CHANGE, "apply", "apply", "Make a deployment what it should be."),
    _entry(CHANGE, "start", "changes", "Start components that were stopped."),
    _entry(CHANGE, "stop", "changes", "Stop components, and what uses them."),
    _entry(CHANGE, "restart", "changes", "Restart components."),
    _entry(CHANGE, "scale", "changes", "Change the number of replicas."),
    _entry(CHANGE, "extend", "extending", "Let a deployment live for longer."),
    _entry(CHANGE, "remove", "changes", "Take a deployment down and forget it."),
    _entry(SEE, "status", "status", "Show deployments, or how one and its components are."),
    _entry(SEE, "top", "top", "Show what the components of a deployment use."),
    _entry(SEE, "routes", "routes", "Show where applications are reached in a browser."),
    _entry(SEE, "runtimes", "runtimes", "Show the ways in which components are run."),
    _entry(SEE, "open", "routes", "Open an application in the browser.", "open_"),
    _entry(SEE, "logs", "logs", "Show what components printed."),
    _entry(SEE, "events", "events", "Show what happened."),
    _entry(SEE, "history", "history", "Show what was asked of a deployment."),
    _entry(SEE, "gantt", "gantt", "Draw when what happened, and when it was predicted."),
    _entry(STEER, "pause", "steering", "Begin nothing more of a reconfiguration."),
    _entry(STEER, "resume", "steering", "Go on with a reconfiguration that is paused."),
    _entry(STEER, "cancel", "steering", "End a reconfiguration at the next legal state."),
    _entry(STEER, "retry", "decisions", "Try a failed transition again."),
    _entry(STEER, "skip", "decisions", "Treat a failed transition as done."),
    _entry(STEER, "abandon", "decisions", "Give a failed transition up."),
    _entry(MANAGE, "app", "applications", "Published applications.", "app"),
    _entry(MANAGE, "saved", "saved", "What you deploy again and again, under a name.", "app"),
    _entry(MANAGE, "host", "hosts", "Machines that components run on.", "app"),
    _entry(MANAGE, "secret", "secrets", "Secrets that components are given.", "app"),
    _entry(MANAGE, "token", "tokens", "Tokens that let in.", "app"),
    _entry(MANAGE, "sign-in", "sign_in", "Make a link that signs a browser in.", "sign_in"),
    _entry(MANAGE, "user", "users", "Users, and who may do what.", "app"),
    _entry(MANAGE, "group", "groups", "Users who share something.", "app"),
    _entry(MANAGE, "quota", "quotas", "How much may run.", "app"),
    _entry(MANAGE, "audit", "audit", "Show who did what."),
    _entry(MANAGE, "whoami", "whoami", "Show who asks, and what they may do."),
    _entry(SERVER, "doctor", "doctor", "Look whether all is well, and say what to do if not."),
    _entry(FILES, "simulate", "simulate", "Run the programs of a case file in virtual time."),
)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """What is imported in this block stays, and is never looked at for garbage.

    To look through it again and again would take a sixth of the time of a short command, and a
    third of that in which the server starts.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class Deferred(typer.core.TyperCommand):
    """A subcommand that is imported when it is called."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(
            entry.name, help=entry.summary, short_help=entry.summary, rich_help_panel=entry.panel
        )
        self.entry = entry

    def load(self) -> Any:
        """The command itself."""
        with loading():
            found = getattr(importlib.import_module(self.entry.module), self.entry.attribute)
        application = found
        if not isinstance(found, typer.Typer):
            application = typer.Typer(add_completion=False, rich_markup_mode="markdown")
            application.command(self.entry.name, context_settings=SETTINGS)(found)
        command = typer.main.get_command(application)
        command.name = self.entry.name
        leave_types_of_flags_out(command)
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """The context of the command itself, which is what is then invoked."""
        return self.load().make_context(info_name, args, parent=parent, **extra)


def leave_types_of_flags_out(command: Any) -> None:
    """Have `--help` name no type beside what takes no value: one would seem to be needed."""
    # Asked for with a context, the option --help is among them.
    for each in command.get_params(typer.Context(command, **SETTINGS)):
        if getattr(each, "is_flag", False):
            each.metavar = ""
    for name in getattr(command, "commands", {}):
        leave_types_of_flags_out(command.commands[name])


def noun(help: str) -> typer.Typer:
    """An empty Typer application for the subcommands of a noun."""
    return typer.Typer(
        help=help,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings=SETTINGS,
    )


def fill(group: typer.core.TyperGroup, entries: Iterable[Entry]) -> None:
    """Give a group its subcommands, panel by panel."""
    for entry in entries:
        group.add_command(Deferred(entry))
