// Shows the volume that `atlas.py` drew: three slices through one point, and the surface.
// All addresses are relative, so it does not matter below which path the folder is served.

const $ = (id) => document.getElementById(id);
const HUES = { Frontal: 210, Parietal: 150, Temporal: 35, Occipital: 285, Cingulate: 345, Cerebellum: 75, "Brain stem": 15 };
const VIEWS = { // Which axis goes through the slice, to the right, and up.
  sagittal: [0, 1, 2], coronal: [1, 0, 2], axial: [2, 0, 1],
};

const atlas = await (await fetch("atlas.json")).json();
const packed = await fetch("atlas.bin.gz");
const bytes = await new Response(packed.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
const [nx, ny, nz] = atlas.shape;
const strides = [1, nx, nx * ny];
const image = new Uint8Array(bytes, 0, nx * ny * nz);
const labels = new Uint8Array(bytes, nx * ny * nz);
const colours = atlas.regions.map(colour);

let at = [nx >> 1, ny >> 1, nz >> 1];
let chosen = 0;
let turned = { yaw: -2.3, pitch: 0.35 };
let asked = false;

function colour(region, index) {
  const spread = (index * 0.618) % 1;
  const hue = (HUES[region.group] ?? 190) + 34 * (spread - 0.5);
  return rgb(hue, 0.6 + 0.2 * ((index >> 1) % 2), 0.5 + 0.16 * ((index * 0.414) % 1));
}

function rgb(hue, saturation, lightness) {
  const a = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30 + 12) % 12;
    return Math.round(255 * (lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}

// --- slices

const slices = Object.entries(VIEWS).map(([name, [through, right, up]]) => {
  const [width, height] = [atlas.shape[right], atlas.shape[up]];
  const picture = new OffscreenCanvas(width, height);
  const pixels = new ImageData(width, height);
  const canvas = $(name);
  return { canvas, picture, pixels, through, right, up, width, height };
});

function paint(slice, opacity, isOutline) {
  const { pixels, width, height, through, right, up } = slice;
  const [dr, du] = [strides[right], strides[up]];
  const start = at[through] * strides[through];
  const data = pixels.data;
  for (let row = 0, out = 0; row < height; row++) {
    const from = start + (height - 1 - row) * du;
    for (let column = 0; column < width; column++, out += 4) {
      const voxel = from + column * dr;
      const label = labels[voxel];
      const grey = image[voxel];
      let share = label ? opacity : 0;
      if (label && isOutline && labels[voxel + dr] === label && labels[voxel - dr] === label
          && labels[voxel + du] === label && labels[voxel - du] === label) share = 0;
      if (label && chosen) share = label === chosen ? Math.max(share, 0.8) : share * 0.25;
      const tint = label ? colours[label - 1] : colours[0];
      data[out] = grey + (tint[0] - grey) * share;
      data[out + 1] = grey + (tint[1] - grey) * share;
      data[out + 2] = grey + (tint[2] - grey) * share;
      data[out + 3] = 255;
    }
  }
  slice.picture.getContext("2d").putImageData(pixels, 0, 0);
  const { context, width: w, height: h } = fitted(slice.canvas);
  const scale = Math.min(w / width, h / height) * 0.98;
  slice.frame = { x: (w - width * scale) / 2, y: (h - height * scale) / 2, scale };
  context.fillStyle = "#000";
  context.fillRect(0, 0, w, h);
  context.imageSmoothingQuality = "high";
  context.drawImage(slice.picture, slice.frame.x, slice.frame.y, width * scale, height * scale);
  const x = slice.frame.x + (at[right] + 0.5) * scale;
  const y = slice.frame.y + (height - at[up] - 0.5) * scale;
  context.fillStyle = "rgb(255 180 84 / 70%)";
  for (const [l, t, cw, ch] of [[0, y, x - 7, 1], [x + 7, y, w, 1], [x, 0, 1, y - 7], [x, y + 7, 1, h]]) {
    context.fillRect(Math.round(l), Math.round(t), Math.max(cw, 1), Math.max(ch, 1));
  }
}

function fitted(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  return { context: canvas.getContext("2d"), width, height, ratio };
}

for (const slice of slices) {
  const { canvas, through, right, up, height } = slice;
  const go = (event) => {
    const ratio = canvas.width / canvas.clientWidth;
    const column = Math.floor((event.offsetX * ratio - slice.frame.x) / slice.frame.scale);
    const row = Math.floor((event.offsetY * ratio - slice.frame.y) / slice.frame.scale);
    const next = [...at];
    next[right] = column;
    next[up] = height - 1 - row;
    move(next);
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); go(event); });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) go(event); });
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); step(through, Math.sign(event.deltaY)); }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [right, -1], ArrowRight: [right, 1], ArrowDown: [up, -1], ArrowUp: [up, 1], PageUp: [through, 1], PageDown: [through, -1] };
    if (event.key in steps) { event.preventDefault(); step(...steps[event.key]); }
  });
}

function step(axis, by) {
  const next = [...at];
  next[axis] += by;
  move(next);
}

function move(next) {
  at = next.map((value, axis) => Math.max(0, Math.min(atlas.shape[axis] - 1, value)));
  draw();
}

// --- surface: the outermost voxels of all regions, drawn as shaded points, the nearest in front

const surface = (() => {
  const found = [];
  const is = (i) => (labels[i] ? 1 : 0);
  const [sx, sy, sz] = strides;
  for (let z = 2; z < nz - 2; z++) for (let y = 2; y < ny - 2; y++) for (let x = 2; x < nx - 2; x++) {
    const i = x + y * sy + z * sz;
    if (!labels[i] || (is(i - 1) + is(i + 1) + is(i - sy) + is(i + sy) + is(i - sz) + is(i + sz)) === 6) continue;
    let gx = 0, gy = 0, gz = 0;
    for (let dz = -2; dz <= 2; dz++) for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) {
      // What is not labelled but as bright as brain is white matter: it is inside, too.
      const j = i + dx + dy * sy + dz * sz;
      if (labels[j] || image[j] > 110) { gx -= dx; gy -= dy; gz -= dz; }
    }
    const length = Math.hypot(gx, gy, gz);
    if (length > 12) found.push(x - nx / 2, y - ny / 2, z - nz / 2, gx / length, gy / length, gz / length, i);
  }
  return Float32Array.from(found);
})();
let depth = new Float32Array(0);
let hit = new Int32Array(0);

function paintSurface() {
  const canvas = $("surface");
  const { context, width, height } = fitted(canvas);
  if (!width || !height) return;
  if (depth.length !== width * height) { depth = new Float32Array(width * height); hit = new Int32Array(width * height); }
  depth.fill(-Infinity);
  hit.fill(-1);
  const pixels = context.createImageData(width, height);
  const data = new Uint32Array(pixels.data.buffer).fill(0xff000000);
  const scale = Math.min(width, height) / 100;
  const half = Math.ceil(scale * 0.72);
  const [cy, sy, cp, sp] = [Math.cos(turned.yaw), Math.sin(turned.yaw), Math.cos(turned.pitch), Math.sin(turned.pitch)];
  for (let p = 0; p < surface.length; p += 7) {
    const [ny_, nz_] = [surface[p + 3] * sy + surface[p + 4] * cy, surface[p + 5]];
    const facing = ny_ * cp + nz_ * sp;
    if (facing < 0.02) continue;
    const x = surface[p] * cy - surface[p + 1] * sy;
    const y = surface[p] * sy + surface[p + 1] * cy;
    const near = y * cp + surface[p + 2] * sp;
    const left = Math.round(width / 2 - x * scale);
    const top = Math.round(height / 2 - (surface[p + 2] * cp - y * sp) * scale);
    const voxel = surface[p + 6];
    const label = labels[voxel];
    let tint = colours[label - 1];
    if (chosen && label !== chosen) tint = [92, 98, 108];
    const light = 0.18 + 0.62 * facing + 0.25 * Math.max(0, nz_) + 0.0035 * near;
    const value = 0xff000000 | (Math.min(255, tint[2] * light) << 16) | (Math.min(255, tint[1] * light) << 8) | Math.min(255, tint[0] * light);
    for (let v = Math.max(0, top - half); v <= Math.min(height - 1, top + half); v++) {
      for (let u = Math.max(0, left - half); u <= Math.min(width - 1, left + half); u++) {
        const pixel = v * width + u;
        if (near > depth[pixel]) { depth[pixel] = near; data[pixel] = value; hit[pixel] = voxel; }
      }
    }
  }
  context.putImageData(pixels, 0, 0);
}

{
  const canvas = $("surface");
  let from = null;
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); from = [event.offsetX, event.offsetY, false]; });
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons || !from) return;
    turn((event.offsetX - from[0]) * 0.01, (event.offsetY - from[1]) * 0.01);
    from = [event.offsetX, event.offsetY, true];
  });
  canvas.addEventListener("pointerup", (event) => {
    if (from && !from[2]) {
      const ratio = canvas.width / canvas.clientWidth;
      const voxel = hit[Math.floor(event.offsetY * ratio) * canvas.width + Math.floor(event.offsetX * ratio)];
      if (voxel >= 0) { choose(labels[voxel]); move([voxel % nx, Math.floor(voxel / nx) % ny, Math.floor(voxel / (nx * ny))]); }
      else choose(0);
    }
    from = null;
  });
  canvas.addEventListener("keydown", (event) => {
    const turns = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
    if (event.key in turns) { event.preventDefault(); turn(...turns[event.key]); }
  });
}

function turn(yaw, pitch) {
  turned = { yaw: turned.yaw + yaw, pitch: Math.max(-1.5, Math.min(1.5, turned.pitch + pitch)) };
  draw();
}

// --- the list of regions

const buttons = atlas.regions.map((region, index) => {
  const button = document.createElement("button");
  const swatch = document.createElement("i");
  swatch.style.background = `rgb(${colours[index].join(" ")})`;
  const size = document.createElement("small");
  size.textContent = `${(region.voxels * atlas.voxel_mm ** 3 / 1000).toFixed(1)} ml`;
  button.append(swatch, region.name, size);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    choose(chosen === index + 1 ? 0 : index + 1);
    if (chosen) move(region.seed);
  });
  return button;
});

function list() {
  const words = $("search").value.toLowerCase().split(/\s+/);
  const groups = new Map();
  atlas.regions.forEach((region, index) => {
    const text = `${region.name} ${region.group}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return;
    const group = region.group in HUES ? region.group : "Deep";
    groups.set(group, [...(groups.get(group) ?? []), buttons[index]]);
  });
  const items = [...groups].flatMap(([group, found]) => {
    const heading = document.createElement("h2");
    heading.textContent = group;
    return [heading, ...found].map((each) => { const item = document.createElement("li"); item.append(each); return item; });
  });
  $("regions").replaceChildren(...items);
}

function choose(label) {
  if (chosen) buttons[chosen - 1].setAttribute("aria-pressed", "false");
  chosen = label;
  if (chosen) {
    buttons[chosen - 1].setAttribute("aria-pressed", "true");
    buttons[chosen - 1].scrollIntoView({ block: "nearest" });
  }
  draw();
}

// --- all together

function draw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const opacity = Number($("opacity").value);
    for (const slice of slices) paint(slice, opacity, $("outlines").checked);
    paintSurface();
    const label = labels[at[0] + at[1] * nx + at[2] * nx * ny];
    const name = document.createElement("b");
    name.textContent = label ? atlas.regions[label - 1].name : "no region";
    const mm = at.map((voxel, axis) => Math.round(atlas.origin_mm[axis] + voxel * atlas.voxel_mm));
    $("here").replaceChildren(name, ` at ${mm.join(", ").replaceAll("-", "−")} mm`);
  });
}

$("opacity").addEventListener("input", draw);
$("outlines").addEventListener("change", draw);
$("search").addEventListener("input", list);
new ResizeObserver(draw).observe($("views"));
list();
move(atlas.regions.find((each) => each.group === "Putamen").seed);
document.documentElement.dataset.ready = "true";
