// The form of an application's parameters: sliders beside their number, and what a field's error
// says to a screen reader. The server checks; this only shows.

function follow(slider) {
  const number = document.getElementById(slider.dataset.slides);
  slider.addEventListener("input", () => (number.value = slider.value));
  number.addEventListener("input", () => (slider.value = number.value || slider.min));
}

function prepare(root) {
  for (const each of root.querySelectorAll("[data-slides]")) {
    if (each.dataset.follows) continue;
    each.dataset.follows = "yes";
    follow(each);
  }
}

/** After new errors have come in: the controls that they are about say that they are not valid. */
function mark() {
  for (const field of document.querySelectorAll("#launch .field")) {
    const isInvalid = Boolean(field.querySelector(".error")?.textContent.trim());
    field.classList.toggle("invalid", isInvalid);
    for (const each of field.querySelectorAll("[aria-describedby]")) {
      if (isInvalid) each.setAttribute("aria-invalid", "true");
      else each.removeAttribute("aria-invalid");
    }
  }
}

// Once a configuration was saved or refused: a note says which, behind the dialog.
document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
  if (!target.matches("[data-saves]")) return;
  if (detail.successful) target.reset();
  target.closest("dialog").close();
});

prepare(document);
document.addEventListener("htmx:afterSettle", () => {
  prepare(document);
  mark();
});

// After a form that was sent came back with faults, the first of them is where to go on; what is
// wrong with the whole is said above the fields, out of sight of the button that was pressed.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.requestConfig?.path.endsWith("/deploy")) {
    const field = document.querySelector("#launch [aria-invalid=true]");
    if (field) field.focus();
    else document.querySelector("#launch .note.bad")?.scrollIntoView({ block: "center" });
  }
});

document.querySelector("#launch[data-launches]")?.scrollIntoView({ block: "nearest" });
