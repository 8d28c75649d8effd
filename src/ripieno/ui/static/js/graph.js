// The assembly of a deployment as a graph: components as boxes with their ports and places, tokens
// where they are, connections between ports. Fed with JSON by the page's stream; everything that
// comes from the server is set as text or number, never as markup.

import * as dagre from "../vendor/dagre-3.1.3/dagre.esm.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 178;
const HEAD = 40;
const PORT = 17;
const PLACE = 21;
const MOST_DETAILED = 40; // components, above which only what they are called and do is drawn
const MOST_PLACES = 12;
const TURN_MS = 1400;
const still = matchMedia("(prefers-reduced-motion: reduce)");

function make(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

function text(content, x, y, kind, most, anchor) {
  const shown = content.length > most ? `${content.slice(0, most - 1)}…` : content;
  const element = make("text", { x, y, class: kind, "text-anchor": anchor });
  element.textContent = shown;
  if (shown !== content) {
    const title = make("title");
    title.textContent = content;
    element.append(title);
  }
  return element;
}

/** Which places are drawn, and where everything of a component is.
 *
 * Side by side, ports are listed at the sides; one below the other, those that it uses are along
 * the top edge, and those that it offers along the bottom. */
function measure(component, isDetailed, direction) {
  const uses = component.ports.filter((each) => each.uses);
  const provides = component.ports.filter((each) => !each.uses);
  const isListed = isDetailed && direction === "LR";
  const rows = isListed ? Math.max(uses.length, provides.length) : 0;
  let places = isDetailed ? component.places : [];
  let hidden = 0;
  if (places.length > MOST_PLACES) {
    const moving = new Set(component.moves.flatMap((each) => [each.from, each.to]));
    places = places.filter(
      (each, index) => index < 2 || each.marked || each.wanted || moving.has(each.name),
    );
    hidden = component.places.length - places.length;
  }
  const top = HEAD + (rows ? rows * PORT + 6 : 0);
  const height = top + (places.length ? places.length * PLACE + 10 : 0) + (hidden ? 14 : 0);
  const side = (list, x) =>
    list.map((each, index) => [each.name, { x, y: HEAD + 4 + index * PORT + PORT / 2 - 3 }]);
  const edge = (list, y) =>
    list.map((each, index) => [each.name, { x: (WIDTH * (index + 1)) / (list.length + 1), y }]);
  const middle = (list, x) => list.map((each) => [each.name, { x, y: HEAD / 2 }]);
  let ports = [...middle(uses, 0), ...middle(provides, WIDTH)];
  if (isListed) ports = [...side(uses, 0), ...side(provides, WIDTH)];
  else if (direction === "TB") ports = [...edge(uses, 0), ...edge(provides, height)];
  return {
    isListed,
    uses,
    provides,
    places,
    hidden,
    height,
    ports: new Map(ports),
    spots: new Map(
      places.map((each, index) => [each.name, { x: 18, y: top + 4 + index * PLACE + PLACE / 2 }]),
    ),
  };
}

class Graph {
  constructor(root) {
    this.root = root;
    this.svg = make("svg", { "aria-hidden": "true" });
    this.world = make("g");
    this.wires = make("g", { class: "wires" });
    this.boxes = make("g");
    this.world.append(this.wires, this.boxes);
    this.svg.append(this.world);
    root.append(this.svg);
    this.view = null;
    this.movers = [];
    this.shape = "";
    this.isOwn = false; // whether the visitor has moved it: then it is not fitted any more
    this.listen();
    new ResizeObserver(() => this.resized()).observe(root);
  }

  show(data) {
    this.data = data;
    this.isDetailed = data.components.length <= MOST_DETAILED;
    const direction = this.root.clientWidth < 640 ? "TB" : "LR";
    const measured = new Map(
      data.components.map((each) => [each.name, measure(each, this.isDetailed, direction)]),
    );
    const shape = JSON.stringify([
      direction,
      [...measured].map(([name, each]) => [name, each.height]),
      data.connections.map((each) => [each.from, each.to]),
    ]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.layOut(measured, direction);
      this.svg.classList.remove("settled");
    }
    this.measured = measured;
    this.draw();
    if (!this.view || !this.isOwn) this.fit();
  }

  layOut(measured, direction) {
    const graph = new dagre.Graph({ multigraph: true });
    graph.setGraph({ rankdir: direction, nodesep: 22, ranksep: direction === "LR" ? 70 : 34, marginx: 14, marginy: 14 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const [name, each] of measured) graph.setNode(name, { width: WIDTH, height: each.height });
    this.data.connections.forEach((each, index) => {
      if (measured.has(each.from[0]) && measured.has(each.to[0])) {
        graph.setEdge(each.from[0], each.to[0], {}, String(index));
      }
    });
    dagre.layout(graph);
    this.at = new Map();
    for (const [name, each] of measured) {
      const node = graph.node(name);
      this.at.set(name, { x: node.x - WIDTH / 2, y: node.y - each.height / 2 });
    }
    const { width, height } = graph.graph();
    this.size = { width: Math.max(width, WIDTH), height: Math.max(height, 60) };
    this.direction = direction;
  }

  draw() {
    this.movers = [];
    this.wires.replaceChildren(...this.data.connections.map((each) => this.wire(each)).filter(Boolean));
    this.boxes.replaceChildren(...this.data.components.map((each) => this.box(each)));
    if (this.movers.length && !this.frame && !still.matches) this.turn();
    else if (still.matches) this.place(0.5);
  }

  wire(connection) {
    const end = ([component, port]) => {
      const at = this.at.get(component);
      const offset = this.measured.get(component)?.ports.get(port);
      return at && offset && { x: at.x + offset.x, y: at.y + offset.y };
    };
    const from = end(connection.from);
    const to = end(connection.to);
    if (!from || !to) return null;
    const [along, across] = this.direction === "LR" ? [to.x - from.x, to.y - from.y] : [to.y - from.y, to.x - from.x];
    const bend = Math.max(18, Math.min(120, Math.abs(along) / 2, 60 + Math.abs(across) / 3));
    const [dx, dy] = this.direction === "LR" ? [bend, 0] : [0, bend];
    const path = make("path", {
      class: `wire ${connection.state}`,
      d: `M${from.x} ${from.y}C${from.x + dx} ${from.y + dy} ${to.x - dx} ${to.y - dy} ${to.x} ${to.y}`,
    });
    const title = make("title");
    title.textContent = `${connection.to.join(".")} → ${connection.from.join(".")}`;
    path.append(title);
    return path;
  }

  box(component) {
    const at = this.at.get(component.name);
    const measured = this.measured.get(component.name);
    const group = make("g", {
      class: `node ${component.tone}`,
      transform: `translate(${at.x} ${at.y})`,
      "data-name": component.name,
    });
    const title = make("title");
    title.textContent = `${component.name} (${component.kind}): ${component.label}`;
    group.append(
      title,
      make("rect", { class: "body", width: WIDTH, height: measured.height, rx: 7 }),
      make("rect", { class: "stripe", width: 4, height: measured.height - 12, x: 0, y: 6, rx: 2 }),
      text(component.name, 14, 17, "name", component.replicas ? 18 : 22),
      text(component.label, 14, 32, "label", 27),
    );
    if (component.replicas) group.append(text(component.replicas, WIDTH - 10, 17, "count", 9, "end"));
    if (this.isDetailed) {
      for (const [list, anchor, shift] of [[measured.uses, "start", 9], [measured.provides, "end", -9]]) {
        for (const each of list) {
          const spot = measured.ports.get(each.name);
          const port = make("circle", { class: `port ${each.active ? "active" : ""}`, cx: spot.x, cy: spot.y, r: 4.5 });
          const title = make("title");
          title.textContent = each.name;
          port.append(title);
          group.append(port);
          if (measured.isListed) group.append(text(each.name, spot.x + shift, spot.y + 3.5, "port-name", 12, anchor));
        }
      }
      this.lifeCycle(group, component, measured);
    }
    return group;
  }

  lifeCycle(group, component, measured) {
    const spots = measured.places.map((each) => measured.spots.get(each.name));
    if (!spots.length) return;
    const first = spots[0];
    const last = spots[spots.length - 1];
    group.append(make("line", { class: "rail", x1: first.x, x2: last.x, y1: first.y, y2: last.y }));
    for (const place of measured.places) {
      const { x, y } = measured.spots.get(place.name);
      group.append(
        make("circle", { class: `place ${place.wanted ? "wanted" : ""}`, cx: x, cy: y, r: 5.5 }),
        text(place.name, x + 14, y + 3.5, `place-name ${place.marked ? "marked" : ""}`, 22),
      );
      if (place.marked) group.append(make("circle", { class: "token", cx: x, cy: y, r: 3.5 }));
    }
    if (measured.hidden) {
      group.append(text(this.root.dataset.more.replace("{}", measured.hidden), first.x + 14, measured.height - 8, "label", 24));
    }
    for (const move of component.moves) {
      const from = measured.spots.get(move.from);
      const to = measured.spots.get(move.to);
      if (!from || !to) continue;
      const span = Math.abs(to.y - from.y);
      const bow = move.from === move.to ? 16 : Math.min(10, 4 + span / 12) * (to.y > from.y ? 0 : 1);
      const curve =
        move.from === move.to
          ? `M${from.x} ${from.y}c-14 -12 -14 12 0 0`
          : `M${from.x} ${from.y}Q${from.x - bow * 1.6} ${(from.y + to.y) / 2} ${to.x} ${to.y}`;
      const path = make("path", { class: `move ${move.state}`, d: curve });
      const token = make("circle", { class: `token ${move.state}`, r: 3.5 });
      const title = make("title");
      title.textContent = move.name;
      token.append(title);
      group.append(path, token);
      const length = path.getTotalLength();
      const fixed = { docked: 0.12, arrived: 0.88, failed: 0.5 }[move.state];
      this.movers.push({ path, token, length, fixed });
      this.put(this.movers[this.movers.length - 1], fixed ?? 0.5);
    }
  }

  put({ path, token, length }, share) {
    const point = path.getPointAtLength(length * share);
    token.setAttribute("cx", point.x);
    token.setAttribute("cy", point.y);
  }

  place(share) {
    for (const each of this.movers) if (each.fixed === undefined) this.put(each, share);
  }

  /** Let tokens that are on their way move, as long as there are any and somebody looks. */
  turn() {
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0;
      if (!this.root.isConnected || !this.movers.some((each) => each.fixed === undefined)) return;
      const share = (now % TURN_MS) / TURN_MS;
      this.place(share * share * (3 - 2 * share));
      this.turn();
    });
  }

  resized() {
    if (!this.data) return;
    const direction = this.root.clientWidth < 640 ? "TB" : "LR";
    if (direction !== this.direction) this.show(this.data);
    else if (!this.isOwn) this.fit();
    else this.apply();
  }

  // Looking around: the part of the world that is shown.

  fit() {
    const room = { width: this.root.clientWidth, height: this.root.clientHeight };
    if (!room.width || !this.size) return;
    const wanted = Math.min(Math.max(this.size.height, 150), innerHeight * 0.6);
    const shrunk = Math.max(0.55, Math.min(1, room.width / this.size.width));
    this.root.style.height = `${Math.round(Math.min(wanted, this.size.height * shrunk + 20))}px`;
    const height = this.root.clientHeight;
    // Smaller than this nobody can read it; the rest is found by moving it.
    const least = this.data.components.length <= MOST_DETAILED ? 0.55 : 0.2;
    const scale = Math.max(least, Math.min(1, room.width / this.size.width, height / this.size.height));
    this.view = {
      scale,
      x: Math.max(0, (room.width - this.size.width * scale) / 2),
      y: Math.max(0, (height - this.size.height * scale) / 2),
    };
    this.isOwn = false;
    this.apply();
  }

  apply() {
    const { x, y, scale } = this.view;
    this.world.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  }

  zoom(factor, x = this.root.clientWidth / 2, y = this.root.clientHeight / 2) {
    const scale = Math.min(3, Math.max(0.08, this.view.scale * factor));
    const ratio = scale / this.view.scale;
    this.view = { scale, x: x - (x - this.view.x) * ratio, y: y - (y - this.view.y) * ratio };
    this.isOwn = true;
    this.apply();
  }

  pan(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.isOwn = true;
    this.apply();
  }

  listen() {
    const { root } = this;
    const fingers = new Map();
    let moved = 0;
    root.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== root) return; // the page scrolls
      event.preventDefault();
      const box = root.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    root.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      fingers.set(event.pointerId, event);
      moved = 0;
    });
    root.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const dx = event.clientX - before.clientX;
      const dy = event.clientY - before.clientY;
      if (fingers.size === 2) {
        const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, each]) => each);
        const distance = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
        const box = root.getBoundingClientRect();
        this.zoom(
          distance(event) / Math.max(1, distance(before)),
          (event.clientX + other.clientX) / 2 - box.left,
          (event.clientY + other.clientY) / 2 - box.top,
        );
      } else {
        moved += Math.abs(dx) + Math.abs(dy);
        if (moved > 4) {
          // Only now: before, it could be a click, which would go to the one that captures.
          if (!root.hasPointerCapture(event.pointerId)) root.setPointerCapture(event.pointerId);
          this.pan(dx, dy);
        }
      }
      fingers.set(event.pointerId, event);
    });
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
      root.addEventListener(name, (event) => fingers.delete(event.pointerId));
    }
    root.addEventListener("click", (event) => {
      const node = event.target.closest("[data-name]");
      if (node && moved <= 4) this.choose(node.dataset.name);
    });
    root.addEventListener("keydown", (event) => {
      const step = 40;
      const act = {
        ArrowLeft: () => this.pan(step, 0),
        ArrowRight: () => this.pan(-step, 0),
        ArrowUp: () => this.pan(0, step),
        ArrowDown: () => this.pan(0, -step),
        "+": () => this.zoom(1.25),
        "-": () => this.zoom(0.8),
        0: () => this.fit(),
      }[event.key];
      if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      act();
    });
    for (const button of root.closest(".graph-panel").querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => {
        ({ in: () => this.zoom(1.25), out: () => this.zoom(0.8), fit: () => this.fit() })[button.dataset.zoom]();
      });
    }
  }

  /** Show the row of a component in the table below. */
  choose(name) {
    const row = [...document.querySelectorAll("[data-component]")].find((each) => each.dataset.component === name);
    if (!row) return;
    row.scrollIntoView({ block: "center", behavior: still.matches ? "auto" : "smooth" });
    row.classList.add("chosen");
    setTimeout(() => row.classList.remove("chosen"), 2000);
  }
}

const root = document.getElementById("graph");
if (root) {
  const graph = new Graph(root);
  graph.show(JSON.parse(root.dataset.graph));
  root.addEventListener("htmx:sseBeforeMessage", (event) => {
    event.preventDefault();
    graph.show(JSON.parse(event.detail.data));
  });
}
