// What every page has: toasts, menus, dialogs, copying, moments in the browser's zone, the theme.
// Pages work without it, save where something is copied or a dialog opens.

const TOAST_MS = 6000;
const toasts = document.getElementById("toasts");

/** Show a short note; what went wrong stays until it is closed. */
export function toast(text, tone = "good") {
  const [check, alert, close] = document.getElementById("toast-icons").content.children;
  const box = document.createElement("div");
  box.className = `toast ${tone}`;
  const words = document.createElement("p");
  words.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet small";
  button.setAttribute("aria-label", toasts.dataset.close);
  button.append(close.cloneNode(true));
  button.addEventListener("click", () => box.remove());
  box.append((tone === "bad" ? alert : check).cloneNode(true), words, button);
  toasts.append(box);
  while (toasts.children.length > 4) toasts.firstElementChild.remove();
  if (tone !== "bad") setTimeout(() => box.remove(), TOAST_MS);
}

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));
document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  if (!/"toast"/.test(xhr.getResponseHeader("HX-Trigger") ?? "")) {
    toast(`${toasts.dataset.failed} (${xhr.status})`, "bad");
  }
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast(toasts.dataset.failed, "bad"));
}

// Streams: a page may show that what it shows is no longer live.
document.addEventListener("htmx:sseError", () => (document.body.dataset.live = "lost"));
document.addEventListener("htmx:sseOpen", () => delete document.body.dataset.live);

// Moments: written by the server in UTC, here in the zone and the habits of the reader.
const { lang } = document.documentElement;
const habits = navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang;
const moment = new Intl.DateTimeFormat(habits, {
  dateStyle: "medium",
  timeStyle: "short",
});
const instant = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "medium",
});
function writeMoments(root) {
  const found = root.matches?.("time[data-moment]") ? [root] : [];
  for (const each of [...found, ...root.querySelectorAll("time[data-moment]")]) {
    const at = new Date(each.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    each.textContent = (each.dataset.moment === "second" ? instant : moment).format(at);
    each.title = at.toLocaleString(habits, { timeZoneName: "short" });
  }
}
writeMoments(document);
document.addEventListener("htmx:load", (event) => writeMoments(event.target));
document.addEventListener("htmx:afterSettle", (event) => writeMoments(event.target));

// Buttons that open and close dialogs, or copy.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-opens], [data-closes], [data-copies], [data-copies-address]");
  if (!button) return;
  if (button.dataset.opens) open(document.getElementById(button.dataset.opens), button.dataset);
  if ("closes" in button.dataset) button.closest("dialog")?.close();
  const { copies, copiesAddress } = button.dataset;
  if (copies || copiesAddress) {
    await copy(copies ?? new URL(copiesAddress, location.href).href);
    toast(button.dataset.copied);
  }
});

/** Open a dialog, its fields filled in with what the button says: data-fill-NAME. */
function open(dialog, said) {
  for (const field of dialog.querySelectorAll("input[name]")) {
    const text = said[`fill${field.name[0].toUpperCase()}${field.name.slice(1)}`];
    if (text !== undefined) field.value = text;
  }
  dialog.showModal();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages over plain HTTP have no clipboard.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

// Tabs that are wider than the window: the present one is shown, and the page stays where it is.
for (const tab of document.querySelectorAll(".tabs [aria-current], .sections [aria-current]")) {
  const row = tab.parentElement;
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}

// Menus close when the visitor goes elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const isWriting = event.target.closest("input, textarea, select, [contenteditable]");
  if (!isWriting && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const wanted = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (wanted) {
      event.preventDefault();
      wanted.focus();
    }
  }
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary").focus();
  }
});

// The theme changes at once; the form is for browsers without scripts.
for (const form of document.querySelectorAll("form[data-preferences]")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.name !== "theme") return;
    event.preventDefault();
    const root = document.documentElement;
    if (button.value === "system") delete root.dataset.theme;
    else root.dataset.theme = button.value;
    document.cookie = `ripieno-theme=${button.value}; path=/; max-age=31536000; samesite=lax`;
    for (const each of form.querySelectorAll("[name=theme]")) {
      each.setAttribute("aria-pressed", String(each === button));
    }
  });
}
