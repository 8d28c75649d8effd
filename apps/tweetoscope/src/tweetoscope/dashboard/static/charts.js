// The charts of the page, drawn by uPlot from the columns that the server sends.

import { clock, day } from "./times.js";

const plots = new Map();
const number = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const legend = (shown) => (_, value) => (value == null ? "" : shown(value));
const percent = (value) => (value == null ? "–" : `${number.format(100 * value)} %`);
const shownNumber = (value) => (value == null ? "–" : number.format(value));
const shownWhole = (value) => (value == null ? "–" : whole.format(value));

function span(seconds) {
  if (seconds == null) return "–";
  for (const [unit, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) if (seconds >= unit) return `${number.format(seconds / unit)} ${name}`;
  return `${number.format(seconds)} s`;
}

const colour = (name) => {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

const line = (label, name, more = {}) => ({ label, stroke: colour(name), width: 2, points: { show: false }, ...more });
const SPANS_S = [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

/** Lines across the chart: sizes that are not the cascade's own. */
function across(get) {
  return (plot) => {
    for (const [value, name, text] of get()) {
      const y = plot.valToPos(value, "y", true);
      if (!(y > plot.bbox.top - 1 && y < plot.bbox.top + plot.bbox.height + 1)) continue;
      const { ctx } = plot;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = colour(name);
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(plot.bbox.left, y);
      ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
      ctx.stroke();
      ctx.textAlign = "right";
      ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
      ctx.fillText(text, plot.bbox.left + plot.bbox.width - 4 * devicePixelRatio, y - 4 * devicePixelRatio);
      ctx.restore();
    }
  };
}

function axes(x, y, more = {}) {
  const common = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, font: "11px system-ui, sans-serif" };
  return [{ ...common, size: 30, ...x }, { ...common, size: 52, values: (_, splits) => splits.map(y), ...more }];
}

const minutes = { values: (_, splits) => splits.map((at) => (splits[1] - splits[0] < 60 ? clock : day).format(at * 1000).replace(/^\D+/, "")) };
const fromZero = (least) => ({ range: (_, low, high) => [0, Math.max(least, (high ?? 0) * 1.08)] });
const atTime = { label: "", value: legend((at) => clock.format(at * 1000)) };

const KINDS = {
  growth: {
    height: 260,
    columns: (told) => [told.x, told.low, told.high, told.middle, ...told.past.map((each) => each.y), told.observed],
    shape: (told) => told.past.map((each) => each.window).join(),
    make: (told, current) => ({
      scales: { x: { time: false }, y: { range: () => [0, Math.max(10, reach(current()))] } },
      axes: axes({ incrs: SPANS_S, values: (_, splits) => splits.map(span), space: 56 }, shownWhole),
      series: [
        { label: "Age", value: legend(span) },
        line("Low", "--band", { width: 0, value: legend(shownWhole) }),
        line("High", "--band", { width: 0, value: legend(shownWhole) }),
        line("Foretold", "--told", { value: (plot, at, _, index) => (at == null ? "" : `${shownWhole(at)}, ${shownWhole(plot.data[1][index])}–${shownWhole(plot.data[2][index])}`) }),
        ...told.past.map((each) => line(`after ${span(each.window)}`, "--usual", { width: 1.25, dash: [4, 4], value: legend(shownWhole) })),
        line("Seen", "--seen", { width: 2.5, spanGaps: true, value: legend(shownWhole) }),
      ],
      bands: [{ series: [2, 1], fill: colour("--band") }],
      hooks: { draw: [across(() => limits(current()))] },
    }),
  },
  errors: {
    height: 170,
    columns: (told) => told.columns,
    make: () => ({
      scales: { y: fromZero(0.2) },
      axes: axes(minutes, percent),
      series: [atTime, line("Mean error", "--told", { value: legend(percent) }), line("of the constant", "--usual", { value: legend(percent) }),
        line("Median error", "--told", { width: 1.25, dash: [4, 4], value: legend(percent) }), line("of the constant", "--usual", { width: 1.25, dash: [4, 4], value: legend(percent) })],
    }),
  },
  rates: {
    height: 140,
    title: "Tweets and forecasts a second",
    columns: (told) => told.columns,
    make: () => ({
      scales: { y: fromZero(1) },
      axes: axes(minutes, shownNumber),
      series: [atTime, line("Tweets", "--told", { value: legend(shownNumber) }), line("Forecasts", "--usual", { value: legend(shownNumber) })],
    }),
  },
  latencies: {
    height: 140,
    title: "From window to forecast, ms",
    columns: (told) => told.columns,
    make: () => ({
      scales: { y: fromZero(10) },
      axes: axes(minutes, shownNumber),
      series: [atTime, line("Median", "--told", { value: legend(shownNumber) }), line("p95", "--usual", { value: legend(shownNumber) })],
    }),
  },
};

const top_ = (column) => Math.max(0, ...column.filter((each) => each != null));
/** How high the chart is: a threshold or an interval that is far above the rest would hide it. */
function reach(told) {
  const core = Math.max(top_(told.middle), top_(told.observed), ...told.past.map((each) => top_(each.y)));
  const high = Math.min(top_(told.high), 2.5 * core);
  return 1.08 * Math.max(core, high, told.threshold < 2.5 * core ? told.threshold : 0);
}
const limits = (told) => [
  ...(told.threshold > 0 ? [[told.threshold, "--limit", `threshold ${whole.format(told.threshold)}`]] : []),
  ...(told.final != null ? [[told.final, "--seen", `ended at ${whole.format(told.final)}`]] : []),
];

let drawn = {};

/** Draws what there is to be drawn; without anything new, once more where places have changed. */
export function draw(told = drawn) {
  drawn = told;
  for (const [name, kind] of Object.entries(KINDS)) {
    const place = document.querySelector(`[data-chart="${name}"]`);
    const its = drawn[name];
    const before = plots.get(name);
    const columns = its ? kind.columns(its) : [[]];
    const shape = its ? `${kind.shape?.(its)}` : "";
    if (before && (before.place !== place || before.shape !== shape)) {
      before.plot.destroy();
      plots.delete(name);
    }
    if (!place || columns[0].length < 2) continue;
    if (!plots.has(name)) {
      const options = kind.make(its, () => drawn[name] ?? its);
      const plot = new uPlot({ width: place.clientWidth, height: kind.height, title: kind.title, cursor: { points: { size: 6 }, drag: { x: false, y: false } }, ...options }, columns, place);
      plots.set(name, { plot, place, shape });
      sizes.observe(place);
    } else {
      plots.get(name).plot.setData(columns);
    }
  }
}

const sizes = new ResizeObserver(() => {
  for (const [name, { plot, place }] of plots) {
    if (place.clientWidth && plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: KINDS[name].height });
  }
});

// Colours are read when a chart is made, so another light makes them anew.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const { plot } of plots.values()) plot.destroy();
  plots.clear();
  draw();
});
