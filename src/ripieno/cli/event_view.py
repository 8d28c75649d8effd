"""An event as a line for people."""

from collections.abc import Mapping

from pydantic import JsonValue
from rich.text import Text

from ripieno.cli import moments
from ripieno.cli.output import safe
from ripieno.wire.event import Event

_UNTOLD = frozenset({"input", "facts", "types", "text"})
"""What the engine needs to replay an event, and what is told without its name."""

_STYLES = {"failed": "red", "stuck": "red", "crashed": "red", "completed": "green"}


def line(event: Event, *, names_deployment: bool) -> Text:
    """`12:00:01.123  web  transition.ended  start, attempt 1`."""
    text = Text(f"{moments.clock_or_day(event.at)}  ", style="dim")
    if names_deployment:
        text.append(f"{safe(event.deployment or '-')}  ", style="not dim")
    if event.component:
        text.append(f"{safe(event.component)}  ", style="not dim bold")
    style = _STYLES.get(event.kind.rpartition(".")[2], "cyan")
    text.append(safe(event.kind), style=f"not dim {style}")
    if told := about(event.data):
        text.append(f"  {told}", style="not dim")
    return text


def about(data: Mapping[str, JsonValue]) -> str:
    """What an event's data says, in a few words."""
    words = [safe(str(data["text"]))] if data.get("text") else []
    for name, value in data.items():
        if name in _UNTOLD or value in (None, "", [], {}):
            continue
        shown = value if isinstance(value, str) else _plain(value)
        words.append(safe(shown if name == "transition" else f"{name} {shown}", 500))
    return ", ".join(words)


def _plain(value: JsonValue) -> str:
    if isinstance(value, list):
        return " ".join(map(_plain, value))
    if isinstance(value, dict):
        return " ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
