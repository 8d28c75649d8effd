// An application in its frame: loaded when it is ready, again when it has begun anew, and hidden
// behind what the server says while it is neither.

import { toast } from "./app.js";

const page = document.getElementById("opened");
const frame = document.getElementById("application");
const stage = document.getElementById("stage");
const screen = document.getElementById("screen");
let shown = ""; // the key of what is in the frame
let isAsking = false;

async function enter(route, key) {
  isAsking = true;
  shown = key;
  try {
    const { "X-CSRF-Token": token } = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
    const answer = await fetch(page.dataset.enter, {
      method: "POST",
      headers: { "X-CSRF-Token": token ?? "", "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ route }),
    });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const { address } = await answer.json();
    if (!/^https?:\/\//.test(address)) throw new Error("no address");
    frame.src = address;
  } catch (problem) {
    shown = "";
    toast(`${page.dataset.refused} (${problem.message})`, "bad");
  } finally {
    isAsking = false;
  }
}

function look() {
  const now = stage.querySelector("[data-state]");
  if (!now) return;
  const isReady = now.dataset.state === "ready";
  if (isReady && now.dataset.key !== shown && !isAsking) enter(now.dataset.route, now.dataset.key);
  frame.hidden = !(isReady && shown === now.dataset.key);
  stage.classList.toggle("behind", !frame.hidden && frame.dataset.loaded === shown);
}

frame.addEventListener("load", () => {
  if (!frame.src) return;
  frame.dataset.loaded = shown;
  look();
});
stage.addEventListener("htmx:afterSettle", look);
stage.addEventListener("htmx:sseMessage", look);
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-fullscreen]")) return;
  if (document.fullscreenElement) document.exitFullscreen();
  else screen.requestFullscreen().catch((problem) => toast(String(problem), "bad"));
});
look();
