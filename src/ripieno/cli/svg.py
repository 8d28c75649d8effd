"""A sheet of SVG: shapes and lines of text, measured in pixels, in colours for light and dark.

Elements are made as a tree, so that whatever a component is called is escaped. Colours are plain
rules of classes: programs that put a drawing into a paper know no variables of CSS. No script.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ripieno.cli.axis import Axis

WIDTH = 800
MARGIN = 16
FONT = 11.5
BOLD = 1.18
"""How much wider bold text is."""
HATCHED = "fill: url(#hatch)"
"""A style for shapes of the class `holding`."""

# Hues of Okabe and Ito, which hold for colour-blind readers; every kind has its own outline or
# pattern besides, so that a copy in grey can be read.
_STYLE = """
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  font-size: 11.5px; fill: #1b1f24; }
.title { font-size: 15px; font-weight: 600; } .phase { font-size: 13px; font-weight: 600; }
.soft { fill: #57606a; } .bad { fill: #9c3a00; } .paper { fill: #ffffff; }
.band { fill: #f5f7f9; } .grid { stroke: #dfe3e8; } .axis { stroke: #57606a; }
.end { stroke: #57606a; stroke-dasharray: 2 3; }
.running { fill: #b5daf1; stroke: #4a8fbd; } .rebind { fill: #a3e2ca; stroke: #2a8a68; }
.failed { fill: #f2a57c; stroke: #a84300; } .cross { stroke: #7a2e00; stroke-width: 1.8; }
.waiting { fill: #f1f3f5; stroke: #8a949e; stroke-dasharray: 3 2; }
.holding { fill: #fbf3dc; stroke: #a87b00; } .hatch { stroke: #e9d49a; stroke-width: 2; }
.critical { stroke: #1b1f24; stroke-width: 2; stroke-dasharray: none; }
.path { stroke: #1b1f24; stroke-width: 1.5; fill: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #e8ecf0; } .soft { fill: #9aa5b0; } .bad { fill: #ff9f6b; }
  .paper { fill: #0f1318; } .band { fill: #161b21; } .grid { stroke: #29313a; }
  .axis, .end { stroke: #8b949e; }
  .running { fill: #24597e; stroke: #5ba7d9; } .rebind { fill: #1b6650; stroke: #3fb88f; }
  .failed { fill: #8f3f12; stroke: #f0884d; } .cross { stroke: #ffd9c2; }
  .waiting { fill: #1c232b; stroke: #7b8691; } .holding { fill: #3a3012; stroke: #c79a2b; }
  .hatch { stroke: #54451a; } .critical, .path { stroke: #ffd166; }
}
"""

_NARROW = frozenset("iljtfrI.,:;|!'()[]{} /-")
_BROAD = frozenset("mwMWQOGD@%&_")


class Sheet:
    """A drawing under way; `y` is how far down the paper is used."""

    def __init__(self) -> None:
        self.y = float(MARGIN)
        self._body = Element("g")

    def add(self, tag: str, style: str, /, **numbers: float) -> Element:
        """A shape of a class; its numbers are pixels."""
        placed = {name: px(value) for name, value in numbers.items()}
        return SubElement(self._body, tag, {"class": style, **placed})

    def axis(self, scale: Axis, *, left: float, width: float) -> None:
        """An axis with its ticks, as wide as that."""
        y = self.y
        self.add("line", "axis", x1=left, x2=left + width, y1=y, y2=y)
        for seconds, label in scale.ticks:
            x = left + seconds / scale.horizon_s * width
            self.add("line", "axis", x1=x, x2=x, y1=y, y2=y + 4)
            # The last one has the unit, and must not leave the paper with it.
            told = f"{label} {scale.unit}" if seconds == scale.ticks[-1][0] else label
            x = min(x, WIDTH - text_width(told) / 2)
            self.text(told, "soft", x=x, y=y + 16, anchor="middle")
        self.y += 24

    def path(self, style: str, drawn: str) -> Element:
        """A path of a class, its course in the words of SVG."""
        return SubElement(self._body, "path", {"class": style, "d": drawn})

    def text(self, text: str, style: str, *, x: float, y: float, anchor: str = "start") -> Element:
        """A line of text on a baseline."""
        element = self.add("text", style, x=x, y=y)
        element.text = text
        if anchor != "start":
            element.set("text-anchor", anchor)
        return element

    def title(self, text: str) -> None:
        """A bold line or two below what is there."""
        self._lines(wrapped(text, WIDTH - 2 * MARGIN, 15 * BOLD), "title", 15)

    def paragraph(self, text: str, style: str) -> None:
        """Text over the width of the paper, in as many lines as it takes, below what is there."""
        self._lines(wrapped(text, WIDTH - 2 * MARGIN), style, FONT)

    def _lines(self, lines: Iterable[str], style: str, size: float) -> None:
        for line in lines:
            self.text(line, style, x=MARGIN, y=self.y + size)
            self.y += size * 1.4

    def document(self, title: str, told: Sequence[str]) -> str:
        """The whole drawing, with a title and sentences for those who do not see it."""
        height = px(self.y + MARGIN / 2)
        root = Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {WIDTH} {height}",
                "width": str(WIDTH),
                "height": height,
                "role": "img",
            },
        )
        SubElement(root, "title").text = title
        SubElement(root, "desc").text = " ".join(told)
        SubElement(root, "style").text = _STYLE
        root.append(_hatching())
        SubElement(root, "rect", {"class": "paper", "width": str(WIDTH), "height": height})
        root.append(self._body)
        return ElementTree.tostring(root, encoding="unicode") + "\n"


def explain(shape: Element, words: str) -> None:
    """Give a shape a tooltip."""
    SubElement(shape, "title").text = words


def text_width(text: str, size: float = FONT) -> float:
    """Pixels that a text takes at most in a common sans serif; an estimate on the safe side."""
    return size * sum(map(_em, text))


def fitted(text: str, room: float, size: float = FONT) -> str:
    """The text, cut with an ellipsis if it is wider than the room; empty if too little fits."""
    if text_width(text, size) <= room:
        return text
    left = room - size  # for the ellipsis
    kept = ""
    for character in text:
        left -= size * _em(character)
        if left < 0:
            break
        kept += character
    return f"{kept}…" if len(kept) > 2 else ""


def wrapped(text: str, room: float, size: float = FONT) -> Iterator[str]:
    """Lines that are not wider than the room; a word that is wider is cut."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if text_width(longer, size) <= room:
            line = longer
            continue
        if line:
            yield line
        line = fitted(word, room, size)
    if line:
        yield line


def px(value: float) -> str:
    """A number of pixels as an attribute."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _hatching() -> Element:
    definitions = Element("defs")
    pattern = SubElement(definitions, "pattern", id="hatch", width="7", height="7")
    pattern.set("patternUnits", "userSpaceOnUse")
    pattern.set("patternTransform", "rotate(45)")
    ground = SubElement(pattern, "rect", {"class": "holding"}, width="7", height="7")
    ground.set("style", "stroke: none")
    SubElement(pattern, "line", {"class": "hatch"}, y2="7")
    return definitions


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.38
    if character in _BROAD:
        return 0.9
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    return 0.7 if character.isupper() else 0.6
