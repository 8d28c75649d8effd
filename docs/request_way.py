"""Draws the way of a change through the control plane: who tells whom what.

Called by `docs.diagrams`. Every box names the module that it stands for, which has to exist.
"""

import importlib.util
from collections.abc import Mapping
from typing import NamedTuple

from docs import svg
from docs.svg import Curve, Point

WIDTH, HEIGHT = 960, 600
BOX_WIDTH, BOX_HEIGHT = 150, 50


class Box(NamedTuple):
    """A part: its module in `ripieno`, where it stands, and what it is in a few words."""

    module: str
    at: Point
    words: str


class Way(NamedTuple):
    """An arrow between two parts with its label; `bend` is how far it bulges to its left."""

    source: str
    target: str
    words: str
    label: Point
    bend: float = 0
    anchor: str = "middle"
    width: int = 20


PARTS: Mapping[str, Box] = {
    "client": Box("client", Point(95, 66), "for cli and programs"),
    "api": Box("api", Point(330, 66), "HTTP, streams"),
    "service": Box("control.service", Point(570, 66), "use cases"),
    "supervisor": Box("control.supervisor", Point(570, 300), "one for a deployment"),
    "planner": Box("plan.planner", Point(865, 196), "from here to there"),
    "machine": Box("engine.machine", Point(865, 396), "what may happen"),
    "store": Box("store", Point(330, 400), "SQLite, PostgreSQL"),
    "hub": Box("control.hub", Point(330, 240), "one reader for all"),
    "performer": Box("control.performer", Point(570, 544), "from commands to calls"),
    "runtimes": Box("runtimes", Point(865, 544), "processes on hosts"),
}

WAYS = (
    Way("client", "api", "1 request", Point(212, 36), 10),
    Way("api", "client", "events", Point(212, 96), 10),
    Way("api", "service", "2", Point(450, 54)),
    Way("service", "supervisor", "3 a change to begin", Point(582, 140), 0, "start", 12),
    Way(
        "supervisor",
        "planner",
        "4 where it stands, what is wanted",
        Point(694, 206),
        14,
        "middle",
        18,
    ),
    Way("planner", "supervisor", "a plan", Point(778, 268), 14),
    Way("supervisor", "machine", "5 an event", Point(780, 326), 14),
    Way("machine", "supervisor", "commands", Point(752, 372), 14),
    Way("supervisor", "store", "6 all of it: one transaction", Point(452, 322), 0, "end", 16),
    Way("supervisor", "performer", "7 only then: commands", Point(594, 420), 12, "start", 12),
    Way("performer", "supervisor", "9 an event: how it ended", Point(544, 440), 12, "end", 13),
    Way("performer", "runtimes", "8", Point(718, 532)),
    Way("runtimes", "supervisor", "a process has died", Point(784, 452), 0, "start", 12),
    Way("store", "hub", "10 what was committed", Point(320, 320), 0, "end", 12),
    Way("hub", "api", "in order", Point(320, 154), 0, "end", 12),
)


def draw() -> str:
    """The SVG file. Raises: `AssertionError` where a module is not there any more."""
    parts = [_arrow(way) for way in WAYS]
    for box in PARTS.values():
        assert importlib.util.find_spec(f"ripieno.{box.module}"), box.module
        parts.append(svg.box(box.at, BOX_WIDTH, BOX_HEIGHT))
        parts.append(svg.text(Point(box.at.x, box.at.y - 8), [box.module], css="in"))
        parts.append(svg.text(Point(box.at.x, box.at.y + 10), [box.words], css="small soft in"))
    for way in WAYS:
        if way.words:
            lines = svg.wrap(way.words, way.width)
            parts.append(svg.text(way.label, lines, css="small", anchor=way.anchor))
    return svg.document(WIDTH, HEIGHT, "The way of a change", parts)


def _arrow(way: Way) -> str:
    source, target = PARTS[way.source].at, PARTS[way.target].at
    control = svg.bent(source, target, way.bend)
    start = svg.towards(source, control, BOX_WIDTH / 2, BOX_HEIGHT / 2)
    end = svg.towards(target, control, BOX_WIDTH / 2 + 3, BOX_HEIGHT / 2 + 3)
    return svg.arrow(Curve(start, control, end))
