// What components use, as charts over time: one series a component, all charts over the same time.

const COLOURS = ["--chart-0", "--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6", "--chart-7"];
const KEPT_S = 3600;
const MOST_SERIES = 24;

const root = document.getElementById("charts");
const SIZES = root.dataset.sizes.split(" ");
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
const series = new Map(); // component: Map of time to { cpus, memory, requests }
let charts = [];
let shape = "";

function bytes(value) {
  if (value == null) return "–";
  const power = Math.min(SIZES.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  return `${number.format(value / 1024 ** power)} ${SIZES[power]}`;
}

const KINDS = {
  cpus: { shown: (value) => (value == null ? "–" : number.format(value)), least: 0.05 },
  memory: { shown: bytes, least: 1024 * 1024, incrs: Array.from({ length: 50 }, (_, power) => 2 ** power) },
  requests: { shown: (value) => (value == null ? "–" : `${number.format(value)}/s`), least: 1 },
};

function take(samples) {
  for (const [component, columns] of Object.entries(samples)) {
    if (!series.has(component)) series.set(component, new Map());
    const kept = series.get(component);
    columns.at.forEach((at, index) => {
      kept.set(at, { cpus: columns.cpus[index], memory: columns.memory[index], requests: columns.requests[index] });
    });
  }
  const times = [...new Set([...series.values()].flatMap((each) => [...each.keys()]))].sort((a, b) => a - b);
  const first = (times.at(-1) ?? 0) - KEPT_S;
  for (const each of series.values()) for (const at of each.keys()) if (at < first) each.delete(at);
  return times.filter((at) => at >= first);
}

/** A colour of the theme, as a canvas takes it. */
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  root.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function build(kind, place, names) {
  const { shown, least, incrs } = KINDS[kind];
  const muted = colour("--muted");
  const line = colour("--line");
  const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11px system-ui, sans-serif" };
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const minutes = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return new uPlot(
    {
      width: place.clientWidth,
      height: 190,
      cursor: { sync: { key: "use" }, points: { size: 6 } },
      legend: { live: true },
      scales: { y: { range: (_, low, high) => [0, Math.max(least, (high ?? 0) * 1.15)] } },
      axes: [
        { ...axis, values: (_, splits) => splits.map((each) => (splits[1] - splits[0] < 60 ? clock : minutes).format(each * 1000)) },
        { ...axis, size: 70, incrs, values: (_, splits) => splits.map(shown) },
      ],
      series: [
        { label: root.dataset.time, value: (_, at) => (at == null ? "–" : clock.format(at * 1000)) },
        ...names.map((name, index) => ({
          label: name, // uPlot sets labels as text
          stroke: colour(COLOURS[index % COLOURS.length]),
          width: 1.75,
          points: { show: false },
          value: (_, value) => shown(value),
        })),
      ],
    },
    [[], ...names.map(() => [])],
    place,
  );
}

function draw(times) {
  const names = [...series.keys()].sort().slice(0, MOST_SERIES);
  const known = Object.keys(KINDS).filter((kind) =>
    names.some((name) => [...series.get(name).values()].some((each) => each[kind] != null)),
  );
  const now = JSON.stringify([names, known]);
  if (now !== shape) {
    shape = now;
    for (const each of charts) each.plot.destroy();
    charts = known.map((kind) => {
      const place = root.querySelector(`[data-chart="${kind}"]`);
      place.parentElement.querySelector(".nothing").hidden = true;
      return { kind, place, plot: build(kind, place, names) };
    });
  }
  for (const { kind, plot } of charts) {
    plot.setData([
      times,
      ...names.map((name) => times.map((at) => series.get(name).get(at)?.[kind] ?? null)),
    ]);
  }
}

let times = [];
root.addEventListener("htmx:sseBeforeMessage", (event) => {
  event.preventDefault();
  times = take(JSON.parse(event.detail.data));
  draw(times);
});

new ResizeObserver(() => {
  for (const { place, plot } of charts) {
    if (plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: 190 });
  }
}).observe(root);

// Colours are read when a chart is made, so another theme makes them anew.
const again = () => {
  shape = "";
  if (times.length) draw(times);
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
