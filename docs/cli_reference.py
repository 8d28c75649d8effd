"""Writes the reference of the command line from the commands as they are.

`python -m docs.cli_reference` writes it to `docs/reference/cli.md`; a test fails when that is out
of date.
"""

import enum
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer.core

from ripieno import settings
from ripieno.__main__ import ENTRIES
from ripieno.cli import main
from ripieno.cli.catalogue import Deferred
from ripieno.cli.exits import MEANINGS

REFERENCE = Path(__file__).parent / "reference" / "cli.md"

_BEGIN = f"""\
# Command line

<!-- Written by python -m docs.cli_reference from the commands; do not edit. -->

`ripieno --help` lists all commands, `ripieno COMMAND --help` tells about one, and `ripieno
--install-completion` lets the shell complete them, names of deployments and components included.

## Where the server is

| variable | meaning |
|---|---|
| `{settings.URL}` | address of the server; by default that of the one on the state folder |
| `{settings.TOKEN}` | token that lets in; by default the one in `{settings.TOKEN_FILE}` \
of the state folder, which is shown to no server but its own |
| `{settings.HOME}` | the state folder; by default the user's own folder for such things |

## Files and names

Where a command takes either, a word with a dot or a slash in it, or `-` for the standard input, is
a file; any other word is a name. For a file `shop` write `./shop`. Relative paths in an application
file begin in its folder.

## Waiting

Commands that ask for a reconfiguration wait until it is over: in a terminal with a row for each
component, elsewhere with a line for each transition. They go on waiting when the server is started
again. Ctrl-C ends the command only; what was asked for goes on. `--no-wait` does not wait,
`--quiet` prints errors only, and `--json` prints the reconfiguration as the [API](api.md) tells it.

## Exit codes

An error is one line on the standard error, beginning with `ripieno:`.

| code | meaning |
|---|---|
"""


def reference() -> str:
    """The reference, in Markdown."""
    parts = [_BEGIN]
    parts += [f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items()]
    panel = ""
    for command in main.group(ENTRIES).commands.values():
        assert isinstance(command, Deferred)
        if command.entry.panel != panel:
            panel = command.entry.panel
            parts.append(f"\n## {panel}\n")
        parts += _command(command.load(), f"ripieno {command.entry.name}", "###")
    return "".join(parts).rstrip() + "\n"


def _command(command: Any, name: str, heading: str) -> Iterator[str]:
    yield f"\n{heading} {name}\n\n"
    if isinstance(command, typer.core.TyperGroup):
        yield from _told(command.help or "")
        for each in command.commands.values():
            yield from _command(each, f"{name} {each.name}", heading + "#")
        return
    context = typer.Context(command, info_name=name)
    pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    yield f"```\n{' '.join([name, *pieces, '[OPTIONS]'])}\n```\n\n"
    yield from _told(command.help or "")
    rows = [_row(each, context) for each in command.params]
    if rows:
        yield "\n| argument, option | meaning | default |\n|---|---|---|\n"
        yield from rows


def _told(text: str) -> Iterable[str]:
    """The paragraphs of a help text, examples as commands."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    examples = [part.removeprefix("Example: ") for part in paragraphs if part.startswith("Example")]
    yield "\n\n".join(part for part in paragraphs if not part.startswith("Example")) + "\n"
    if examples:
        commands = "".join(f"$ {each}\n" for each in examples)
        yield f"\n```console\n{commands}```\n"


def _row(parameter: Any, context: typer.Context) -> str:
    if isinstance(parameter, typer.core.TyperArgument):
        name = parameter.display_name_raw
    else:
        name = ", ".join(parameter.opts)
        if parameter.secondary_opts:
            name += f" / {', '.join(parameter.secondary_opts)}"
        if not parameter.is_flag:
            name += f" {parameter.display_type_rich(ctx=context)}"
    return f"| {_code(name)} | {_cell(parameter.help or '')} | {_default(parameter)} |\n"


def _default(parameter: Any) -> str:
    value = parameter.default
    if value is None or value is False or value in ((), [], "") or callable(value):
        return ""
    if value is True:
        return _code(parameter.opts[0])
    return _code(str(value.value if isinstance(value, enum.Enum) else value))


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    REFERENCE.parent.mkdir(exist_ok=True)
    REFERENCE.write_text(reference(), encoding="utf-8")
