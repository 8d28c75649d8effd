"""Draws a component type: places left to right, an arrow a transition, a colour a behaviour.

Called by `docs.diagrams`. Places stand in the column of their longest way from the initial place;
arrows that go back run below, arrows that skip a column run above.
"""

import math
from collections import Counter, defaultdict

from docs import svg
from docs.svg import Curve, Point
from ripieno.model.component_type import ComponentType, Transition
from ripieno.model.port import Port

RADIUS = 42
COLUMN, ROW = 190, 130
LANE = 44
"""How far apart arrows between the same two places run."""

DOWN, TURN = math.pi / 2, 1.15
"""Where a loop leaves its place, and how far to the right of it the next one does."""

TAB_HEIGHT = 18


class LifeCycle:
    """The drawing of one component type."""

    def __init__(self, component_type: ComponentType) -> None:
        self.type = component_type
        self._column = _columns(component_type)
        self._at = self._positions()
        self._hue = {
            name: f"h{i % len(svg.HUES)}" for i, name in enumerate(component_type.behaviours)
        }
        self._tabs: dict[str, int] = defaultdict(int)
        self._parts: list[str] = []
        self._boxes: list[tuple[Point, Point]] = []
        for centre in self._at.values():
            self._cover(centre, RADIUS, RADIUS)

    def draw(self) -> str:
        """The SVG file."""
        self._draw_groups()
        self._draw_transitions()
        self._draw_places()
        self._draw_ports()
        return self._on_canvas()

    def _positions(self) -> dict[str, Point]:
        columns: dict[int, list[str]] = defaultdict(list)
        for place in self.type.places:
            columns[self._column[place]].append(place)
        return {
            place: Point(column * COLUMN, (row - (len(places) - 1) / 2) * ROW)
            for column, places in columns.items()
            for row, place in enumerate(places)
        }

    def _draw_groups(self) -> None:
        for name in self.type.groups:
            places = _places_of(self.type, name)
            across = [self._at[place].x for place in places]
            down = [self._at[place].y for place in places]
            top_left = Point(min(across) - RADIUS - 16, min(down) - RADIUS - 42)
            bottom_right = Point(max(across) + RADIUS + 16, max(down) + RADIUS + 16)
            width, height = bottom_right.x - top_left.x, bottom_right.y - top_left.y
            centre = Point(top_left.x + width / 2, top_left.y + height / 2)
            self._parts.append(svg.box(centre, width, height, css="group", radius=18))
            label = Point(top_left.x + 12, top_left.y + 14)
            self._parts.append(svg.text(label, [name], css="small soft in", anchor="start"))
            self._cover(centre, width / 2, height / 2)

    def _draw_transitions(self) -> None:
        ends = [(each.source, each.target) for each in self.type.transitions]
        drawn: Counter[tuple[str, str]] = Counter()
        back_count = 0
        for transition in sorted(self.type.transitions, key=self._span):
            pair = (transition.source, transition.target)
            lane, span = drawn[pair], self._span(transition)
            drawn[pair] += 1
            if pair[0] == pair[1]:
                self._draw_loop(transition, DOWN - TURN * lane if ends.count(pair) > 1 else DOWN)
            elif span < 0:
                depth = -56.0 * span if span < -1 else 42
                self._draw_arrow(transition, -(depth + 6 * back_count))
                back_count += 1
            else:
                raised = ((ends.count(pair) - 1) / 2 - lane) * LANE
                if raised < 0 and (pair[1], pair[0]) in ends:
                    raised += 0.4 * LANE  # There are arrows back below.
                self._draw_arrow(transition, raised + 60 * (span - 1))

    def _span(self, transition: Transition) -> int:
        """How many columns a transition goes to the right; negative if back."""
        span = self._column[transition.target] - self._column[transition.source]
        return span or (-1 if transition.source != transition.target else 0)

    def _draw_arrow(self, transition: Transition, bend: float) -> None:
        start, end = self._at[transition.source], self._at[transition.target]
        # Going back, the left of the direction is below: the bulge of both is given as "up".
        control = svg.bent(start, end, bend if end.x > start.x else -bend)
        curve = Curve(
            svg.around(start, control, RADIUS), control, svg.around(end, control, RADIUS + 3)
        )
        middle = curve.middle
        outward = -1 if bend >= 0 else 1
        label = Point(middle.x, middle.y + 11 * outward)
        arrow = svg.arrow(curve, css=f"hue {self._hue[transition.behaviour]}")
        self._finish(transition, arrow, label, outward=outward)

    def _draw_loop(self, transition: Transition, direction: float) -> None:
        """A loop that leaves its place in a direction, in radians clockwise from the right."""
        centre = self._at[transition.source]

        def out(turn: float, distance: float) -> Point:
            angle = direction + turn
            return Point(
                centre.x + distance * math.cos(angle), centre.y + distance * math.sin(angle)
            )

        path = svg.loop(
            out(-0.5, RADIUS),
            (out(-0.6, RADIUS + 66), out(0.6, RADIUS + 66)),
            out(0.5, RADIUS + 2),
            css=f"hue {self._hue[transition.behaviour]}",
        )
        if direction == DOWN:
            self._finish(transition, path, out(0, RADIUS + 50), outward=1)
        else:
            tip = out(0, RADIUS + 48)
            self._finish(transition, path, tip, outward=1, anchor="start")

    def _finish(
        self,
        transition: Transition,
        drawn: str,
        label: Point,
        *,
        outward: int,
        anchor: str = "middle",
    ) -> None:
        """Draw an arrow with its label and, further out (-1 up, 1 down), the tabs of its ports."""
        words = transition.name
        seconds = transition.durations_s[0]
        if seconds:
            words += f" · {seconds:g} s"
        self._parts.append(drawn)
        css = f"hue {self._hue[transition.behaviour]}"
        lines = _lines(words)
        label = Point(label.x, label.y + outward * (len(lines) - 1) * svg.LINE_HEIGHT / 2)
        self._parts.append(svg.text(label, lines, css=css, anchor=anchor))
        half = max(map(len, lines)) * svg.CHARACTER_WIDTH / 2
        self._cover(label if anchor == "middle" else Point(label.x + half, label.y), half, 8)
        ports = [p for p in self.type.ports if transition.name in self.type.bound_transitions(p)]
        for number, port in enumerate(ports):
            self._draw_tab(
                port, Point(label.x, label.y + outward * (20 + number * (TAB_HEIGHT + 3)))
            )

    def _draw_places(self) -> None:
        for place, centre in self._at.items():
            ring = f'<circle class="seat" cx="{centre.x:.1f}" cy="{centre.y:.1f}" r="{RADIUS}"/>'
            self._parts.append(ring)
            if place == self.type.initial:
                dot = f'<circle class="head" cx="{centre.x:.1f}" cy="{centre.y + 18:.1f}" r="5"/>'
                self._parts.append(dot)
            self._parts.append(svg.text(centre, [place], css="in"))

    def _draw_ports(self) -> None:
        for port in self.type.ports:
            for name in port.on:
                if name in self._at:
                    above = self._tabs[name]
                    self._tabs[name] += 1
                    centre = self._at[name]
                    height = RADIUS + 14 + above * (TAB_HEIGHT + 3)
                    self._draw_tab(port, Point(centre.x, centre.y - height))
                elif name in self.type.groups:
                    self._draw_group_tab(port, name)

    def _draw_group_tab(self, port: Port, group: str) -> None:
        places = [self._at[place] for place in _places_of(self.type, group)]
        number = self._tabs[group]
        self._tabs[group] += 1
        top = min(place.y for place in places) - RADIUS - 42
        middle = (min(place.x for place in places) + max(place.x for place in places)) / 2
        self._draw_tab(port, Point(middle, top - number * (TAB_HEIGHT + 3)))

    def _draw_tab(self, port: Port, centre: Point) -> None:
        words = f"→ {port.name}" if port.kind.is_consumer else f"{port.name} →"
        width = len(words) * 6.2 + 14
        is_full = not port.kind.is_consumer
        self._parts.append(
            svg.box(
                centre,
                width,
                TAB_HEIGHT,
                css="tab full" if is_full else "tab",
                radius=9 if port.kind.is_data else 3,
            )
        )
        css = "small in tabbed" if is_full else "small in"
        self._parts.append(svg.text(centre, [words], css=css))
        self._cover(centre, width / 2, TAB_HEIGHT / 2)

    def _cover(self, centre: Point, across: float, down: float) -> None:
        self._boxes.append(
            (Point(centre.x - across, centre.y - down), Point(centre.x + across, centre.y + down))
        )

    def _on_canvas(self) -> str:
        left = min(low.x for low, _ in self._boxes) - 24
        top = min(low.y for low, _ in self._boxes) - 20
        right = max(high.x for _, high in self._boxes) + 24
        bottom = max(high.y for _, high in self._boxes) + 20
        legend = []
        x = 0.0
        for name in self.type.behaviours:
            hue = self._hue[name]
            at = Point(24 + x, bottom - top + 12)
            legend.append(
                f'<g class="hue {hue}"><path class="edge" d="M{at.x:.1f} {at.y:.1f} h24"/></g>'
            )
            legend.append(
                svg.text(Point(at.x + 31, at.y), [name], css=f"small hue {hue}", anchor="start")
            )
            x += 31 + len(name) * svg.CHARACTER_WIDTH + 24
        width, height = max(right - left, x + 24), bottom - top + 32
        shifted = f'<g transform="translate({-left:.1f} {-top:.1f})">\n'
        return svg.document(
            round(width),
            round(height),
            f"The life cycle of {self.type.name}",
            [shifted, *self._parts, "</g>", *legend],
        )


def draw(component_type: ComponentType) -> str:
    """The component type as an SVG file."""
    return LifeCycle(component_type).draw()


def _lines(words: str) -> list[str]:
    """A label, in two lines if it would not fit between two places."""
    if len(words) * svg.CHARACTER_WIDTH < COLUMN - 2 * RADIUS or "_" not in words:
        return [words]
    head, _, tail = words.rpartition("_")
    return [f"{head}_", tail]


def _columns(component_type: ComponentType) -> dict[str, int]:
    """The longest way from the initial place, not counting transitions that go back."""
    order: list[str] = []
    _visit(component_type, component_type.initial, order, set())
    for place in component_type.places:
        _visit(component_type, place, order, set(order))
    rank = {place: number for number, place in enumerate(reversed(order))}
    column = dict.fromkeys(component_type.places, 0)
    for place in sorted(rank, key=rank.__getitem__):
        for transition in component_type.transitions:
            if transition.source == place and rank[transition.target] > rank[place]:
                column[transition.target] = max(column[transition.target], column[place] + 1)
    return column


def _visit(component_type: ComponentType, place: str, order: list[str], seen: set[str]) -> None:
    """Places in the order in which a depth-first walk leaves them for good."""
    if place in seen or place in order:
        return
    seen.add(place)
    for transition in component_type.transitions:
        if transition.source == place:
            _visit(component_type, transition.target, order, seen)
    order.append(place)


def _places_of(component_type: ComponentType, group: str) -> tuple[str, ...]:
    places: list[str] = []
    for part in component_type.groups[group]:
        places += _places_of(component_type, part) if part in component_type.groups else [part]
    return tuple(places)
