"""What the diagrams of the documentation are drawn with: boxes, arrows, text, two colour schemes.

Called by `docs.diagrams` and `docs.life_cycles`; knows nothing of what is drawn.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

LINE_HEIGHT = 16
CHARACTER_WIDTH = 6.6
"""Roughly, at 12 pixels; text is laid out by this, since nothing here can measure it."""

HUES = ("#2563c9", "#b4540a", "#17803d", "#8b3fb8", "#b3243b", "#0b7a80", "#7a6a00", "#59606b")
DARK_HUES = ("#7fb0ff", "#f0a35e", "#6fd08c", "#cf9bf2", "#ff8f9d", "#5fcfd4", "#d8c65a", "#aab2bd")


class Point(NamedTuple):
    """A place on the canvas, in pixels from its top left."""

    x: float
    y: float


class Curve(NamedTuple):
    """A quadratic curve, with an arrowhead at its end."""

    start: Point
    control: Point
    end: Point

    @property
    def middle(self) -> Point:
        """The point half-way along."""
        return Point(
            (self.start.x + 2 * self.control.x + self.end.x) / 4,
            (self.start.y + 2 * self.control.y + self.end.y) / 4,
        )


def _scheme() -> str:
    light = "".join(f".h{i}{{--hue:{hue}}}" for i, hue in enumerate(HUES))
    dark = "".join(f".h{i}{{--hue:{hue}}}" for i, hue in enumerate(DARK_HUES))
    return (
        "svg{--paper:#ffffff;--ink:#1d232b;--soft:#5b6470;--line:#77818d;--fill:#eef2f7;"
        "--outline:#c3ccd6;--warn:#fbe9e7;--warn-line:#c0392b}"
        f"{light}"
        "@media(prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--soft:#9aa5b1;"
        "--line:#8b949e;--fill:#1a2330;--outline:#3b4654;--warn:#3a1d1d;--warn-line:#ff7b72}"
        f"{dark}}}"
        "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:var(--ink);"
        "paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}"
        "text.in{stroke:none}text.name{font-weight:600;font-size:14px}text.small{font-size:11px}"
        "text.soft{fill:var(--soft)}text.hue{fill:var(--hue)}"
        ".paper{fill:var(--paper)}.seat{fill:var(--fill);stroke:var(--line);stroke-width:1.5}"
        ".warn{fill:var(--warn);stroke:var(--warn-line)}"
        ".edge{fill:none;stroke:var(--line);stroke-width:1.5}.head{fill:var(--line)}"
        ".hue .edge{stroke:var(--hue);stroke-width:2}.hue .head{fill:var(--hue)}"
        ".group{fill:var(--fill);fill-opacity:.45;stroke:var(--outline);stroke-dasharray:5 4}"
        ".tab{stroke:var(--soft);fill:var(--paper)}.tab.full{fill:var(--soft)}"
        "text.tabbed{fill:var(--paper)}"
    )


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A whole SVG file."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{escape(title)}">\n'
        f"<title>{escape(title)}</title>\n<style>{_scheme()}</style>\n"
        f'<rect class="paper" width="{width:g}" height="{height:g}" rx="8"/>\n{body}\n</svg>\n'
    )


def text(
    at: Point, lines: Sequence[str], *, css: str = "", anchor: str = "middle", soft_from: int = 99
) -> str:
    """Lines of text whose block is centred on the height of `at`; soft from that line on."""
    top = at.y - (len(lines) - 1) * LINE_HEIGHT / 2 + 4
    return "\n".join(
        f'<text class="{css}{" soft" if number >= soft_from else ""}" x="{at.x:.1f}" '
        f'y="{top + number * LINE_HEIGHT:.1f}" text-anchor="{anchor}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )


def wrap(words: str, width: int) -> list[str]:
    """Text in lines of at most that many characters, cut between words."""
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def box(centre: Point, width: float, height: float, *, css: str = "seat", radius: int = 10) -> str:
    """A rounded rectangle."""
    x, y = centre.x - width / 2, centre.y - height / 2
    return (
        f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="{radius}"/>'
    )


def arrow(curve: Curve, *, css: str = "") -> str:
    """A curve with an arrowhead."""
    start, control, end = curve
    angle = math.atan2(end.y - control.y, end.x - control.x)
    way = f"M{_at(start)} Q{_at(control)} {_at(_back(end, angle, 8))}"
    return f'<g class="{css}"><path class="edge" d="{way}"/>{_head(end, angle)}</g>'


def loop(start: Point, controls: tuple[Point, Point], end: Point, *, css: str = "") -> str:
    """A cubic curve with an arrowhead."""
    angle = math.atan2(end.y - controls[1].y, end.x - controls[1].x)
    way = f"M{_at(start)} C{_at(controls[0])} {_at(controls[1])} {_at(_back(end, angle, 8))}"
    return f'<g class="{css}"><path class="edge" d="{way}"/>{_head(end, angle)}</g>'


def _head(end: Point, angle: float) -> str:
    wings = [_back(end, angle + turn, 11) for turn in (0.42, -0.42)]
    return f'<path class="head" d="M{_at(end)} L{_at(wings[0])} L{_at(wings[1])} Z"/>'


def _back(end: Point, angle: float, length: float) -> Point:
    return Point(end.x - length * math.cos(angle), end.y - length * math.sin(angle))


def _at(point: Point) -> str:
    return f"{point.x:.1f} {point.y:.1f}"


def bent(start: Point, end: Point, bend: float) -> Point:
    """The control point of a curve between two points that bulges `bend` pixels to its left."""
    length = math.hypot(end.x - start.x, end.y - start.y) or 1.0
    across = Point((end.y - start.y) / length, -(end.x - start.x) / length)
    return Point(
        (start.x + end.x) / 2 + 2 * bend * across.x, (start.y + end.y) / 2 + 2 * bend * across.y
    )


def towards(centre: Point, other: Point, half_width: float, half_height: float) -> Point:
    """Where the line from the centre of a box to another point leaves the box."""
    across, down = other.x - centre.x, other.y - centre.y
    scale = min(
        half_width / abs(across) if across else math.inf,
        half_height / abs(down) if down else math.inf,
    )
    return Point(centre.x + across * scale, centre.y + down * scale)


def around(centre: Point, other: Point, radius: float) -> Point:
    """Where the line from the centre of a circle to another point leaves the circle."""
    length = math.hypot(other.x - centre.x, other.y - centre.y) or 1.0
    return Point(
        centre.x + radius * (other.x - centre.x) / length,
        centre.y + radius * (other.y - centre.y) / length,
    )
