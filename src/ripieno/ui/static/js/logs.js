// The log viewer: lines as they come, kept in blocks that the browser need not draw while they are
// not seen, so that tens of thousands of them do not freeze the page.

import { pieces, plain } from "./terminal.js";

const MOST_LINES = 20_000;
const BLOCK = 200;
const NEAR = 40; // pixels from the end that still count as being there
const COLOURS = 8;

const root = document.getElementById("log");
const search = document.getElementById("log-search");
const count = document.getElementById("log-count");
const follow = document.getElementById("log-follow");
const wrap = document.getElementById("log-wrap");
const news = document.getElementById("log-new");
const number = new Intl.NumberFormat(document.documentElement.lang);

const colours = new Map();
const told = new Map(); // the last offset of each stream, since a new connection begins earlier
let waiting = [];
let block = null;
let lines = 0;
let unseen = 0;
let isDue = false;
let follows = true;
let wanted = "";

function line([component, replica, stream, , text]) {
  const element = document.createElement("div");
  element.className = `line ${stream === "stderr" ? "stderr" : ""}`;
  const from = document.createElement("span");
  if (!colours.has(component)) colours.set(component, colours.size % COLOURS);
  from.className = `from from-${colours.get(component)}`;
  from.textContent = `${component}/${replica}`;
  const said = document.createElement("span");
  said.className = "said";
  for (const piece of pieces(text)) {
    if (!piece.kind) {
      said.append(piece.text);
      continue;
    }
    const part = document.createElement("span");
    part.className = piece.kind;
    part.textContent = piece.text;
    said.append(part);
  }
  element.append(from, said);
  element.hidden = Boolean(wanted) && !fits(element);
  return element;
}

function fits(element) {
  return element.textContent.toLowerCase().includes(wanted);
}

function draw() {
  isDue = false;
  const fresh = waiting.slice(-MOST_LINES);
  waiting = [];
  for (const each of fresh) {
    if (!block || block.childElementCount >= BLOCK) {
      block = document.createElement("div");
      block.className = "block";
      root.append(block);
    }
    block.append(line(each));
  }
  lines += fresh.length;
  while (lines > MOST_LINES && root.querySelector(".block") !== block) {
    const first = root.querySelector(".block");
    lines -= first.childElementCount;
    first.remove();
  }
  if (fresh.length) root.querySelector(".nothing")?.remove();
  tally();
  if (follows) toEnd();
  else {
    unseen += fresh.length;
    news.hidden = unseen === 0;
    const words = news.querySelector("[data-words]");
    words.textContent = words.dataset.words.replace("{}", number.format(unseen));
  }
}

function tally() {
  if (!lines) return;
  const shown = wanted ? root.querySelectorAll(".line:not([hidden])").length : lines;
  count.textContent = (wanted ? root.dataset.shown : root.dataset.all)
    .replace("{shown}", number.format(shown))
    .replace("{all}", number.format(lines));
}

/** To the last line; a second time when what has come into view has its real height. */
function toEnd() {
  root.scrollTop = root.scrollHeight;
  requestAnimationFrame(() => {
    if (follows) root.scrollTop = root.scrollHeight;
  });
}

function setFollow(is) {
  follows = is;
  follow.setAttribute("aria-pressed", String(is));
  if (is) {
    unseen = 0;
    news.hidden = true;
    toEnd();
  }
}

root.addEventListener("htmx:sseBeforeMessage", (event) => {
  event.preventDefault();
  const message = JSON.parse(event.detail.data);
  if (message.problem) {
    const note = document.createElement("div");
    note.className = "line problem";
    note.textContent = message.problem;
    root.append(note);
    block = null;
    return;
  }
  for (const each of message) {
    const key = `${each[0]}/${each[1]}/${each[2]}`;
    if (each[3] <= (told.get(key) ?? -1)) continue;
    told.set(key, each[3]);
    waiting.push(each);
  }
  if (!isDue) {
    isDue = true;
    requestAnimationFrame(draw);
  }
});

// Only a hand stops the following: blocks that are drawn for the first time move things, too.
let touchedAt = 0;
for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  root.addEventListener(name, () => (touchedAt = performance.now()), { passive: true });
}
let lastTop = 0;
root.addEventListener("scroll", () => {
  const isAtEnd = root.scrollHeight - root.scrollTop - root.clientHeight < NEAR;
  const isByHand = performance.now() - touchedAt < 1000;
  if (isByHand && follows && root.scrollTop < lastTop - 2 && !isAtEnd) setFollow(false);
  else if (isByHand && !follows && isAtEnd && root.scrollTop > lastTop) setFollow(true);
  lastTop = root.scrollTop;
});
follow.addEventListener("click", () => setFollow(!follows));
news.addEventListener("click", () => setFollow(true));
wrap.addEventListener("click", () => {
  const is = root.classList.toggle("wraps");
  wrap.setAttribute("aria-pressed", String(is));
});

let typing = 0;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    wanted = plain(search.value).trim().toLowerCase();
    for (const each of root.querySelectorAll(".line")) each.hidden = Boolean(wanted) && !fits(each);
    tally();
    if (follows) toEnd();
  }, 120);
});

for (const each of document.querySelectorAll("[data-submits]")) {
  each.addEventListener("change", () => {
    // A replica of another component means nothing.
    if (each.name === "component") each.form.elements.replica?.remove();
    each.form.requestSubmit();
  });
}
