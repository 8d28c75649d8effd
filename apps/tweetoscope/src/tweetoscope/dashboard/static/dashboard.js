// Keeps the page up to date: parts of it come as they change, and are put in place so that focus,
// open details and charts stay.

import { draw } from "./charts.js";
import { localise } from "./times.js";

const root = document.documentElement;
const form = document.getElementById("wish");
const lost = document.getElementById("lost");
const PARTS = ["standing", "largest", "chosen", "alerts", "trust", "ended", "flow"];
const SETTLED_MS = 300;
const AGAIN_MS = 2000;
root.classList.add("live");

/* Parts of the page */

const HOW = {
  morphStyle: "innerHTML",
  callbacks: {
    beforeNodeMorphed: (old) => !old.classList?.contains("plot"),
    beforeAttributeUpdated: (name) => name !== "open",
  },
};

function put(name, html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  localise(made.content);
  Idiomorph.morph(document.getElementById(name), made.innerHTML, HOW);
  draw();
}

let source = null;
let again = 0;

function listen() {
  source?.close();
  clearTimeout(again);
  source = new EventSource(`events${location.search}`);
  const mine = source;
  for (const name of PARTS) source.addEventListener(name, (event) => put(name, event.data));
  source.addEventListener("charts", (event) => {
    draw(JSON.parse(event.data));
  });
  source.onopen = () => (lost.hidden = true);
  source.onerror = () => {
    lost.hidden = false;
    // The browser tries again by itself, but not where somebody else has answered in between.
    if (mine.readyState === EventSource.CLOSED) again = setTimeout(listen, AGAIN_MS);
  };
}

/* What is asked */

function ask(cascade = form.elements.cascade.value) {
  form.elements.cascade.value = cascade;
  const said = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  history.replaceState(null, "", said.size ? `?${said}` : location.pathname);
  listen();
}

let settled = 0;
form.addEventListener("input", () => {
  clearTimeout(settled);
  settled = setTimeout(ask, SETTLED_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-cascade]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  ask(link.dataset.cascade);
  document.getElementById("chosen").scrollIntoView({ block: "nearest", behavior: "auto" });
});
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && listen());

localise(document);
listen();
