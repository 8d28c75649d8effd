"""Showing something again and again: in place in a terminal, elsewhere whenever it has changed."""

import asyncio
from collections.abc import Awaitable, Callable

from pydantic import BaseModel
from rich.console import Console, Group, RenderableType
from rich.live import Live

from ripieno.cli.output import show_json_line

PAUSE_S = 1.0

Look = Callable[[], Awaitable[tuple[list[BaseModel] | BaseModel, list[RenderableType]]]]
"""Asks the server: the answer, and how it is shown."""


async def watch(look: Look, terminal: Console, *, as_json: bool) -> None:
    """Look and show until it is interrupted."""
    if terminal.is_terminal and not as_json:
        with Live(console=terminal, auto_refresh=False) as live:
            while True:
                _, shown = await look()
                live.update(Group(*shown), refresh=True)
                await asyncio.sleep(PAUSE_S)
    last: object = None
    while True:
        answer, shown = await look()
        if answer != last:
            last = answer
            if as_json:
                for each in answer if isinstance(answer, list) else [answer]:
                    show_json_line(each)
            else:
                terminal.print(Group(*shown))
        await asyncio.sleep(PAUSE_S)
