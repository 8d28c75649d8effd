// What the pages about deployments share: live parts that do not disturb whoever uses them, bars
// that move on between two messages of the server, and the question before something is removed.

import { toast } from "./app.js";

// What the visitor has opened, and moments already written in their zone, stay as they are when a
// part of the page is put in place of itself.
Idiomorph.defaults.ignoreActiveValue = true;
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
  !(name === "open" && element.matches("details, dialog"));
Idiomorph.defaults.callbacks.beforeNodeMorphed = (before, after) =>
  !before.hasAttribute?.("data-kept") &&
  !(
    before.nodeName === "TIME" &&
    after.nodeName === "TIME" &&
    before.getAttribute("datetime") === after.getAttribute("datetime") &&
    before.hasAttribute("data-moment")
  );

const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });

/** Seconds as `3.4 s`, `2 min 5 s`, `3 h 20 min`. */
export function duration(seconds) {
  if (seconds < 60) return `${number.format(Math.round(seconds * 10) / 10)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function moveOn() {
  for (const course of document.querySelectorAll(".course[data-since]")) {
    const bar = course.querySelector("progress");
    const since = Date.parse(course.dataset.since);
    const predicted = Number(course.dataset.predicted);
    if (Number.isNaN(since)) continue;
    const elapsed = Math.max(0, (Date.now() - since) / 1000);
    const told = course.querySelector("[data-elapsed]");
    if (told && !("still" in course.dataset)) told.textContent = duration(Math.round(elapsed));
    // What takes longer than it was predicted to take does not pretend to be done.
    if (predicted > 0) bar.value = Math.min(97, (100 * elapsed) / predicted);
    else bar.removeAttribute("value");
  }
}
moveOn();
setInterval(moveOn, 500);
document.addEventListener("htmx:afterSettle", moveOn);

const removing = document.getElementById("removing");
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-removes]");
  if (!button) return;
  const name = button.dataset.removes;
  removing.querySelector("[data-name]").textContent = name;
  removing.querySelector("form").action = `/deployments/${encodeURIComponent(name)}/actions`;
  removing.showModal();
});
removing?.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const values = { kind: "remove" };
  if (document.getElementById("list")) values.stays = "yes";
  removing.close();
  try {
    await htmx.ajax("POST", form.action, { values, swap: "none", source: form });
  } catch (problem) {
    toast(String(problem), "bad");
  }
});

// On a narrow screen the tabs scroll by themselves; the one that is shown is to be seen.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.clientWidth / 2 + tab.offsetWidth / 2;
