"""An explorer of self-exciting point processes, on Bokeh's own server.

`python explorer.py PORT BACKGROUND BRANCHING MEMORY KERNEL`: what the sliders begin with. What a
visitor moves goes to this process over a websocket, and what is drawn comes back the same way.
Where the page is seen from outside is in PUBLIC_HOST and PUBLIC_PATH, as Ripieno tells every
application: Bokeh answers below that path only, and takes websockets from that host's pages only.
"""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import hawkes
import numpy as np
from bokeh.document import Document
from bokeh.models import (
    Button,
    ColumnDataSource,
    Div,
    HoverTool,
    LinearColorMapper,
    Select,
    Slider,
    Toggle,
)
from bokeh.plotting import figure
from bokeh.server.server import Server
from hawkes import Kernel, Process, Realisation
from jinja2 import Template

INK, QUIET, BLUE, ORANGE = "#1d2733", "#6b7785", "#2f6fbb", "#e07b28"
PALETTE = ("#2f6fbb", "#3f9aa8", "#5bb37a", "#a7c14e", "#e6b93c", "#e07b28", "#cf4b3a", "#9c2f5f")
"""Of the generations, the first of which triggers the others."""

MOMENTS = 1200
PLAY_STEPS = 150
PLAY_MS = 80


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a new page shows."""

    background: float
    branching: float
    memory_s: float
    kernel: Kernel


@dataclass
class Page:
    """What one visitor sees, and has set."""

    start: Start
    seed: int = 1
    step: int = PLAY_STEPS
    realisation: Realisation = field(init=False)

    def __post_init__(self) -> None:
        start = self.start
        self.background = Slider(
            title="Background (events a minute)",
            start=1, end=30, step=0.5, value=start.background, name="background",
        )  # fmt: skip
        self.branching = Slider(
            title="Branching (triggered by each event)",
            start=0, end=0.95, step=0.01, value=start.branching, name="branching",
        )  # fmt: skip
        self.memory = Slider(
            title="Memory (mean delay, s)",
            start=0.5, end=30, step=0.5, value=start.memory_s, name="memory",
        )  # fmt: skip
        self.kernel = Select(
            title="Kernel", options=[each.value for each in Kernel], value=start.kernel.value,
            name="kernel",
        )  # fmt: skip
        self.horizon = Slider(
            title="Observed (min)", start=1, end=20, step=1, value=5, name="horizon"
        )
        self.again = Button(label="Another realisation", name="again")
        self.play = Toggle(label="Play", button_type="primary", name="play")
        self.facts = Div(name="facts", sizing_mode="stretch_width", stylesheets=[FACTS_CSS])
        self.rate, self.events, self.links, self.counts, self.gaps = (
            ColumnDataSource() for _ in range(5)
        )

    @property
    def process(self) -> Process:
        """The law that the controls say."""
        return Process(
            background=self.background.value / 60,
            branching=self.branching.value,
            memory_s=self.memory.value,
            kernel=Kernel(self.kernel.value),
        )

    @property
    def horizon_s(self) -> float:
        """How long is observed."""
        return 60.0 * self.horizon.value

    def redraw(self) -> None:
        """Another realisation of what the controls say, as much of it as has been played."""
        self.realisation = hawkes.draw(self.process, self.horizon_s, self.seed)
        self.show()

    def show(self) -> None:
        """Send what is to be seen up to the present moment."""
        process, all_of_it = self.process, self.realisation
        now = self.horizon_s * self.step / PLAY_STEPS
        seen = all_of_it.times <= now
        times = all_of_it.times[seen]
        at = np.linspace(0, now, max(2, MOMENTS * self.step // PLAY_STEPS))
        rate = 60 * hawkes.intensity(process, times, at)
        self.rate.data = {"t": at / 60, "rate": rate}
        generations, parents = all_of_it.generations[seen], all_of_it.parents[seen]
        self.events.data = {"t": times / 60, "generation": generations}
        children = np.flatnonzero(parents >= 0)
        self.links.data = {
            "t0": times[parents[children]] / 60, "t1": times[children] / 60,
            "g0": generations[children] - 1, "g1": generations[children],
        }  # fmt: skip
        count = np.searchsorted(times, at)
        self.counts.data = {"t": at / 60, "count": count, "mean": process.mean_rate * at}
        self.gaps.data = gaps(times)
        triggered = len(children) / len(times) if len(times) else 0.0
        self.facts.text = facts(
            ("Events", f"{len(times):,}"),
            ("Triggered", f"{triggered:.0%}"),
            ("Generations", str(int(generations.max()) + 1 if len(times) else 0)),
            ("Mean rate, expected", f"{60 * process.mean_rate:.1f}/min"),
            ("Mean rate, observed", f"{60 * len(times) / max(now, 1):.1f}/min"),
        )

    def tick(self) -> None:
        """Go on playing; at the end, with another realisation."""
        if not self.play.active:
            return
        self.step += 1
        if self.step > PLAY_STEPS:
            self.step, self.seed = 1, self.seed + 1
            self.redraw()
        else:
            self.show()

    def place(self, document: Document) -> None:
        """Put everything into a visitor's document."""
        for each in (self.background, self.branching, self.memory, self.kernel, self.horizon):
            each.sizing_mode = "stretch_width"
            each.on_change("value", lambda attr, old, new: self.redraw())
        for each in (self.again, self.play):
            each.sizing_mode = "stretch_width"
        self.again.on_click(self._draw_another)
        self.play.on_click(self._start_playing)
        self.redraw()
        for root in (
            self.background, self.branching, self.memory, self.kernel, self.horizon, self.again,
            self.play, self.facts, *self._figures(),
        ):  # fmt: skip
            document.add_root(root)
        document.title = "Hawkes explorer"
        document.template = Template(Path("page.html").read_text(encoding="utf-8"))
        document.add_periodic_callback(self.tick, PLAY_MS)

    def _draw_another(self) -> None:
        self.seed += 1
        self.redraw()

    def _start_playing(self, is_on: bool) -> None:
        self.play.label = "Pause" if is_on else "Play"
        if is_on and self.step >= PLAY_STEPS:
            self.step = 0

    def _figures(self) -> list[figure]:
        rate = plot("rate", "Rate given the past (events a minute)", height=230)
        rate.varea("t", 0, "rate", source=self.rate, fill_color=BLUE, fill_alpha=0.15)
        rate.line("t", "rate", source=self.rate, line_color=BLUE, line_width=1.6)
        rate.y_range.start = 0
        rate.x_range.range_padding = 0.01

        colour = {
            "field": "generation",
            "transform": LinearColorMapper(PALETTE, low=0, high=len(PALETTE) - 1),
        }
        tree = plot("tree", "Who triggered whom, by generation", height=230, x_range=rate.x_range)
        tree.segment("t0", "g0", "t1", "g1", source=self.links, line_color="#b8c1cc")
        dots = tree.scatter("t", "generation", source=self.events, size=6, color=colour)
        tree.add_tools(
            HoverTool(
                renderers=[dots],
                tooltips=[("minute", "@t{0.00}"), ("generation", "@generation")],
            )
        )
        tree.y_range.flipped = True
        tree.xaxis.axis_label = "Minutes"

        count = plot("count", "Events so far (dashed: expected)", height=240)
        count.step("t", "count", source=self.counts, line_color=BLUE, line_width=2)
        count.line(
            "t", "mean", source=self.counts, line_color=ORANGE, line_dash="dashed", line_width=1.5,
        )  # fmt: skip
        count.xaxis.axis_label = "Minutes"

        gap = plot(
            "gaps", "Seconds between events (dashed: Poisson)", height=240, x_axis_type="log"
        )
        gap.quad(
            left="left", right="right", bottom=0, top="share", source=self.gaps,
            fill_color=BLUE, fill_alpha=0.45, line_color="white",
        )  # fmt: skip
        gap.line(
            "middle", "poisson", source=self.gaps, line_color=ORANGE, line_dash="dashed",
            line_width=1.5,
        )  # fmt: skip
        gap.yaxis.axis_label = "Share"
        return [rate, tree, count, gap]


def gaps(times: np.ndarray) -> dict[str, np.ndarray]:
    """The histogram of waiting times, and that of a Poisson process of the same rate."""
    edges = np.geomspace(0.01, 100, 33)
    waits = np.diff(times)
    total = max(len(waits), 1)
    expected = np.zeros(len(edges) - 1)
    if len(waits):
        expected = -np.diff(np.exp(-edges / waits.mean()))
    return {
        "left": edges[:-1],
        "right": edges[1:],
        "middle": np.sqrt(edges[:-1] * edges[1:]),
        "share": np.histogram(waits, edges)[0] / total,
        "poisson": expected,
    }


def plot(name: str, title: str, **options: object) -> figure:
    """An empty figure in the style of all of them."""
    made = figure(
        name=name, title=title, sizing_mode="stretch_width", toolbar_location=None,
        tools="xpan,xwheel_zoom,reset", active_scroll=None, **options,
    )  # fmt: skip
    made.title.text_color, made.title.text_font_size = INK, "14px"
    made.outline_line_color = None
    made.xgrid.grid_line_color = None
    made.ygrid.grid_line_color = "#e9edf2"
    made.axis.axis_line_color = "#c4ccd6"
    made.axis.major_tick_line_color = made.axis.minor_tick_line_color = None
    made.axis.major_label_text_color = made.axis.axis_label_text_color = QUIET
    made.axis.axis_label_text_font_style = "normal"
    made.min_border_left = 46
    return made


FACTS_CSS = """
:host, .bk-clearfix { display: block; width: 100% }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .6rem;
  margin: 0; font: 14px system-ui, sans-serif }
div.fact { padding: .55rem .75rem; border-radius: 8px; background: #f1f4f8 }
dt { color: #6b7785; font-size: 12px }
dd { margin: 0; font-size: 19px; font-weight: 600; color: #1d2733 }
"""


def facts(*pairs: tuple[str, str]) -> str:
    """A row of numbers with what they are."""
    tiles = "".join(
        f"<div class=fact><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs
    )
    return f"<dl>{tiles}</dl>"


def main(port: int, start: Start) -> None:
    """Serve until SIGTERM."""
    host = os.environ.get("PUBLIC_HOST") or f"127.0.0.1:{port}"
    server = Server(
        {"/": lambda document: Page(start).place(document)},
        address="127.0.0.1",
        port=port,
        prefix=os.environ.get("PUBLIC_PATH", "/").rstrip("/"),
        allow_websocket_origin=[host],
    )
    print(f"the explorer is at {host}", flush=True)
    server.run_until_shutdown()


if __name__ == "__main__":
    main(
        int(sys.argv[1]),
        Start(
            background=float(sys.argv[2]),
            branching=float(sys.argv[3]),
            memory_s=float(sys.argv[4]),
            kernel=Kernel(sys.argv[5]),
        ),
    )
