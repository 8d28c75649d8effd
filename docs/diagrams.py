"""Draws the diagrams of the documentation from the tables and types that they are about.

`python -m docs.diagrams` writes them to `docs/images`; a test fails when one is out of date.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from docs import blocks, life_cycles, request_way, svg
from docs.svg import Curve, Point
from ripieno import offline
from ripieno.cli import gantt
from ripieno.engine.rules import STATUS_TURNS, TOKEN_MOVES, Seat, Status
from ripieno.model import document
from ripieno.model.application import EXTERNAL, JOB, SERVICE, Address, ComponentDefinition, Use
from ripieno.model.builtin_types import component_type_of
from ripieno.model.component_type import ComponentType
from ripieno.model.reading_types import read_component_types
from ripieno.model.workload import Workload

DOCS = Path(__file__).parent
IMAGES = DOCS / "images"
EXAMPLE = DOCS.parent / "examples" / "web-shop.yaml"

SEAT_WIDTH, SEAT_HEIGHT = 124, 46

SEATS: Mapping[Seat, Point] = {
    Seat.PLACE: Point(480, 56),
    Seat.OUTPUT_DOCK: Point(130, 320),
    Seat.RUNNING: Point(480, 320),
    Seat.INPUT_DOCK: Point(830, 320),
    Seat.FAILED: Point(480, 500),
}


class Bow(NamedTuple):
    """How an arrow bulges (to the left of its direction), where its label is and how wide."""

    bend: float
    label: Point
    width: int = 24
    anchor: str = "middle"


# Several moves between the same two seats take these in the order of the table.
TOKEN_BOWS: Mapping[tuple[Seat, Seat], tuple[Bow, ...]] = {
    (Seat.PLACE, Seat.OUTPUT_DOCK): (Bow(-50, Point(112, 130), 25),),
    (Seat.OUTPUT_DOCK, Seat.PLACE): (Bow(-4, Point(390, 236), 22),),
    (Seat.OUTPUT_DOCK, Seat.RUNNING): (Bow(0, Point(305, 354), 30),),
    (Seat.RUNNING, Seat.INPUT_DOCK): (Bow(0, Point(655, 334), 30),),
    (Seat.RUNNING, Seat.FAILED): (Bow(26, Point(524, 412), 16, "start"),),
    (Seat.FAILED, Seat.RUNNING): (Bow(26, Point(436, 412), 16, "end"),),
    (Seat.FAILED, Seat.INPUT_DOCK): (Bow(-40, Point(720, 470), 16),),
    (Seat.FAILED, Seat.OUTPUT_DOCK): (Bow(40, Point(240, 470), 16),),
    (Seat.INPUT_DOCK, Seat.PLACE): (
        Bow(-50, Point(848, 130), 25),
        Bow(4, Point(570, 236), 22),
    ),
}

STATUSES: Mapping[Status, Point] = {
    Status.IDLE: Point(120, 60),
    Status.BUSY: Point(640, 60),
    Status.FAILED: Point(380, 290),
}

STATUS_BOWS: Mapping[tuple[Status, Status], tuple[Bow, ...]] = {
    (Status.IDLE, Status.BUSY): (Bow(16, Point(380, 30), 40),),
    (Status.BUSY, Status.IDLE): (Bow(16, Point(380, 94), 60),),
    (Status.BUSY, Status.FAILED): (Bow(26, Point(572, 214), 24, "start"),),
    (Status.FAILED, Status.BUSY): (Bow(16, Point(428, 158), 14),),
    (Status.IDLE, Status.FAILED): (Bow(16, Point(332, 158), 16),),
    (Status.FAILED, Status.IDLE): (Bow(26, Point(192, 214), 24, "end"),),
}


def token_diagram() -> str:
    """Where a token may be and how it gets there, from `rules.TOKEN_MOVES`."""
    parts = []
    taken: dict[tuple[Seat, Seat], int] = {}
    for move in TOKEN_MOVES:
        pair = (move.source, move.target)
        number = taken[pair] = taken.get(pair, -1) + 1
        bow = TOKEN_BOWS[pair][number]
        trigger = svg.wrap(move.trigger, bow.width)
        guard = svg.wrap(f"if {move.guard}", bow.width) if move.guard else []
        parts.append(_arrow(SEATS[move.source], SEATS[move.target], bow))
        parts.append(
            svg.text(bow.label, trigger + guard, anchor=bow.anchor, soft_from=len(trigger))
        )
    for seat, centre in SEATS.items():
        parts.append(_seat(seat, centre, is_failed=seat is Seat.FAILED))
    return svg.document(960, 548, "Where a token may be, and its moves", parts)


def status_diagram() -> str:
    """What a component may be doing as a whole, from `rules.STATUS_TURNS`."""
    parts = []
    taken: dict[tuple[Status, Status], int] = {}
    for turn in STATUS_TURNS:
        pair = (turn.source, turn.target)
        number = taken[pair] = taken.get(pair, -1) + 1
        bow = STATUS_BOWS[pair][number]
        parts.append(_arrow(STATUSES[turn.source], STATUSES[turn.target], bow))
        parts.append(svg.text(bow.label, svg.wrap(turn.trigger, bow.width), anchor=bow.anchor))
    for status, centre in STATUSES.items():
        parts.append(_seat(status, centre, is_failed=status is Status.FAILED))
    return svg.document(760, 330, "The status of a component", parts)


def _seat(name: str, centre: Point, *, is_failed: bool) -> str:
    css = "seat warn" if is_failed else "seat"
    return (
        svg.box(centre, SEAT_WIDTH, SEAT_HEIGHT, css=css)
        + "\n"
        + svg.text(centre, [name], css="name in")
    )


def _arrow(source: Point, target: Point, bow: Bow) -> str:
    control = svg.bent(source, target, bow.bend)
    start = svg.towards(source, control, SEAT_WIDTH / 2, SEAT_HEIGHT / 2)
    end = svg.towards(target, control, SEAT_WIDTH / 2 + 3, SEAT_HEIGHT / 2 + 3)
    return svg.arrow(Curve(start, control, end))


def tutorial_types() -> Mapping[str, ComponentType]:
    """The component types that the tutorial declares in its `types.yaml`."""
    written = next(b for b in blocks.blocks(DOCS / "tutorial.md") if b.title == "types.yaml")
    node = document.parse(written.text, "types.yaml")
    return read_component_types(node.at(("component_types",)))


def built_in_types() -> Mapping[str, ComponentType]:
    """The life cycles that need no declaration, of components that use and provide something.

    Their durations are nominal and mean nothing to a reader.
    """
    uses = {"store": Use(port="store", interface="redis")}
    workload = Workload(argv=("web",), tcp_ports={"http": 0})
    address = Address(host="db.example.org", tcp_ports={"sql": 5432})
    definitions = (
        ComponentDefinition(
            name="web", kind=SERVICE, workload=workload, uses=uses, provides={"http": "http"}
        ),
        ComponentDefinition(
            name="fill", kind=JOB, workload=workload, uses=uses, provides={"data": "data"}
        ),
        ComponentDefinition(
            name="db", kind=EXTERNAL, address=address, provides={"sql": "postgresql"}
        ),
    )
    return {each.kind: _timeless(each.kind, component_type_of(each, {})) for each in definitions}


def _timeless(name: str, component_type: ComponentType) -> ComponentType:
    transitions = tuple(
        dataclasses.replace(each, durations_s=(0.0,)) for each in component_type.transitions
    )
    return dataclasses.replace(component_type, name=name, transitions=transitions)


def diagrams() -> dict[Path, str]:
    """Every diagram, by the file that it belongs to."""
    of_types = {
        IMAGES / f"{name.lower()}.svg": life_cycles.draw(component_type)
        for name, component_type in {**tutorial_types(), **built_in_types()}.items()
    }
    return {
        IMAGES / "token.svg": token_diagram(),
        IMAGES / "status.svg": status_diagram(),
        IMAGES / "request-way.svg": request_way.draw(),
        IMAGES / "web-shop.svg": gantt.draw(offline.simulate_file(str(EXAMPLE))),
        **of_types,
    }


if __name__ == "__main__":
    for path, drawn in diagrams().items():
        path.write_text(drawn, encoding="utf-8")
