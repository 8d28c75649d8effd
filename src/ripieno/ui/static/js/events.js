// The list of events: new ones come in above; it does not grow without end.

const MOST = 1000;
const list = document.getElementById("events");
list.addEventListener("htmx:sseMessage", () => {
  document.getElementById("no-events")?.remove();
  while (list.childElementCount > MOST) list.lastElementChild.remove();
});
for (const each of document.querySelectorAll("[data-submits]")) {
  each.addEventListener("change", () => each.form.requestSubmit());
}
